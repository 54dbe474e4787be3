//! What text from outside may look like before it is stored: names, channels, tags, and words for people.
//!
//! Each rule answers with an [`Invalid`], which a face turns into one entry of a validation error; where the text
//! stood is known to the face alone. The narrow alphabets are part of the contract. They also keep names free of what
//! would need quoting in a path, a log line or a metric.

use std::borrow::Cow;

use crate::app::Metadata;
use crate::limits;

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// A sentence for the caller, which never repeats the value.
    pub message: Cow<'static, str>,
    /// The `type` of the validation error: `value_error`, or one below it such as `value_error.too_long`.
    pub kind: &'static str,
}

impl Invalid {
    /// A value that breaks a rule of its own.
    pub fn value(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), kind: "value_error" }
    }

    /// A value with characters that it must not have.
    pub fn pattern(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), kind: "value_error.pattern" }
    }

    /// An empty value where there must be one.
    pub fn too_short(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), kind: "value_error.too_short" }
    }

    /// A value, or a set of them, beyond its ceiling.
    pub fn too_long(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), kind: "value_error.too_long" }
    }
}

/// A uid (for messages: the `eventId`) of the kind whose ids start with `own_prefix`. With that prefix it could not be
/// told from an id in a path.
pub fn uid(text: &str, own_prefix: &str) -> Result<(), Invalid> {
    name(text)?;
    if text.starts_with(own_prefix) {
        return Err(Invalid::value(format!("must not start with `{own_prefix}`, as ids do")));
    }
    Ok(())
}

/// The name of an event type, of a group of them, or of a feature flag.
///
/// Not one of dots alone: names stand in paths, where clients and proxies take `.` and `..` for steps in the tree.
pub fn name(text: &str) -> Result<(), Invalid> {
    word(text, limits::NAME_CHARS, b"-_.", "may have only A-Z, a-z, 0-9, `-`, `_` and `.`")?;
    if text.bytes().all(|byte| byte == b'.') {
        return Err(Invalid::pattern("must have something else than dots"));
    }
    Ok(())
}

/// A channel.
pub fn channel(text: &str) -> Result<(), Invalid> {
    let alphabet = "may have only A-Z, a-z, 0-9, `-`, `_`, `.`, `:` and `+`";
    word(text, limits::CHANNEL_CHARS, b"-_.:+", alphabet)
}

/// An ordering key: a channel's alphabet and length.
pub fn ordering_key(text: &str) -> Result<(), Invalid> {
    channel(text)
}

/// A tag.
pub fn tag(text: &str) -> Result<(), Invalid> {
    let alphabet = r"may have only A-Z, a-z, 0-9, `-`, `_`, `.`, `/`, `\` and `#`";
    word(text, limits::CHANNEL_CHARS, br"-_./\#", alphabet)
}

/// A description for people: any text of at most [`limits::TEXT_BYTES`], empty included, without control characters
/// other than tab, line feed and carriage return.
pub fn text(text: &str) -> Result<(), Invalid> {
    short(text)?;
    printable(text)
}

/// A name for people, as long as a description and on one line: no control characters, no line breaks, and nothing that
/// turns the direction of the text around it, so that it reads in every list and log as what it is.
pub fn line(text: &str) -> Result<(), Invalid> {
    short(text)?;
    if text.chars().any(|char| char.is_control() || is_line_break(char)) {
        return Err(Invalid::pattern("must have no control characters or line breaks"));
    }
    if text.chars().any(is_direction) {
        return Err(Invalid::pattern("must have no characters that change the direction of text"));
    }
    Ok(())
}

/// An object's metadata: names as in [`line`] that are not empty, values without the control characters that [`text`]
/// refuses, and at most [`limits::METADATA_BYTES`] in all.
pub fn metadata(metadata: &Metadata) -> Result<(), Invalid> {
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits::METADATA_BYTES {
        let message =
            format!("must have at most {} bytes, names and values together", limits::METADATA_BYTES);
        return Err(Invalid::too_long(message));
    }
    for (name, value) in metadata {
        if name.is_empty() {
            return Err(Invalid::too_short("must have no empty name"));
        }
        line(name)?;
        printable(value)?;
    }
    Ok(())
}

/// ASCII letters, digits and `marks`, 1 to `max` of them.
fn word(text: &str, max: usize, marks: &[u8], alphabet: &'static str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::too_short("must not be empty"));
    }
    // Bytes are characters in every text that also passes the next check.
    if text.len() > max {
        return Err(Invalid::too_long(format!("must have at most {max} characters")));
    }
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte)) {
        return Err(Invalid::pattern(alphabet));
    }
    Ok(())
}

fn short(text: &str) -> Result<(), Invalid> {
    if text.len() > limits::TEXT_BYTES {
        return Err(Invalid::too_long(format!("must have at most {} bytes", limits::TEXT_BYTES)));
    }
    Ok(())
}

