//! JSON for people: laid out and coloured, and yet the text that came.
//!
//! What is shown are the text's own tokens in their own order, so that numbers of any size, names that come twice and
//! the way in which a character was escaped are seen as they are. Only the blanks between tokens are ours.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};
use serde::de::IgnoredAny;

use super::text::{is_plain, size, visible};

/// How many times longer the markup may be than the text that is shown in it, give or take a token. Text of nothing but
/// brackets would otherwise grow by its own depth.
const GROWTH: usize = 20;
/// Bytes of markup that are always allowed.
const MARKUP_MIN: usize = 4 * 1024;

/// What stands inside of a `pre`: the first `most` bytes of JSON with a member a line and a class for each kind of
/// token (`k` for names, `s` for strings, `n` for numbers, `b` for `true`, `false` and `null`), or of any other bytes as
/// plain text. What is left out is said.
pub(crate) fn pretty(bytes: &[u8], most: usize) -> Markup {
    let json = std::str::from_utf8(bytes).ok();
    match json.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        Some(text) => laid_out(text, most),
        None => plain(bytes, most),
    }
}

fn plain(bytes: &[u8], most: usize) -> Markup {
    // Where a character is cut, its first bytes would look like a fault of the text.
    let cut = std::str::from_utf8(bytes).map_or(most.min(bytes.len()), |text| boundary(text, most));
    let (beginning, rest) = bytes.split_at(cut);
    html! { (visible(&String::from_utf8_lossy(beginning), true)) (left_out(rest.len())) }
}

/// Where the last character ends that is whole within `most` bytes.
fn boundary(text: &str, most: usize) -> usize {
    let most = most.min(text.len());
    (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn left_out(bytes: usize) -> Markup {
    html! { @if bytes > 0 { span.quiet { "\n… " (size(bytes)) " not shown" } } }
}

/// `text` has been parsed, so its tokens fit together.
fn laid_out(text: &str, most: usize) -> Markup {
    let ceiling = MARKUP_MIN.max(most.saturating_mul(GROWTH));
    let (mut out, mut depth, mut shown) = (String::new(), 0_usize, 0);
    let mut tokens = Tokens { text, at: 0 }.peekable();
    while let Some(token) = tokens.next() {
        if token.end > most || out.len() > ceiling {
            let cut = if out.len() > ceiling { token.start } else { boundary(text, most) };
            if let Some(beginning) = text.get(token.start..cut) {
                out.push_str(&visible(beginning, false).into_string());
                shown = cut;
            }
            break;
        }
        shown = token.end;
        let own = &text[token.start..token.end];
        let follows = tokens.peek().map(|next| &text[next.start..next.end]);
        if !mark(own, follows, &mut depth, &mut out) {
            let class = class(own, follows == Some(":"));
            out.push_str(&html! { span class=(class) { (visible(own, false)) } }.into_string());
        }
    }
    // Blanks at the end are not missed.
    out.push_str(&left_out(text.trim_end().len().saturating_sub(shown)).into_string());
    PreEscaped(out)
}

/// Appends a mark between values, with the blanks that lay it out. `false` for what is no mark.
fn mark(own: &str, follows: Option<&str>, depth: &mut usize, out: &mut String) -> bool {
    match own {
        // What is empty stays on its line.
        "{" | "[" if matches!(follows, Some("}" | "]")) => out.push_str(own),
        "}" | "]" if out.ends_with(['{', '[']) => out.push_str(own),
        "{" | "[" => {
            out.push_str(own);
            *depth += 1;
            line(out, *depth);
        }
        "}" | "]" => {
            *depth = depth.saturating_sub(1);
            line(out, *depth);
            out.push_str(own);
        }
        "," => {
            out.push(',');
            line(out, *depth);
        }
        ":" => out.push_str(": "),
        _ => return false,
    }
    true
}

/// A text to be edited: JSON with a member a line, where characters that do not show stand as escapes; any other text as it
/// is. `None` for what is longer than `most` bytes, or cannot be edited without harm.
pub(crate) fn editable(bytes: &[u8], most: usize) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= most)?;
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return is_plain(text).then(|| text.to_owned());
    }
    let (mut out, mut depth) = (String::with_capacity(text.len()), 0);
    let mut tokens = Tokens { text, at: 0 }.peekable();
    while let Some(token) = tokens.next() {
        let own = &text[token.start..token.end];
        let follows = tokens.peek().map(|next| &text[next.start..next.end]);
        if mark(own, follows, &mut depth, &mut out) {
            // Brackets alone can make a text far longer by their depth.
            if out.len() > most.saturating_mul(2) {
                return None;
            }
        } else {
            own.chars().for_each(|char| escape(char, &mut out));
        }
    }
    Some(out)
}

