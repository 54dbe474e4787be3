//! Grams: what an index of payloads is made of, and what it is asked for.
//!
//! A gram is three bytes in a row, ASCII letters in lower case. Whatever has a text in it has all of the text's grams, so
//! that a search for the text need only look at what has them. The reverse does not hold: what has the grams may have them
//! in other places.
//!
//! The grams of a message are those of its payload and of all else that a text is searched in and that never changes. Of a
//! payload with escapes, they are those with the escapes undone as well, because `body.PATH` compares what is meant by them.

use std::collections::BTreeSet;

use postrider_core::message::Message;
use postrider_core::query::Needles;

/// Bytes of a gram.
const LENGTH: usize = 3;
/// Grams that a search asks for: more narrow it down no further.
const ASKED: usize = 16;

/// The grams of a message, without doubles and in order.
pub(crate) fn of_message(message: &Message, payload: Option<&[u8]>) -> Vec<u32> {
    let mut all: Vec<u32> = grams(message.event_type.as_bytes()).collect();
    for text in message.event_id.iter().chain(&message.channels).chain(&message.tags) {
        all.extend(grams(text.as_bytes()));
    }
    if let Some(payload) = payload {
        all.extend(grams(payload));
        if payload.contains(&b'\\') {
            all.extend(grams(&unescaped(payload)));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Grams that every message with all of these needles has; none where they are too short, and an index is no help.
pub(crate) fn of_needles(needles: &Needles) -> Vec<u32> {
    let texts = needles.in_payload.iter().chain(&needles.anywhere);
    let all: BTreeSet<u32> = texts.flat_map(|text| grams(text.as_bytes())).collect();
    // Of many, some from all over them: which ones are rare is not known here.
    let step = all.len().div_ceil(ASKED).max(1);
    all.into_iter().step_by(step).collect()
}

fn grams(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes
        .windows(LENGTH)
        .map(|gram| gram.iter().fold(0, |number, byte| (number << 8) | u32::from(byte.to_ascii_lowercase())))
}

/// A number of so many bits for a gram, the same wherever and whenever it is asked for.
pub(crate) const fn fold(gram: u32, bits: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1) >> (32 - bits)
}

/// The bytes with the escapes of JSON strings undone. Escapes stand in strings only, and a string is read from its beginning,
/// so all of them are found from left to right. What is no JSON comes out as anything.
fn unescaped(json: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        let Some((&kind, after)) = rest.split_first() else { break };
        rest = after;
        match kind {
            b'b' => plain.push(8),
            b'f' => plain.push(12),
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'u' => rest = unit(rest, &mut plain),
            other => plain.push(other),
        }
    }
    plain
}

/// Reads what stands behind `\u`, with the second half where there are two, and says what is left.
fn unit<'j>(json: &'j [u8], plain: &mut Vec<u8>) -> &'j [u8] {
    let Some((first, rest)) = hex(json) else { return json };
    let second = rest.strip_prefix(b"\\u").and_then(hex).filter(|_| (0xd800..0xdc00).contains(&first));
    let (units, rest) = match second {
        Some((second, rest)) => (vec![first, second], rest),
        None => (vec![first], rest),
    };
    let text: String = char::decode_utf16(units).filter_map(Result::ok).collect();
    plain.extend_from_slice(text.as_bytes());
    rest
}

fn hex(json: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = json.split_at_checked(4)?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_core::id::{AppId, MessageId};
    use postrider_core::query::{AppHead, Candidate, Query};
    use postrider_core::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn message(event_type: &str) -> Message {
        Message {
            id: MessageId::from_bytes([1; 20]),
            app: AppId::from_bytes([2; 20]),
            event_type: event_type.to_owned(),
            event_id: Some("evt_9".to_owned()),
            channels: vec!["eu-west".to_owned()],
            tags: vec!["Batch 7".to_owned()],
            ordering_key: None,
            deliver_at: None,
            edited_of: None,
            expire_at: None,
            payload: None,
        }
    }

    fn asked(query: &str) -> Vec<u32> {
        of_needles(&query.parse::<Query>().unwrap().needles())
    }

    fn may_be(query: &str, payload: &[u8]) -> bool {
        let known = of_message(&message("invoice.paid"), Some(payload));
        asked(query).iter().all(|gram| known.contains(gram))
    }

    #[test]
    fn grams_narrow_down_and_leave_nothing_out() {
        let payload =
            br#"{"customer":{"id":"cus_1"},"note":"Z\u00fcrich \ud83d\ude00 \"x\\y\"","total":1250}"#;
        for there in [
            "CUS_1",
            "batch",
            "evt_9",
            "paid",
            "eu-w",
            "body.customer.id:\"cus_1\"",
            "body.note:\"Z\u{fc}rich\"*",
            "body.note:\"Z\u{fc}rich \u{1f600} \\\"x\\\\y\\\"\"",
            "body.total:1250",
            "\"u00fcrich\"",
            "zz",
            "-nowhere",
        ] {
            assert!(may_be(there, payload), "{there}");
        }
        for not_there in ["cus_2", "body.customer.id:\"other\"", "body.nothing:*", "\"rich cus\""] {
            assert!(!may_be(not_there, payload), "{not_there}");
        }
        assert_eq!(asked("ab -abc status:failed"), Vec::<u32>::new());
        assert!(asked(&format!("\"{}\"", "0123456789abcdef".repeat(20))).len() <= ASKED);
    }

    proptest! {
        /// What the query means is never left out, whatever the payload and however it is written.
        #[test]
        fn what_is_meant_has_the_grams(
            key in "[a-z]{1,5}",
            value in any::<String>(),
            noise in any::<Vec<u8>>(),
            from in 0usize..8,
            escaped: bool,
        ) {
            let mut text = serde_json::to_string(&value).unwrap();
            if escaped {
                let units = value.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
                text = format!("\"{}\"", units.collect::<String>());
            }
            let json = format!("{{\"a\":[1,\"\\\\\"],\"{key}\":{text}}}").into_bytes();
            let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let part: String = value.chars().skip(from).take(9).collect();
            let start: String = value.chars().take(9).collect();
            for query in [quoted(&part), format!("body.{key}:{}", quoted(&value)), format!("body.{key}:{}*", quoted(&start))] {
                let Ok(query) = query.parse::<Query>() else { continue };
                let grams = of_needles(&query.needles());
                for payload in [json.clone(), value.clone().into_bytes(), [noise.clone(), value.clone().into_bytes()].concat()] {
                    let message = message("a");
                    let app = AppHead {
                        id: message.app, uid: None, name: String::new(), source: None, source_uid: None,
                    };
                    let payload = Bytes::from(payload);
                    let candidate = Candidate { app: &app, message: &message, sent: None, payload: Some(&payload) };
                    if query.matches(&candidate, Timestamp::from_seconds(1_800_000_000)) {
                        let known = of_message(&message, Some(&payload));
                        prop_assert!(grams.iter().all(|gram| known.contains(gram)), "{query} {payload:?}");
                    }
                }
            }
        }
    }
}
