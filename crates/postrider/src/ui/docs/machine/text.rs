//! The catalogue as Markdown, for people at a terminal and for language models.
//!
//! What comes from outside stands on one line of its own or in a block of code, so that it cannot look like a part of
//! the document.

use std::fmt::Write as _;

use postrider_core::event_type::EventType;

use crate::ui::catalog::{Outline, Row, example, versions};
use crate::ui::docs::Asked;
use crate::ui::docs::events::link;
use crate::ui::docs::guides::GUIDES;

/// Event types in the overview.
const NAMED: usize = 1_000;
/// Bytes of one example.
const EXAMPLE: usize = 8 * 1024;
/// Bytes of the whole text.
const BYTES: usize = 8 * 1024 * 1024;

/// What there is, with links to it.
pub(super) fn overview(asked: &Asked<'_>) -> String {
    let (site, published) = (&asked.site, asked.published);
    let mut out = head(asked);
    let _ = writeln!(out, "## How to receive\n");
    for guide in &GUIDES {
        let _ = writeln!(out, "- [{}]({}{})", guide.title(), site.url, guide.path());
    }
    let _ = writeln!(out, "\n## Event types\n");
    for event_type in published.event_types.iter().take(NAMED) {
        let EventType { name, description, deprecated, .. } = event_type;
        let deprecated = if *deprecated { " (deprecated)" } else { "" };
        let _ = writeln!(out, "- [{name}]({}{}){deprecated}: {}", site.url, link(name), line(description));
    }
    if published.event_types.len() > NAMED {
        let _ = writeln!(out, "- … and {} more", published.event_types.len() - NAMED);
    }
    let _ = writeln!(out, "\n## Files\n");
    for (name, about) in [
        ("/docs/events.md", "all event types with their fields and examples, as one text"),
        ("/docs/events.json", "all event types with their JSON Schemas"),
        ("/docs/asyncapi.json", "the same as a document of AsyncAPI 3.0"),
        ("/openapi.json", "the API that endpoints are managed with, as OpenAPI 3.1"),
    ] {
        let _ = writeln!(out, "- [{name}]({}{name}): {about}", site.url);
    }
    out
}

/// All event types with their fields and examples.
pub(super) fn everything(asked: &Asked<'_>) -> String {
    let mut out = head(asked);
    let all = &asked.published.event_types;
    for (index, event_type) in all.iter().enumerate() {
        if out.len() > BYTES {
            let _ = writeln!(out, "… {} more event types are not shown.", all.len() - index);
            break;
        }
        one(event_type, &mut out);
    }
    out
}

fn head(asked: &Asked<'_>) -> String {
    let intro = asked.catalog.settings().intro.as_deref();
    let intro = intro.unwrap_or("Events that are sent as webhooks: signed POST requests with a JSON body.");
    format!("# {}\n\n> {}\n\n", line(asked.site.title), line(intro))
}

fn one(event_type: &EventType, out: &mut String) {
    let EventType { name, description, deprecated, .. } = event_type;
    let _ = writeln!(out, "## {name}\n\n{}\n", line(description));
    if *deprecated {
        let _ = writeln!(out, "Deprecated: it is still sent, and nothing new should rely on it.\n");
    }
    let Some((version, text)) = versions(event_type.schemas.as_deref()).into_iter().next() else { return };
    let schema = serde_json::from_str(text.get()).unwrap_or_default();
    let outline = Outline::of(&schema, &schema);
    let _ = writeln!(out, "Fields (version {}):\n", line(&version));
    for row in &outline.rows {
        field(row, out);
    }
    if outline.is_cut {
        let _ = writeln!(out, "- … further fields are not shown");
    }
    let example = example(text.get()).text;
    if example.len() <= EXAMPLE {
        // Indented code has no end mark that an example could bring.
        let indented: String = example.lines().flat_map(|line| ["    ", line, "\n"]).collect();
        let _ = writeln!(out, "\nExample:\n\n{indented}");
    }
}

fn field(row: &Row, out: &mut String) {
    let _ = write!(out, "{}- `{}` ({}", "  ".repeat(row.level), line(&row.path).replace('`', "'"), row.kind);
    if let Some(format) = &row.format {
        let _ = write!(out, ", {}", line(format));
    }
    let _ = write!(out, "{})", if row.is_required { ", required" } else { "" });
    if !row.about.is_empty() {
        let _ = write!(out, ": {}", line(&row.about));
    }
    if !row.values.is_empty() {
        let _ = write!(out, " One of {}.", line(&row.values.join(", ")));
    }
    out.push('\n');
}

/// Text on one line, without what a page would take for markup or a terminal for commands.
fn line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_on_its_line() {
        assert_eq!(line("a\n# b\r\n\u{1b}[31m<script>"), "a # b [31m&lt;script>");
    }
}