/// A character of a JSON string, as an escape where it would not show.
fn escape(char: char, out: &mut String) {
    let mut bytes = [0; 4];
    if is_plain(char.encode_utf8(&mut bytes)) {
        return out.push(char);
    }
    for unit in char.encode_utf16(&mut [0; 2]) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

fn class(token: &str, is_name: bool) -> &'static str {
    match token.as_bytes().first() {
        Some(b'"') if is_name => "k",
        Some(b'"') => "s",
        Some(b't' | b'f' | b'n') => "b",
        _ => "n",
    }
}

/// Where a token is in the text.
struct Token {
    start: usize,
    end: usize,
}

struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let start = self.at + bytes[self.at..].iter().position(|byte| !is_blank(byte))?;
        let rest = &bytes[start..];
        let is_mark = |byte: &u8| matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':');
        let length = match rest[0] {
            b'"' => string(rest),
            mark if is_mark(&mark) => 1,
            _ => rest.iter().position(|byte| is_blank(byte) || is_mark(byte)).unwrap_or(rest.len()),
        };
        self.at = start + length;
        Some(Token { start, end: self.at })
    }
}

/// Bytes of the string that `rest` begins with, both quotes included.
fn string(rest: &[u8]) -> usize {
    let mut is_escaped = true;
    for (index, byte) in rest.iter().enumerate() {
        if *byte == b'"' && !is_escaped {
            return index + 1;
        }
        // The first quote counts as escaped.
        is_escaped = *byte == b'\\' && !is_escaped;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, most: usize) -> String {
        pretty(text.as_bytes(), most).into_string()
    }

    /// What a browser shows of markup.
    fn read(markup: &str) -> String {
        let mut text = String::new();
        let mut is_tag = false;
        for c in markup.chars() {
            match c {
                '<' => is_tag = true,
                '>' if is_tag => is_tag = false,
                _ if !is_tag => text.push(c),
                _ => {}
            }
        }
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    #[test]
    fn what_is_edited_means_what_it_was() {
        for (text, expected) in [
            ("{\"n\":1.0e2,\"a\":[]}", Some("{\n  \"n\": 1.0e2,\n  \"a\": []\n}")),
            ("[\"é\u{202e}\u{e0041}\"]", Some("[\n  \"é\\u202e\\udb40\\udc41\"\n]")),
            ("no json\n at all", Some("no json\n at all")),
            ("no json \u{202e}", None),
        ] {
            let edited = editable(text.as_bytes(), 64);
            assert_eq!(edited.as_deref(), expected);
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            assert_eq!(edited.and_then(|edited| value(&edited)), value(text).filter(|_| expected.is_some()));
        }
        assert_eq!(editable(b"\xff", 64), None);
        assert_eq!(editable("x".repeat(65).as_bytes(), 64), None);
        assert_eq!(editable(format!("{}1{}", "[".repeat(30), "]".repeat(30)).as_bytes(), 64), None, "deep");
    }

    #[test]
    fn tokens_stay_as_they_came() {
        for (text, expected) in [
            ("{}", "{}"),
            (" [ ] ", "[]"),
            (r#"{"a":[1,true],"a":null}"#, "{\n  \"a\": [\n    1,\n    true\n  ],\n  \"a\": null\n}"),
            ("[12345678901234567890123,1e400,-0]", "[\n  12345678901234567890123,\n  1e400,\n  -0\n]"),
            (r#""a\"{,}:\u003c\\""#, r#""a\"{,}:\u003c\\""#),
            ("{\"a\" : \"b\"}\n", "{\n  \"a\": \"b\"\n}"),
        ] {
            assert_eq!(read(&shown(text, 1_000)), expected, "{text}");
        }
    }

    #[test]
    fn each_kind_of_token_has_its_class() {
        assert_eq!(
            shown(r#"{"a":"<b>","c":[1,null]}"#, 1_000),
            "{\n  <span class=\"k\">&quot;a&quot;</span>: <span class=\"s\">&quot;&lt;b&gt;&quot;</span>,\n  \
             <span class=\"k\">&quot;c&quot;</span>: [\n    <span class=\"n\">1</span>,\n    <span class=\"b\">null</span>\n  ]\n}"
        );
        assert!(shown("[\"a\u{202e}b\"]", 100).contains("U+202E"), "nothing is hidden");
    }

    #[test]
    fn other_bytes_are_text() {
        assert_eq!(shown("a=<1>", 100), "a=&lt;1&gt;");
        assert_eq!(shown("{\"a\":", 100), "{&quot;a&quot;:");
        assert!(pretty(b"\"\xff\"", 100).into_string().contains('\u{fffd}'));
        assert_eq!(read(&shown("ää", 3)), "ä\n… 2 B not shown");
        assert_eq!(
            shown(&"[".repeat(100_000), 10),
            format!("{}<span class=\"quiet\">\n… 97.6 KiB not shown</span>", "[".repeat(10))
        );
    }

    #[test]
    fn what_is_left_out_is_said() {
        for (text, most, expected) in [
            ("[1,2,3]", 4, "[\n  1,\n  2\n… 3 B not shown"),
            ("[\"abcdef\"]", 4, "[\n  \"ab\n… 6 B not shown"),
            ("[\"ä\"]", 3, "[\n  \"\n… 4 B not shown"),
            ("[]", 1, "[\n… 1 B not shown"),
            ("[1]  ", 3, "[\n  1\n]"),
            ("1", 0, "\n… 1 B not shown"),
        ] {
            assert_eq!(read(&shown(text, most)), expected, "{text} {most}");
        }
    }

    #[test]
    fn brackets_do_not_grow_without_end() {
        let text = format!("{}{}[]{}", "[".repeat(120), "[],".repeat(50_000), "]".repeat(120));
        let markup = shown(&text, 10_000);
        assert!(markup.len() <= 10_000 * GROWTH + 1_000, "{}", markup.len());
        assert!(markup.contains("not shown"));
    }

    proptest! {
        #[test]
        fn no_byte_does_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300), most in 0_usize..320) {
            let markup = pretty(&bytes, most).into_string();
            prop_assert!(!markup.contains("<script"));
        }

        #[test]
        fn no_token_is_lost(texts in proptest::collection::vec(".{0,20}", 0..20), most in 0_usize..400) {
            let value = serde_json::json!({ "all": texts, "none": [], "n": 1.5, "in": { "side": true } });
            let text = value.to_string();
            let markup = shown(&text, usize::MAX / GROWTH);
            let is_odd = |text: &String| text.contains(|c: char| c.is_control() || !c.is_ascii());
            // What is marked as hidden is no JSON any more.
            let back: serde_json::Value = if texts.iter().any(is_odd) {
                value.clone()
            } else {
                serde_json::from_str(&read(&markup)).unwrap()
            };
            prop_assert_eq!(back, value);
            let cut = shown(&text, most);
            prop_assert!(cut.contains("not shown") || most >= text.len(), "{}", cut);
            prop_assert_eq!(cut.matches("<span").count(), cut.matches("</span>").count());
        }
    }
}
