//! What notifications say.

use std::fmt::Write as _;

use crate::cluster::Due;

/// The longest text that a notification carries is 8,000 bytes.
const PAYLOAD_MAX: usize = 7_900;
/// Notifications for one node in one go; more lanes than fit are not named.
const PAYLOADS_MAX: usize = 8;

/// The words of notifications.
pub(super) const LOOK: &str = "look";
pub(super) const CHANGED: &str = "changed";
pub(super) const MEMBERS: &str = "members";
/// Follows the endpoint where a person asked.
const MANUAL: &str = "!";

/// What a node has heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) enum Heard {
    /// The wire is up again, and anything may have been missed.
    Up,
    /// Deliveries are due at these endpoints.
    Waiting(Vec<Due>),
    /// Deliveries may be due anywhere.
    Look,
    /// Somebody has changed something.
    Changed,
    /// A node has come, gone, or given up partitions.
    Members,
}

/// The texts that name these lanes.
pub(super) fn name(lanes: &[Due]) -> Vec<String> {
    let mut texts = vec![String::new()];
    for Due { app, endpoint, manual } in lanes {
        let name = format!("{app} {endpoint}{} ", if *manual { MANUAL } else { "" });
        if texts.last().is_some_and(|text| text.len() + name.len() > PAYLOAD_MAX) {
            texts.push(String::new());
        }
        if let Some(text) = texts.last_mut() {
            // Writing to a string cannot fail.
            let _ = text.write_str(&name);
        }
    }
    if texts.len() > PAYLOADS_MAX { vec![LOOK.to_owned()] } else { texts }
}

/// What a notification says. Anybody who may use the database can send one, and a newer program may say more: what is
/// not understood is taken for the least that makes sense.
pub(super) fn understand(text: &str) -> Heard {
    match text {
        CHANGED => Heard::Changed,
        MEMBERS => Heard::Members,
        lanes => {
            let mut words = lanes.split_ascii_whitespace();
            let mut waiting = Vec::new();
            while let Some(app) = words.next() {
                let word = words.next().unwrap_or_default();
                let endpoint = word.strip_suffix(MANUAL);
                let manual = endpoint.is_some();
                let (Ok(app), Ok(endpoint)) = (app.parse(), endpoint.unwrap_or(word).parse()) else {
                    return Heard::Look;
                };
                waiting.push(Due { app, endpoint, manual });
            }
            if waiting.is_empty() { Heard::Look } else { Heard::Waiting(waiting) }
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::{AppId, EndpointId};

    use super::*;

    #[test]
    fn what_is_written_is_understood() {
        let lane = |byte: u8| Due {
            app: AppId::from_bytes([byte; 20]),
            endpoint: EndpointId::from_bytes([byte; 20]),
            manual: byte.is_multiple_of(3),
        };
        let lanes: Vec<_> = (0..200).map(lane).collect();
        let texts = name(&lanes);
        assert!(texts.len() > 1 && texts.iter().all(|text| text.len() <= PAYLOAD_MAX));
        let heard: Vec<_> = texts
            .iter()
            .flat_map(|text| match understand(text) {
                Heard::Waiting(lanes) => lanes,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(heard, lanes);
        let many: Vec<_> = lanes.iter().copied().cycle().take(5_000).collect();
        assert_eq!(name(&many), [LOOK]);
    }

    #[test]
    fn what_makes_no_sense_is_a_reason_to_look() {
        for text in ["look", "", "app_ ep_", "app_0ujtsYcgvSTl8PAuAdqWYSMnLOv", "a new word", "\u{0}"] {
            assert_eq!(understand(text), Heard::Look, "{text}");
        }
        assert_eq!(understand("changed"), Heard::Changed);
        assert_eq!(understand("members"), Heard::Members);
    }
}
