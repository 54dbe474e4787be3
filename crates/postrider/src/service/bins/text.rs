//! Bodies as text: JSON that is laid out without being changed, forms, and bytes in hexadecimal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Levels to which objects are sorted for a comparison; what is deeper stays as it is.
const DEPTH: usize = 64;
/// Bytes in a line of hexadecimal digits.
const HEX_LINE: usize = 16;

/// JSON with a member a line: its own tokens in their own order, so that numbers of any size and names that come twice
/// are seen as they came. `None` for what is no JSON.
#[must_use]
pub fn indented(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let (mut out, mut depth, mut is_string, mut is_escaped) =
        (String::with_capacity(text.len() * 2), 0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if is_string {
            out.push(c);
            (is_string, is_escaped) = (is_escaped || c != '"', !is_escaped && c == '\\');
            continue;
        }
        match c {
            c if c.is_ascii_whitespace() => {}
            '{' | '[' => {
                out.push(c);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                is_string = c == '"';
                out.push(c);
            }
        }
    }
    Some(out)
}

/// The same with the members of objects sorted by name, for comparisons: senders do not promise an order.
#[must_use]
pub fn sorted(text: &str) -> Option<String> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let mut out = String::with_capacity(text.len());
    sort_into(raw.get(), DEPTH, &mut out);
    indented(&out)
}

fn sort_into(text: &str, depth: usize, out: &mut String) {
    let begin = text.trim_start().as_bytes().first();
    if begin == Some(&b'{')
        && depth > 0
        && let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text)
    {
        out.push('{');
        for (index, (name, value)) in members.iter().enumerate() {
            let name = serde_json::to_string(name).expect("a string is JSON");
            let _ = write!(out, "{}{name}:", if index > 0 { "," } else { "" });
            sort_into(value.get(), depth - 1, out);
        }
        out.push('}');
    } else if begin == Some(&b'[')
        && depth > 0
        && let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text)
    {
        out.push('[');
        for (index, value) in items.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            sort_into(value.get(), depth - 1, out);
        }
        out.push(']');
    } else {
        out.push_str(text);
    }
}

/// Names and values of a query or an urlencoded form, at most `most`.
#[must_use]
pub fn pairs(text: &[u8], most: usize) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(text).take(most);
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Bytes as lines of offset, digits and printable characters.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 5);
    for (index, line) in bytes.chunks(HEX_LINE).enumerate() {
        let _ = write!(out, "{:08x}  ", index * HEX_LINE);
        for place in 0..HEX_LINE {
            let _ = match line.get(place) {
                Some(byte) => write!(out, "{byte:02x} "),
                None => write!(out, "   "),
            };
            out.push_str(if place == HEX_LINE / 2 - 1 { " " } else { "" });
        }
        let printable =
            |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        out.push_str(" |");
        out.extend(line.iter().map(printable));
        out.push_str("|\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_not_changed() {
        for (text, expected) in [
            ("{}", "{}"),
            (" [ ] ", "[]"),
            (r#"{"b":1,"a":[1,2]}"#, "{\n  \"b\": 1,\n  \"a\": [\n    1,\n    2\n  ]\n}"),
            (
                r#"{"n":12345678901234567890123,"n":1e400}"#,
                "{\n  \"n\": 12345678901234567890123,\n  \"n\": 1e400\n}",
            ),
            (r#""a\"{,}:[]\\""#, r#""a\"{,}:[]\\""#),
            (r#"["\\","{"]"#, "[\n  \"\\\\\",\n  \"{\"\n]"),
        ] {
            assert_eq!(indented(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "{", "{]", "a", "{\"a\":1} x"] {
            assert_eq!(indented(text), None, "{text}");
        }
        assert_eq!(indented(&"[".repeat(1_000_000)), None, "depth does no harm");
    }

    #[test]
    fn order_does_not_count_in_a_comparison_but_every_digit_does() {
        assert_eq!(sorted(r#"{"b":{"d":1,"c":2},"a":[3]}"#), sorted(r#"{ "a": [3], "b": {"c":2, "d":1} }"#));
        assert_ne!(sorted(r#"{"a":[1,2]}"#), sorted(r#"{"a":[2,1]}"#), "of a list it does");
        assert_ne!(sorted(r#"{"a":12345678901234567890}"#), sorted(r#"{"a":12345678901234567891}"#));
    }

    #[test]
    fn bytes_are_shown_sixteen_a_line() {
        let shown = hex(b"0123456789abcdef\x00\xff<");
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(
            lines[0],
            "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|"
        );
        assert!(lines[1].starts_with("00000010  00 ff 3c ") && lines[1].ends_with("|..<|"), "{}", lines[1]);
    }
}
