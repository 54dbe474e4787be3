//! JSON whose objects keep the order in which they are written, as the provider writes them.
//!
//! Deliberately absent: duplicate names and numbers that no `f64` or 64-bit integer holds. Samples, which are written
//! from this, are ours and have neither; of what was received, it only tells the paths that there are.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Anything that holds nothing else.
    Plain(Value),
    /// An array.
    List(Vec<Self>),
    /// An object, in order.
    Map(Vec<(String, Self)>),
}

impl Node {
    /// The same value with every string outside of names replaced.
    pub(crate) fn map_strings(&self, replace: &mut impl FnMut(&str) -> Value) -> Self {
        match self {
            Self::Plain(Value::String(text)) => Self::Plain(replace(text)),
            Self::Plain(other) => Self::Plain(other.clone()),
            Self::List(items) => Self::List(items.iter().map(|item| item.map_strings(replace)).collect()),
            Self::Map(fields) => Self::Map(
                fields.iter().map(|(name, value)| (name.clone(), value.map_strings(replace))).collect(),
            ),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Plain(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_again_in_its_order() {
        for text in [
            r#"{"z":1,"a":[true,null,-2,1.5,"ü\n",{}],"m":{"b":[],"a":18446744073709551615}}"#,
            "null",
            r#""text""#,
        ] {
            let node: Node = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&node).unwrap(), text);
        }
    }
}
