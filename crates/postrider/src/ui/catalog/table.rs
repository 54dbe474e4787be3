//! Outlines as tables.

use maud::{Markup, html};
use serde_json::Value;

use super::outline::{Inside, LEVELS, Outline, Row};
use crate::ui::text::{is_plain, visible};

/// A JSON Schema as a table that people can read.
pub(crate) fn schema_table(schema: &Value) -> Markup {
    outline_table(&Outline::of(schema, schema))
}

/// The same of an outline.
pub(crate) fn outline_table(outline: &Outline) -> Markup {
    html! {
        @if !outline.top.about.is_empty() { p { (visible(&outline.top.about, false)) } }
        @if outline.rows.is_empty() {
            p.hint { "Any value of this kind: " (kind(&outline.top)) (rules(&outline.top)) }
        } @else {
            @if !outline.top.rules.is_empty() { p.hint { "Of the whole: " (outline.top.rules.join(", ")) "." } }
            div.scroll {
                table.schema {
                    thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                    tbody { @for row in &outline.rows { (line(row)) } }
                }
            }
        }
        @if outline.is_cut { p.hint { "… Further fields are not shown: the schema has more than " (outline.rows.len()) "." } }
    }
}

fn line(row: &Row) -> Markup {
    html! {
        tr.deprecated[row.is_deprecated] {
            th scope="row" class={ "level-" (row.level.min(LEVELS)) } {
                @if row.is_alternative { span.quiet { "either " } (visible(&row.name, false)) }
                @else { code title=[is_plain(&row.path).then_some(&row.path)] { (visible(&row.name, false)) } }
                @if row.is_required { " " span.must { "required" } }
                @if row.is_deprecated { " " span.status.other { "deprecated" } }
            }
            td { (kind(row)) (rules(row)) }
            td {
                @if !row.about.is_empty() { p { (visible(&row.about, false)) } }
                (values(row))
                @match row.inside {
                    Inside::Follows => {}
                    Inside::Above => p.hint { "What is in it is told above." },
                    Inside::TooDeep => p.hint { "… What is in it lies too deep to be shown here." },
                }
            }
        }
    }
}

fn kind(row: &Row) -> Markup {
    html! {
        span.kind { (row.kind) }
        @if let Some(format) = &row.format { " " span.quiet { "(" (visible(format, false)) ")" } }
    }
}

fn rules(row: &Row) -> Markup {
    html! {
        @for rule in &row.rules { span.rule { (rule) } }
        @if let Some(pattern) = &row.pattern { span.rule { "matches " code { (visible(pattern, false)) } } }
    }
}

fn values(row: &Row) -> Markup {
    html! {
        @if let [only] = row.values.as_slice() { p { "Always " code { (visible(only, false)) } } }
        @else if !row.values.is_empty() {
            p { "One of "
                @for (index, value) in row.values.iter().enumerate() { @if index > 0 { ", " } code { (visible(value, false)) } }
                @if row.values_left_out > 0 { " and " (row.values_left_out) " more, not shown" }
            }
        }
        @if let Some(default) = &row.default { p { "Otherwise " code { (visible(default, false)) } } }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Whether every tag of the markup is one that our own code writes.
    fn has_only_our_tags(markup: &str) -> bool {
        const OURS: [&str; 11] =
            ["p", "div", "table", "thead", "tbody", "tr", "th", "td", "code", "span", "strong"];
        markup.split('<').skip(1).all(|rest| {
            let name: String =
                rest.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
            OURS.contains(&name.as_str())
        })
    }

    fn hostile() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,30}",
            Just("<script>alert(1)</script>".to_owned()),
            Just("\"><img src=x onerror=alert(1)>".to_owned()),
            Just("javascript:alert(1)".to_owned()),
            Just("\u{202e}\u{200b}\0\u{1b}[31m".to_owned()),
            Just("x".repeat(100_000)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_of_a_schema_is_markup_or_hidden(texts in proptest::collection::vec(hostile(), 8)) {
            let [name, about, kind, format, pattern, value, title, rule] = texts.try_into().unwrap();
            let schema = json!({
                "description": about, "title": title,
                "properties": {&name: {
                    "type": kind, "format": format, "pattern": pattern, "enum": [value, {&name: rule}], "default": value,
                    "description": about, "minimum": rule, "oneOf": [{"title": title, "properties": {&value: {}}}, {"title": name, "properties": {}}],
                }},
                "patternProperties": {&pattern: {"const": value}},
                "required": [name],
            });
            let markup = schema_table(&schema).into_string();
            prop_assert!(has_only_our_tags(&markup), "{}", markup);
            let is_hidden = markup.contains(['\u{202e}', '\u{200b}', '\0', '\u{1b}']);
            prop_assert!(!is_hidden);
            prop_assert!(markup.len() < 200_000);
        }
    }
}
