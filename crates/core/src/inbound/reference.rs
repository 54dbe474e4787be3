//! `docs/providers.md`, made from the presets.

use std::fmt::Write as _;

use super::describe::Description;
use super::preset::{Preset, Presets};
use super::scheme::Rule;

const HEAD: &str = "\
# Providers

<!-- Made from crates/core/presets; a test keeps it up to date. -->

A source names a preset, brings the provider's secret, and Postrider verifies what arrives. Nothing is guessed from a
request: several providers share the names of their headers. An operator's own presets override these by name, and may
begin with one of them (`extends = \"github\"`).

**Rests on** says how sure we are: **S** the provider's own source code, **D** its documentation, **2** other people's
implementations in agreement, **K** general knowledge that nobody checked again: unconfirmed. **Vector** names whoever
published a signature that our tests recompute; without one, the tests have only signatures made by independent code of
our own.

What a verified request proves is in the column **signed**: where it is *nothing*, the sender knew a shared token, and
the body is not protected (such requests are *authenticated*, not *verified*).
";

/// The text of `docs/providers.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n| preset | provider | signed | rests on | vector |\n|---|---|---|---|---|\n");
    for preset in Presets::embedded().iter() {
        let row = format!(
            "| [`{name}`](#{name}) | {title} | {message} | {letters} | {vector} |\n",
            name = preset.name,
            title = preset.title,
            message = cell(&preset.describe().message),
            letters = letters(preset),
            vector = preset.vector.as_deref().unwrap_or("–"),
        );
        text.push_str(&row);
    }
    for preset in Presets::embedded().iter() {
        section(&mut text, preset);
    }
    text
}

fn section(text: &mut String, preset: &Preset) {
    write!(text, "\n## {}\n\n{}\n\n", preset.name, preset.title).expect("a string takes every write");
    for (name, value) in facts(preset) {
        writeln!(text, "- {name}: {value}").expect("a string takes every write");
    }
}

/// What there is to say of a preset, by name; nothing that is not known.
fn facts(preset: &Preset) -> Vec<(&'static str, String)> {
    let Description { signature, timestamp, message, needs_url } = preset.describe();
    let unconfirmed = preset.confidence.iter().all(|confidence| confidence.letter() == 'K');
    let state = if unconfirmed { ", unconfirmed" } else { "" };
    let mut facts = vec![
        ("rests on", format!("{}{state}", letters(preset))),
        ("vector", preset.vector.clone().unwrap_or_else(|| "none of the provider's own".to_owned())),
        ("secret", preset.secret.clone()),
    ];
    for setting in &preset.settings {
        let need = match &setting.default {
            _ if setting.required => "required".to_owned(),
            Some(default) => format!("default `{default}`"),
            None => "optional".to_owned(),
        };
        facts.push(("setting", format!("`{}` ({need}): {}", setting.name, setting.about)));
    }
    let age = match preset.scheme.tolerance.as_secs() {
        0 => "its age is not enforced".to_owned(),
        seconds => format!("at most {seconds} s from now"),
    };
    facts.extend([
        ("signature", signature),
        ("timestamp", timestamp.map_or_else(String::new, |stamp| format!("{stamp}; {age}"))),
        ("signed", message),
        ("other ways to sign", other_ways(preset)),
    ]);
    if needs_url {
        facts.push(("URL", "signed: set the source's public URL to what the provider was told".to_owned()));
    }
    let batch = preset.batch.as_ref().map_or_else(String::new, |batch| format!("split at `{}`", batch.each));
    let malformed =
        preset.refusal_malformed.map_or_else(String::new, |status| format!(", {status} if malformed"));
    facts.extend([
        ("event type", preset.event_type.describe()),
        ("event id", preset.event_id.describe()),
        ("batches", batch),
        ("answer", format!("{}; refused with {}{malformed}", preset.ack.describe(), preset.refusal)),
        ("reply within", preset.reply_within.clone().unwrap_or_default()),
        ("retries", preset.retries.clone().unwrap_or_default()),
        ("note", preset.notes.clone().unwrap_or_default()),
    ]);
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn other_ways(preset: &Preset) -> String {
    let more = preset.scheme.rules.len() - 1;
    let mut conditions: Vec<String> = preset.scheme.rules.iter().filter_map(Rule::condition).collect();
    conditions.dedup();
    match (more, conditions.is_empty()) {
        (0, _) => String::new(),
        (_, true) => format!("{more}, of which any may match"),
        (_, false) => format!("{more} ({})", conditions.join("; ")),
    }
}

fn letters(preset: &Preset) -> String {
    preset.confidence.iter().map(|confidence| confidence.letter().to_string()).collect::<Vec<_>>().join(", ")
}

/// Text that does not end a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_in_docs_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == reference(), "docs/providers.md is out of date: run `cargo xtask reference`");
    }
}
