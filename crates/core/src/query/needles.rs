//! What a payload must have in it to be found: what an index of payloads can be asked for.
//!
//! An index only narrows down: what it names is held against the query all the same. So a needle may be left out, and may be
//! in many payloads that are not meant, but every payload that is meant has to have all of them.

use super::condition::{BodyTest, Condition, Pattern};
use super::{Query, Term};
use crate::inbound::json_path::Step;

/// See [`Query::needles`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needles {
    /// Each is in the payload as it is written, the event type, the event id, a channel, a tag or the endpoint's URL; upper
    /// and lower case of ASCII letters are the same.
    pub anywhere: Vec<String>,
    /// Each is in the payload, as it is written or with the escapes of JSON undone.
    pub in_payload: Vec<String>,
}

impl Query {
    /// What everything that the query finds has in it. Terms that are turned around need nothing, and neither do those
    /// that leave a choice.
    #[must_use]
    pub fn needles(&self) -> Needles {
        let mut needles = Needles::default();
        for Term { is_not, condition } in self.terms() {
            match condition {
                _ if *is_not => {}
                Condition::Text(text) => needles.anywhere.push(text.clone()),
                Condition::Body(path, test) => {
                    let keys = path.0.steps().iter().filter_map(|step| match step {
                        Step::Key(key) => Some(key.clone()),
                        Step::Index(_) | Step::Each => None,
                    });
                    needles.in_payload.extend(keys);
                    needles.in_payload.extend(value(test).map(str::to_owned));
                }
                _ => {}
            }
        }
        needles
    }
}

/// What is in every value that meets the test.
fn value(asked: &BodyTest) -> Option<&str> {
    let (BodyTest::Is(patterns) | BodyTest::Text(patterns)) = asked else { return None };
    match &patterns[..] {
        [Pattern::Exact(text) | Pattern::Prefix(text)] => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_are_what_everything_found_has() {
        for (query, anywhere, in_payload) in [
            ("", &[][..], &[][..]),
            ("status:failed type:a.b", &[], &[]),
            (r#"cus_1 "two words""#, &["cus_1", "two words"], &[]),
            ("-cus_1 -body.id:x", &[], &[]),
            (r#"body.customer.id:"cus_1""#, &[], &["customer", "id", "cus_1"]),
            ("body.items[].sku:A* body.n:12", &[], &["items", "sku", "A", "n", "12"]),
            ("body.id:a,b", &[], &["id"]),
            ("body.total:>100 body.note:*", &[], &["total", "note"]),
            ("body.note:null", &[], &["note", "null"]),
        ] {
            let needles = query.parse::<Query>().unwrap().needles();
            assert_eq!(needles.anywhere, anywhere, "{query}");
            assert_eq!(needles.in_payload, in_payload, "{query}");
        }
    }
}
