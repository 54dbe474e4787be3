//! What is new in every request: ids, random tokens and times, which samples name by placeholders.
//!
//! A placeholder is `{{KIND}}`, or `{{KIND#LABEL}}` where the same value stands in several places. Kinds:
//!
//! - `alnum:N`, `lower:N`, `upper:N`, `hex:N`, `digits:N`: N random characters, `lower` and `upper` with digits;
//! - `uuid`: a random UUID;
//! - `unix`, `unix_ms`, `rfc3339`, `rfc2822`, `utc`: the time of the request, with `+N` or `-N` that many seconds later
//!   or earlier;
//! - `id`: the id of the delivery; `event`: the type of the event, as it was asked for.
//!
//! A value that is nothing but `digits`, `unix` or `unix_ms` becomes a number. Samples are part of the program and a
//! test fills every one, so a placeholder that cannot be read is a defect of ours, not an error of somebody's.

use std::collections::BTreeMap;

use postrider_core::rng::Rng;
use postrider_core::time::Timestamp;
use serde_json::Value;

/// Fills the placeholders of one request.
pub(super) struct Fresh<'a> {
    rng: &'a dyn Rng,
    now: Timestamp,
    event: &'a str,
    id: String,
    labelled: BTreeMap<String, String>,
}

impl<'a> Fresh<'a> {
    /// For an event of the type `event` at `now`. The id is `id`, or else made after `form`, a text with placeholders.
    pub(super) fn new(
        rng: &'a dyn Rng,
        now: Timestamp,
        event: &'a str,
        id: Option<&str>,
        form: &str,
    ) -> Self {
        let mut fresh = Self { rng, now, event, id: String::new(), labelled: BTreeMap::new() };
        fresh.id = id.map_or_else(|| fresh.text(form), ToOwned::to_owned);
        fresh
    }

    /// The id of the delivery.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// `form` with its placeholders filled.
    pub(super) fn text(&mut self, form: &str) -> String {
        let mut text = String::with_capacity(form.len());
        let mut rest = form;
        while let Some((before, behind)) = rest.split_once("{{") {
            let (placeholder, after) = behind.split_once("}}").expect("a placeholder ends");
            text.push_str(before);
            text.push_str(&self.labelled(placeholder));
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// The same as a JSON value.
    pub(super) fn value(&mut self, form: &str) -> Value {
        let text = self.text(form);
        let alone = form.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let is_number = alone.is_some_and(|kind| kind.starts_with("unix") || kind.starts_with("digits"));
        match text.parse::<i64>() {
            Ok(number) if is_number => number.into(),
            _ => text.into(),
        }
    }

    fn labelled(&mut self, placeholder: &str) -> String {
        let Some((kind, _)) = placeholder.split_once('#') else { return self.make(placeholder) };
        if let Some(made) = self.labelled.get(placeholder) {
            return made.clone();
        }
        let made = self.make(kind);
        self.labelled.insert(placeholder.to_owned(), made.clone());
        made
    }

    fn make(&self, kind: &str) -> String {
        match kind.split_once(':') {
            Some((set, length)) => self.characters(set, length.parse().expect("a length is a number")),
            None if kind == "id" => self.id.clone(),
            None if kind == "event" => self.event.to_owned(),
            None if kind == "uuid" => self.uuid(),
            None => self.time(kind),
        }
    }

    fn characters(&self, set: &str, length: usize) -> String {
        const LOWER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        const UPPER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        const ALNUM: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let set: &[u8] = match set {
            "digits" => &LOWER[..10],
            "hex" => &LOWER[..16],
            "lower" => LOWER,
            "upper" => UPPER,
            "alnum" => ALNUM,
            other => unreachable!("no characters are called {other:?}"),
        };
        let mut text = String::with_capacity(length);
        for place in 0..length {
            // As a number, digits must not begin with 0.
            let first = usize::from(place == 0 && set.len() == 10);
            let drawn = self.rng.below((set.len() - first) as u64) as usize;
            text.push(char::from(set[first + drawn]));
        }
        text
    }

    /// A random one, version 4.
    fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = format!("{:032x}", u128::from_be_bytes(bytes));
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    fn time(&self, kind: &str) -> String {
        let (form, offset) = match kind.find(['+', '-']) {
            Some(at) => (&kind[..at], kind[at..].parse().expect("an offset is a number of seconds")),
            None => (kind, 0),
        };
        let seconds = self.now.as_seconds() + offset;
        let pattern = match form {
            "unix" => return seconds.to_string(),
            "unix_ms" => return (seconds * 1_000 + self.now.as_micros() / 1_000 % 1_000).to_string(),
            "rfc3339" => "%Y-%m-%dT%H:%M:%SZ",
            "rfc2822" => "%a, %d %b %Y %H:%M:%S +0000",
            "utc" => "%Y-%m-%d %H:%M:%S UTC",
            other => unreachable!("no placeholder is called {other:?}"),
        };
        let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.strftime(pattern).to_string()
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::rng::TestRng;

    use super::*;

    #[test]
    fn placeholders_become_what_they_are_called() {
        let rng = TestRng::seed(1);
        let now = Timestamp::from_micros(1_767_225_600_250_000);
        let mut fresh = Fresh::new(&rng, now, "a.b", None, "msg_{{hex:8}}");
        for (form, wanted) in [
            ("", ""),
            ("no {placeholder}", "no {placeholder}"),
            ("{{event}}!", "a.b!"),
            ("{{unix}}", "1767225600"),
            ("{{unix-60}}.{{unix+1}}", "1767225540.1767225601"),
            ("{{unix_ms}}", "1767225600250"),
            ("{{rfc3339-1}}", "2025-12-31T23:59:59Z"),
            ("{{rfc2822}}", "Thu, 01 Jan 2026 00:00:00 +0000"),
            ("{{utc}}", "2026-01-01 00:00:00 UTC"),
        ] {
            assert_eq!(fresh.text(form), wanted, "{form}");
        }
        assert_eq!(fresh.value("{{unix}}"), 1_767_225_600);
        assert_eq!(fresh.value("{{unix}}."), "1767225600.");
        assert!(fresh.value("{{digits:9}}").is_i64());
        let id = fresh.text("{{id}}");
        assert!(id.starts_with("msg_") && id.len() == 12 && id == fresh.id(), "{id}");
    }

    #[test]
    fn a_label_keeps_its_value_and_nothing_else_repeats() {
        let rng = TestRng::seed(2);
        let mut fresh = Fresh::new(&rng, Timestamp::default(), "", Some("mine"), "{{uuid}}");
        assert_eq!(fresh.id(), "mine");
        assert_eq!(fresh.text("{{alnum:20#a}}"), fresh.text("{{alnum:20#a}}"));
        assert_ne!(fresh.text("{{alnum:20#a}}"), fresh.text("{{alnum:20#b}}"));
        assert_ne!(fresh.text("{{uuid}}"), fresh.text("{{uuid}}"));
        let uuid = fresh.text("{{uuid}}");
        assert!(uuid.len() == 36 && uuid.as_bytes()[14] == b'4', "{uuid}");
        for _ in 0..100 {
            assert!(!fresh.text("{{digits:3}}").starts_with('0'));
        }
    }
}
