//! The partials that other modules can call.

use std::fmt::Write as _;

use maud::Markup;
use serde_json::json;

use super::stays_text;
use crate::service::difference::lines;
use crate::ui::text::visible;
use crate::ui::{json, parts};

/// A partial, with a text from outside wherever it takes one.
type Partial = fn(&str) -> Markup;

/// Each with a name.
const PARTIALS: &[(&str, Partial)] = &[
    ("text::visible, in a line", |text| visible(text, false)),
    ("text::visible, as a block", |text| visible(text, true)),
    ("json::pretty, of a string", |text| json::pretty(json!({text: [text, 1]}).to_string().as_bytes(), MOST)),
    ("json::pretty, of what is none", |text| json::pretty(text.as_bytes(), MOST)),
    ("json::pretty, of escapes", |text| json::pretty(escaped(text).as_bytes(), MOST)),
    ("json::pretty, of bytes", |text| json::pretty(&[b"\xff\xfe\xc3(", text.as_bytes()].concat(), MOST)),
    ("parts::difference", |text| parts::difference(&lines(text, &format!("{text}\nmore")))),
];

/// Bytes that are shown.
const MOST: usize = 64 * 1024;

/// A JSON string of escapes alone, and behind them two that are no characters.
fn escaped(text: &str) -> String {
    let mut json = String::from("\"");
    for unit in text.encode_utf16() {
        let _ = write!(json, "\\u{unit:04x}");
    }
    json.push_str("\\ud800\\udc00\\ud800\"");
    json
}

#[test]
fn what_comes_from_outside_stays_text() {
    for (name, render) in PARTIALS {
        stays_text(name, render);
    }
}
