//! What applies to one value, gathered: a schema, what it refers to, and the parts of its `allOf`.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Schemas that are gathered for one value.
const PARTS: usize = 32;
/// Alternatives of one value that are looked at.
const ALTERNATIVES: usize = 12;

/// See the module's documentation. Every list is bounded, whatever the document refers to.
pub(in crate::ui::catalog) struct Parts<'s> {
    maps: Vec<&'s Map<String, Value>>,
    /// What references led to.
    pub(in crate::ui::catalog) targets: Vec<&'s Value>,
    /// Whether a reference leads out of the document, or nowhere in it.
    pub(in crate::ui::catalog) is_foreign: bool,
    /// Whether there are more parts than are gathered.
    pub(in crate::ui::catalog) is_cut: bool,
    /// Whether no value is right.
    pub(in crate::ui::catalog) is_never: bool,
}

impl<'s> Parts<'s> {
    /// The parts of `schema`, whose references are into `root`.
    pub(in crate::ui::catalog) fn of(root: &'s Value, schema: &'s Value) -> Self {
        let mut parts =
            Self { maps: Vec::new(), targets: Vec::new(), is_foreign: false, is_cut: false, is_never: false };
        parts.add(root, schema);
        parts
    }

    fn add(&mut self, root: &'s Value, schema: &'s Value) {
        self.is_never |= *schema == Value::Bool(false);
        let Value::Object(map) = schema else { return };
        if self.maps.iter().any(|known| std::ptr::eq(*known, map)) {
            return;
        }
        if self.maps.len() == PARTS {
            self.is_cut = true;
            return;
        }
        self.maps.push(map);
        if let Some(Value::String(reference)) = map.get("$ref") {
            match target(root, reference) {
                Some(target) => {
                    self.targets.push(target);
                    self.add(root, target);
                }
                None => self.is_foreign = true,
            }
        }
        for part in list(map.get("allOf")).take(PARTS + 1) {
            self.add(root, part);
        }
    }

    /// What a keyword says, where several parts have it the first of them.
    pub(in crate::ui::catalog) fn first(&self, keyword: &str) -> Option<&'s Value> {
        self.maps.iter().find_map(|map| map.get(keyword))
    }

    /// The text of a keyword.
    pub(in crate::ui::catalog) fn text(&self, keyword: &str) -> Option<&'s str> {
        self.maps.iter().find_map(|map| map.get(keyword)?.as_str())
    }

    /// Whether some part sets a keyword.
    pub(in crate::ui::catalog) fn is(&self, keyword: &str) -> bool {
        self.maps.iter().any(|map| map.get(keyword) == Some(&Value::Bool(true)))
    }

    /// The members of the objects that a keyword has in all parts; of those with one name the first.
    pub(in crate::ui::catalog) fn members(&self, keyword: &str) -> Vec<(&'s str, &'s Value)> {
        let mut members: Vec<(&str, &Value)> = Vec::new();
        for (index, map) in self.maps.iter().filter_map(|map| map.get(keyword)?.as_object()).enumerate() {
            let new =
                map.iter().filter(|(name, _)| index == 0 || !members.iter().any(|(known, _)| known == name));
            let new: Vec<_> = new.map(|(name, value)| (name.as_str(), value)).collect();
            members.extend(new);
        }
        members
    }

    /// Whether a member must be there.
    pub(in crate::ui::catalog) fn requires(&self, name: &str) -> bool {
        self.maps.iter().any(|map| list(map.get("required")).any(|required| required == name))
    }

    /// What the value may be one of, `null` left out.
    pub(in crate::ui::catalog) fn alternatives(&self) -> Vec<&'s Value> {
        let all = self.maps.iter().flat_map(|map| list(map.get("oneOf")).chain(list(map.get("anyOf"))));
        all.filter(|schema| schema["type"] != "null").take(ALTERNATIVES).collect()
    }

    /// Whether `null` is among what the value may be one of.
    pub(in crate::ui::catalog) fn may_be_null(&self) -> bool {
        let mut all = self.maps.iter().flat_map(|map| list(map.get("oneOf")).chain(list(map.get("anyOf"))));
        all.any(|schema| schema["type"] == "null") || self.is("nullable")
    }

    /// Whether there is something to tell of what is inside of the value.
    pub(in crate::ui::catalog) fn has_inside(&self) -> bool {
        const INSIDE: [&str; 6] =
            ["properties", "patternProperties", "items", "prefixItems", "oneOf", "anyOf"];
        let is_empty = |value: &Value| match value {
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => true,
        };
        INSIDE
            .into_iter()
            .chain(["additionalProperties"])
            .any(|keyword| self.first(keyword).is_some_and(|value| !is_empty(value)))
    }
}

/// The items of a list; none of anything else.
pub(in crate::ui::catalog) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// What a reference within the document leads to.
fn target<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    let pointer = percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
    root.pointer(&pointer).filter(|target| target.is_object() || target.is_boolean())
}
