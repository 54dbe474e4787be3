//! Text from outside, as people may safely read it.

use maud::{Markup, html};

/// Text with every character shown that would otherwise hide, turn or move what is read: controls, marks of direction,
/// blanks without width. Line ends and tabs stay what they are where `is_block`, and are shown elsewhere.
pub(crate) fn visible(text: &str, is_block: bool) -> Markup {
    html! {
        @for part in parts(text, is_block) {
            @match part {
                Part::Plain(text) => (text),
                Part::Hidden(c) => span.hidden-char title="a character that is not seen" { (code(c)) },
            }
        }
    }
}

/// Whether nothing in a text of several lines is hidden: such a text can stand in a field, where nothing can be marked.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c != '\r' && is_hidden(c, true))
}

enum Part<'t> {
    Plain(&'t str),
    Hidden(char),
}

fn parts(text: &str, is_block: bool) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c| is_hidden(c, is_block)) {
        let (plain, tail) = rest.split_at(at);
        if !plain.is_empty() {
            parts.push(Part::Plain(plain));
        }
        let Some(c) = tail.chars().next() else { break };
        parts.push(Part::Hidden(c));
        rest = &tail[c.len_utf8()..];
    }
    if !rest.is_empty() {
        parts.push(Part::Plain(rest));
    }
    parts
}

fn is_hidden(c: char, is_block: bool) -> bool {
    match c {
        '\n' | '\t' => !is_block,
        // Part of a line end, or alone: it moves nothing in a page.
        '\r' => true,
        _ => {
            c.is_control()
                || matches!(c,
                    '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        }
    }
}

fn code(c: char) -> String {
    match c {
        '\r' => "␍".to_owned(),
        '\n' => "␊".to_owned(),
        '\t' => "␉".to_owned(),
        '\0' => "␀".to_owned(),
        _ => format!("U+{:04X}", u32::from(c)),
    }
}

/// A number of bytes for people.
pub(crate) fn size(bytes: usize) -> String {
    const UNITS: [(&str, usize); 2] = [("MiB", 1024 * 1024), ("KiB", 1024)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) if bytes.is_multiple_of(unit) => format!("{} {name}", bytes / unit),
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup_and_nothing_is_hidden() {
        for (text, is_block, expected) in [
            ("<b>&\"", false, "&lt;b&gt;&amp;&quot;"),
            (
                "a\u{202e}b",
                false,
                "a<span class=\"hidden-char\" title=\"a character that is not seen\">U+202E</span>b",
            ),
            ("a\nb\tc", true, "a\nb\tc"),
        ] {
            assert_eq!(visible(text, is_block).into_string(), expected, "{text:?}");
        }
        for (text, shown) in
            [("\u{1b}[31m", "U+001B"), ("\0", "␀"), ("\u{200b}", "U+200B"), ("\u{feff}", "U+FEFF")]
        {
            assert!(visible(text, true).into_string().contains(shown), "{text:?}");
        }
        assert!(visible("a\nb", false).into_string().contains('␊'));
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (32 << 20, "32 MiB"), (3 << 19, "1.5 MiB")]
        {
            assert_eq!(size(bytes), text);
        }
    }
}
