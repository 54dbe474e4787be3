//! What people type into fields, and how such values stand there: lists, waits, notes.

use std::fmt::Write as _;
use std::time::Duration;

use postrider_core::app::Metadata;
use postrider_core::names::Invalid;
use postrider_core::retry::Schedule;
use serde::de::IgnoredAny;

/// A text, unless there is none.
pub(super) fn text(typed: &str) -> Option<String> {
    let text = typed.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A text of several lines as it was meant: browsers send other line ends than people see.
pub(super) fn lines(typed: &str) -> String {
    typed.replace("\r\n", "\n").trim().to_owned()
}

/// A JSON text as it was typed, unless there is none. What is checked further on is what kind of JSON it is.
pub(super) fn json(typed: &str) -> Result<Option<String>, Invalid> {
    let Some(typed) = text(&lines(typed)) else { return Ok(None) };
    match serde_json::from_str::<IgnoredAny>(&typed) {
        Ok(_) => Ok(Some(typed)),
        Err(error) => Err(Invalid::value(format!("must be JSON: {error}"))),
    }
}

/// Words with blanks, commas or line ends between them.
pub(super) fn words(typed: &str) -> Vec<String> {
    let words = typed.split(|c: char| c.is_whitespace() || c == ',');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A whole number, unless there is none.
pub(super) fn number<N: std::str::FromStr>(typed: &str) -> Result<Option<N>, Invalid> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    typed.parse().map(Some).map_err(|_| Invalid::value("must be a whole number"))
}

/// Waits with their units, such as `0s 5s 5m 2h`; none where the schedule is another's.
pub(super) fn schedule(typed: &str) -> Result<Option<Schedule>, Invalid> {
    let waits = words(typed).iter().map(|word| wait(word)).collect::<Result<Vec<_>, _>>()?;
    if waits.is_empty() {
        return Ok(None);
    }
    Schedule::new(waits).map(Some).map_err(|error| Invalid::value(error.to_string()))
}

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

fn wait(word: &str) -> Result<Duration, Invalid> {
    let (number, size) =
        UNITS.iter().find_map(|(unit, size)| Some((word.strip_suffix(*unit)?, *size))).unwrap_or((word, 1));
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(size));
    let refused = || Invalid::value("must be waits such as 5s, 30m or 2h, with blanks between them");
    seconds.map(Duration::from_secs).ok_or_else(refused)
}

/// A schedule as it can be typed.
pub(super) fn of_schedule(schedule: Option<&Schedule>) -> String {
    let mut text = String::new();
    for wait in schedule.map_or(&[][..], Schedule::waits) {
        let seconds = wait.as_secs();
        let fits = |(_, size): &&(char, u64)| seconds > 0 && seconds.is_multiple_of(*size);
        let (unit, size) = UNITS.iter().find(fits).unwrap_or(&('s', 1));
        let blank = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{blank}{}{unit}", seconds / size);
    }
    text
}

/// Notes: a JSON object of texts, or nothing.
pub(super) fn metadata(typed: &str) -> Result<Metadata, Invalid> {
    if typed.trim().is_empty() {
        return Ok(Metadata::new());
    }
    serde_json::from_str(typed)
        .map_err(|_| Invalid::value(r#"must be a JSON object of texts, such as {"plan": "large"}"#))
}

/// Notes as they can be typed.
pub(super) fn of_metadata(metadata: &Metadata) -> String {
    if metadata.is_empty() {
        String::new()
    } else {
        serde_json::to_string_pretty(metadata).unwrap_or_default()
    }
}

/// A number as it can be typed.
pub(super) fn of_number(number: Option<impl std::fmt::Display>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_typed_as_they_are_shown() {
        for text in ["0s 5s 5m 30m 2h 5h 10h 1d", "90s", ""] {
            let read = schedule(text).unwrap();
            assert_eq!(of_schedule(read.as_ref()), text);
        }
        assert_eq!(schedule("0, 60,\n3600").unwrap(), schedule("0s 1m 1h").unwrap());
        for text in ["soon", "5 minutes", "-1s", "99999999999999999999d", "40d"] {
            assert!(schedule(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_and_notes_say_what_they_must_be() {
        assert_eq!(number::<u32>(" 7 ").unwrap(), Some(7));
        assert_eq!(number::<u32>("").unwrap(), None);
        assert!(number::<u32>("many").is_err());
        let notes = metadata(r#"{"b":"2","a":"1"}"#).unwrap();
        assert_eq!(metadata(&of_metadata(&notes)).unwrap(), notes);
        assert!(metadata("").unwrap().is_empty());
        assert_eq!(json(" {\r\n}\r\n").unwrap().as_deref(), Some("{\n}"));
        assert_eq!(json(" ").unwrap(), None);
        assert!(json("{").unwrap_err().message.contains("line 1"));
        assert!(metadata("[1]").is_err() && metadata(r#"{"a":1}"#).is_err());
    }

    #[test]
    fn words_may_stand_on_lines_or_between_commas() {
        assert_eq!(words(" a.b,c\r\n d ,, "), ["a.b", "c", "d"]);
    }
}