/// Breaks between lines and paragraphs that are no control characters.
const fn is_line_break(char: char) -> bool {
    matches!(char, '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates of the bidirectional algorithm (Unicode Standard Annex 9).
const fn is_direction(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn printable(text: &str) -> Result<(), Invalid> {
    if text.chars().any(|char| char.is_control() && !matches!(char, '\t' | '\n' | '\r')) {
        return Err(Invalid::pattern("must have no control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "value_error.too_short";
    const LONG: &str = "value_error.too_long";
    const PATTERN: &str = "value_error.pattern";

    fn kind(result: Result<(), Invalid>) -> &'static str {
        result.map_or_else(|invalid| invalid.kind, |()| "")
    }

    #[test]
    fn each_alphabet_is_exactly_the_contracts() {
        type Rule = fn(&str) -> Result<(), Invalid>;
        let rules: [(Rule, &str); 4] =
            [(name, "-_."), (channel, "-_.:+"), (ordering_key, "-_.:+"), (tag, r"-_./\#")];
        for (rule, marks) in rules {
            for char in (0..0x100).filter_map(char::from_u32) {
                let allowed = char.is_ascii_alphanumeric() || marks.contains(char);
                assert_eq!(kind(rule(&format!("a{char}z"))), if allowed { "" } else { PATTERN }, "{char:?}");
            }
        }
    }

    #[test]
    fn lengths_have_both_ends() {
        for (rule, max) in
            [(name as fn(&str) -> _, 256), (channel as fn(&str) -> _, 128), (tag as fn(&str) -> _, 128)]
        {
            assert_eq!(kind(rule("")), SHORT);
            assert_eq!(kind(rule(&"a".repeat(max))), "");
            assert_eq!(kind(rule(&"a".repeat(max + 1))), LONG);
        }
    }

    #[test]
    fn a_uid_must_not_look_like_an_id_of_its_kind() {
        for (uid_text, expected) in [
            ("app_1", "value_error"),
            ("app_", "value_error"),
            ("ep_1", ""),
            ("my-app_1", ""),
            ("APP_1", ""),
            ("", SHORT),
            ("a b", PATTERN),
        ] {
            assert_eq!(kind(uid(uid_text, "app_")), expected, "{uid_text}");
        }
    }

    #[test]
    fn text_for_people_has_no_control_characters() {
        for (given, expected) in [
            ("", ""),
            ("Rechnungen für Zürich 🚚\r\n\tzweite Zeile", ""),
            ("a\0b", PATTERN),
            ("a\x1b[31m", PATTERN),
            ("a\u{7f}", PATTERN),
            ("a\u{85}", PATTERN),
        ] {
            assert_eq!(kind(text(given)), expected, "{given:?}");
        }
        assert_eq!(kind(text(&"a".repeat(limits::TEXT_BYTES))), "");
        assert_eq!(kind(text(&"a".repeat(limits::TEXT_BYTES + 1))), LONG);
    }

    #[test]
    fn names_for_people_are_one_line_that_reads_as_it_is() {
        for (given, expected) in [
            ("", ""),
            ("Rechnungen für Zürich 🚚", ""),
            ("فاتورة", ""),
            ("a\u{200f}b", ""),
            ("a\nb", PATTERN),
            ("a\rb", PATTERN),
            ("a\tb", PATTERN),
            ("a\0b", PATTERN),
            ("a\x1b[31m", PATTERN),
            ("a\u{85}b", PATTERN),
            ("a\u{2028}b", PATTERN),
            ("a\u{2029}b", PATTERN),
        ] {
            assert_eq!(kind(line(given)), expected, "{given:?}");
        }
        for number in (0x2029..0x2030).chain(0x2065..0x206b) {
            let char = char::from_u32(number).unwrap();
            let refused = matches!(number, 0x2029..=0x202e | 0x2066..=0x2069);
            let found = kind(line(&format!("a{char}b")));
            assert_eq!(found, if refused { PATTERN } else { "" }, "{char:?}");
        }
        assert_eq!(kind(line(&"a".repeat(limits::TEXT_BYTES + 1))), LONG);
    }

    #[test]
    fn names_in_paths_are_not_dots_alone() {
        for (given, expected) in [
            (".", PATTERN),
            ("..", PATTERN),
            ("...", PATTERN),
            (".a", ""),
            ("a..", ""),
            ("-", ""),
            ("._", ""),
        ] {
            assert_eq!(kind(name(given)), expected, "{given}");
            assert_eq!(kind(uid(given, "app_")), expected, "{given}");
        }
        for rule in [channel, ordering_key, tag] {
            assert_eq!(kind(rule("..")), "", "these stand in no path");
        }
    }

    #[test]
    fn metadata_is_measured_with_its_names() {
        let of = |pairs: &[(&str, &str)]| {
            kind(metadata(&pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()))
        };
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[("plan", ""), ("crm id", "7")]), "");
        assert_eq!(of(&[("", "x")]), SHORT);
        assert_eq!(of(&[("a\0", "x")]), PATTERN);
        assert_eq!(of(&[("a\n", "x\n")]), PATTERN);
        assert_eq!(of(&[("a", "x\n")]), "");
        assert_eq!(of(&[("a", "x\0")]), PATTERN);
        assert_eq!(of(&[("1234", &"x".repeat(limits::METADATA_BYTES - 4))]), "");
        assert_eq!(of(&[("12345", &"x".repeat(limits::METADATA_BYTES - 4))]), LONG);
    }
}
