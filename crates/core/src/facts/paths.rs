//! Many paths, found in one pass over the bytes.
//!
//! As for one path ([`json_path`](crate::inbound::json_path)): only what is asked for is taken, as a slice of the text;
//! the parser recurses as far as the paths go and skips the rest; of a name that an object has twice the last counts. A
//! value that is asked for and has others asked for inside is read a second time, and nothing else is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fact::Path;
use super::{Fact, Unclear};
use crate::inbound::ceiling;
use crate::inbound::json_path::{self, JsonPath, Step};

/// See the module's documentation.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    slots: BTreeMap<String, usize>,
    root: Node,
}

/// What is asked for at one place of a document, and below it.
#[derive(Debug, Clone, Default)]
struct Node {
    slot: Option<usize>,
    below: BTreeMap<Step, Node>,
}

/// How many values each of some slots had.
type Marks = Vec<(usize, usize)>;

/// The values found so far, by slot.
struct Found<'a> {
    values: Vec<Vec<&'a str>>,
    count: usize,
    /// Whether there were more than are looked at.
    is_over: bool,
}

impl Paths {
    /// Asks for a fact as well; one that is not of the payload changes nothing.
    pub fn ask(&mut self, fact: &Fact) {
        let Fact::Payload(Path(path)) = fact else { return };
        let next = self.slots.len();
        let slot = *self.slots.entry(path.as_str().to_owned()).or_insert(next);
        let node = path
            .steps()
            .iter()
            .fold(&mut self.root, |node, step| node.below.entry(step.clone()).or_default());
        // Two spellings of one path share what is found.
        let slot = *node.slot.get_or_insert(slot);
        self.slots.insert(path.as_str().to_owned(), slot);
    }

    /// Where the values of a path are in what [`Paths::find`] gives; `None` for one that was not asked for.
    pub(super) fn slot(&self, path: &JsonPath) -> Option<usize> {
        self.slots.get(path.as_str()).copied()
    }

    /// The JSON text of all values, by slot. All are absent where `json` is none; what begins as an object or array and
    /// does not go on so is unclear, since another parser may see something in it.
    pub(super) fn find<'a>(&self, json: &'a [u8]) -> Result<Vec<Vec<&'a str>>, Unclear> {
        let mut found = Found { values: vec![Vec::new(); self.slots.len()], count: 0, is_over: false };
        if self.slots.is_empty() {
            return Ok(found.values);
        }
        let mut parser = serde_json::Deserializer::from_slice(json);
        let read = Walk { node: &self.root, found: &mut found }.deserialize(&mut parser);
        match read.and_then(|()| parser.end()) {
            Ok(()) => Ok(found.values),
            Err(_) if found.is_over || matches!(json.trim_ascii_start().first(), Some(b'{' | b'[')) => {
                Err(Unclear)
            }
            Err(_) => Ok(vec![Vec::new(); self.slots.len()]),
        }
    }
}

/// What a value is made of: the text of a string, a number or a boolean; of an object or array its JSON; nothing for
/// null.
pub(super) fn value(raw: &str) -> Option<Cow<'_, [u8]>> {
    match raw.as_bytes().first()? {
        // What cannot be decoded, such as half of a character, stays as it is written.
        b'"' => Some(
            json_path::scalar(raw).map_or(Cow::Borrowed(raw.as_bytes()), |it| Cow::Owned(it.into_bytes())),
        ),
        b'n' => None,
        _ => Some(Cow::Borrowed(raw.as_bytes())),
    }
}

impl<'a> Found<'a> {
    fn add(&mut self, slot: usize, raw: &'a str) -> bool {
        self.is_over |= self.count == ceiling::ITEMS;
        if !self.is_over {
            self.count += 1;
            self.values[slot].push(raw);
        }
        !self.is_over
    }

    /// How much was found of a node and below, to go back to.
    fn mark(&self, node: &Node, marks: &mut Marks) {
        marks.extend(node.slot.map(|slot| (slot, self.values[slot].len())));
        node.below.values().for_each(|below| self.mark(below, marks));
    }

    fn go_back(&mut self, marks: &[(usize, usize)]) {
        for (slot, length) in marks {
            self.values[*slot].truncate(*length);
        }
    }
}

struct Walk<'n, 'f, 'a> {
    node: &'n Node,
    found: &'f mut Found<'a>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Some(slot) = self.node.slot else { return deserializer.deserialize_any(self) };
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?.get();
        if !self.found.add(slot, raw) {
            return Err(D::Error::custom("too many values"));
        }
        if self.node.below.is_empty() {
            return Ok(());
        }
        serde_json::Deserializer::from_str(raw).deserialize_any(self).map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen: Vec<(&Node, Marks)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let Some(node) = self.node.below.get(&Step::Key(name)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if let Some((_, marks)) = seen.iter().find(|(known, _)| std::ptr::eq(*known, node)) {
                self.found.go_back(marks);
            } else {
                let mut marks = Marks::new();
                self.found.mark(node, &mut marks);
                seen.push((node, marks));
            }
            map.next_value_seed(Walk { node, found: &mut *self.found })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let each = self.node.below.get(&Step::Each);
        let mut index = 0;
        loop {
            let own = self.node.below.get(&Step::Index(index));
            index += 1;
            let read = match (each, own) {
                (None, None) => items.next_element::<IgnoredAny>()?.map(drop),
                (Some(node), None) | (None, Some(node)) => {
                    items.next_element_seed(Walk { node, found: &mut *self.found })?
                }
                (Some(each), Some(own)) => {
                    items.next_element_seed(Both { nodes: [each, own], found: &mut *self.found })?
                }
            };
            if read.is_none() {
                return Ok(());
            }
        }
    }

    // A path that goes on where a scalar stands finds nothing there.

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// An item that is asked for as one of all, and by its number.
struct Both<'n, 'f, 'a> {
    nodes: [&'n Node; 2],
    found: &'f mut Found<'a>,
}

impl<'de> DeserializeSeed<'de> for Both<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?.get();
        for node in self.nodes {
            let mut parser = serde_json::Deserializer::from_str(raw);
            Walk { node, found: &mut *self.found }.deserialize(&mut parser).map_err(D::Error::custom)?;
        }
        Ok(())
    }
}
