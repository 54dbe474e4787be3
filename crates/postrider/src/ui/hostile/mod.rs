//! What people send who mean harm, and a proof that it stays text.
//!
//! [`stays_text`] renders a partial with each of the [`TEXTS`] and with a harmless one, and compares what came out: the
//! same kinds of elements and attributes, no address that runs a script, no character that hides or turns what is read.
//! [`partials`] holds every partial to it that other modules can call; a module whose partials are its own does so in its
//! tests. Whole pages are held to the same in a browser, by `tests/it/browser`.

mod partials;
mod scan;

use std::collections::BTreeSet;

use maud::Markup;

use self::scan::{Tag, scan};
use super::text::is_plain;

/// As harmless as text can be. It has a dot, at which names of event types are taken apart.
const HARMLESS: &str = "harmless.text";
/// What [`super::text::visible`] shows a hidden character as.
const MARK: &str = "span class title";
/// Attributes whose value is an address.
const ADDRESSES: [&str; 7] = ["action", "base", "formaction", "href", "hx-get", "hx-post", "src"];
/// The longest text.
const LONG: usize = 1024 * 1024;

/// Texts that do harm where they become more than text.
pub(crate) const TEXTS: [&str; 19] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "\" autofocus onfocus=\"alert(1)",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "</textarea></title></style><b>",
    "<!--",
    "]]><hx-partial hx-target=body>",
    "&lt;b&gt; &#60;b&#62; &amp;",
    "safe\u{202e}txt.exe",
    "\u{2066}\u{200f}\u{200b}\u{feff}\u{e0041}",
    "\u{1b}[31mred\u{1b}]8;;https://example.com\u{7}",
    "\0 \u{8} \u{9b}31m \u{7f}",
    "a\r\nb\u{2028}c\u{85}d",
    "{{7*7}} ${7*7} #{7*7} %0d%0a",
];

/// Fails where a partial lets one of the texts be more than text.
pub(crate) fn stays_text(name: &str, render: impl Fn(&str) -> Markup) {
    let as_harmless = |text: &str| shape(name, text, &render(text).into_string());
    let harmless = &as_harmless(HARMLESS) | &as_harmless(&HARMLESS.repeat(LONG / HARMLESS.len()));
    let long = "<i>".repeat(LONG / 3);
    for text in TEXTS.into_iter().chain([long.as_str()]) {
        let shape = shape(name, text, &render(text).into_string());
        let more: Vec<_> = shape.difference(&harmless).filter(|tag| *tag != MARK).collect();
        assert!(more.is_empty(), "{name} makes {more:?} of {:?}", start(text));
    }
}

/// The kinds of elements: each one's name and those of its attributes.
fn shape(name: &str, text: &str, html: &str) -> BTreeSet<String> {
    let scanned = scan(html).unwrap_or_else(|trouble| panic!("{name} with {:?}: {trouble}", start(text)));
    for part in &scanned.texts {
        assert!(is_plain(part), "{name} hides something of {:?}: {:?}", start(text), start(part));
    }
    scanned.tags.iter().map(|tag| kind(name, text, tag)).collect()
}

fn kind(name: &str, text: &str, tag: &Tag) -> String {
    let Tag { name: element, attributes } = tag;
    assert!(!["script", "style", "iframe", "object"].contains(&element.as_str()), "{name} has a {element}");
    let mut kind = element.clone();
    for (attribute, value) in attributes {
        let is_code = attribute.starts_with("on") || attribute.starts_with("hx-on") || attribute == "style";
        assert!(!is_code, "{name} has {attribute}");
        if ADDRESSES.contains(&attribute.as_str()) {
            assert!(is_address(value), "{name} leads to {:?} with {:?}", start(value), start(text));
        }
        kind.push(' ');
        kind.push_str(attribute);
    }
    kind
}

/// Whether following it loads something, and neither runs nor shows what stands in it.
fn is_address(value: &str) -> bool {
    let is_own = value.is_empty() || value.starts_with(['/', '?', '#']) && !value.starts_with("//");
    is_own || ["https://", "http://", "mailto:"].iter().any(|scheme| value.starts_with(scheme))
}

fn start(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use maud::{PreEscaped, html};

    use super::*;

    #[test]
    fn what_is_escaped_passes() {
        stays_text("escaped", |text| html! { p title="x" { (super::super::text::visible(text, false)) } });
    }

    #[test]
    #[should_panic(expected = "has a script")]
    fn markup_is_found() {
        stays_text("raw", |text| PreEscaped(format!("<p>{text}</p>")));
    }

    #[test]
    #[should_panic(expected = "leads to \"javascript:alert(1)\"")]
    fn an_address_that_runs_is_found() {
        let plain = |text: &str| text.replace(|c: char| c.is_control() || !c.is_ascii(), "");
        stays_text("link", |text| {
            let address = if text.starts_with("javascript") { text } else { "/" };
            html! { a href=(address) { (plain(text)) } }
        });
    }

    #[test]
    #[should_panic(expected = "hides something")]
    fn a_hidden_character_is_found() {
        stays_text("hidden", |text| html! { p { (text) } });
    }

    #[test]
    #[should_panic(expected = "makes [\"b\"]")]
    fn another_element_is_found() {
        stays_text("grows", |text| html! { @if text.contains("onload") { b {} } });
    }
}
