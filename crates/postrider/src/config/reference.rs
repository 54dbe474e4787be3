//! The reference of all keys, made from their declarations.

use std::fmt::Write as _;

use super::section::Section as _;
use super::{Command, Config, layer};

const HEAD: &str = "\
# Configuration

<!-- Made by `postrider config reference`; a test keeps it up to date. -->

Settings come from, the later over the earlier: defaults; a TOML file (`--config FILE`, else
`/etc/postrider/postrider.toml` if it exists); environment variables; arguments (`--set KEY=VALUE`, and the common ones
by name). A key that does not exist is an error, wherever it stands. `postrider config check` reads everything without
starting, `postrider config show` prints what holds and where it was set.

A file groups keys in tables; a variable puts two underscores where a file has a dot:

```toml
listen = \"0.0.0.0:8071\"

[dispatch]
timeout = \"20s\"
```

```sh
POSTRIDER_LISTEN=0.0.0.0:8071 POSTRIDER_DISPATCH__TIMEOUT=20s postrider serve
```

- A duration is a number with a unit, or a sum of them: `500ms`, `30s`, `15m`, `12h`, `1h30m`.
- A size is a number with `B`, `KiB`, `MiB` or `GiB`.
- A list is a TOML array; in variables and arguments, values with commas between them.
- A secret can be kept in a file of its own, of which the first line counts: `bootstrap_key_file` in a file,
  `POSTRIDER_BOOTSTRAP_KEY_FILE` in the environment. Secrets are never logged or shown.
";

/// `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let config = Config::default();
    let sections = config.sections();
    let places = config.keys();
    let mut text = HEAD.to_owned();
    text.push_str("\n## All keys\n\n| key | value | default |\n|---|---|---|\n");
    for place in &places {
        let shown = default(&sections[place.section].show(place.index));
        writeln!(
            text,
            "| [`{}`](#{}) | {} | {shown} |",
            place.name,
            place.name.replace('.', ""),
            place.key.form
        )
        .expect("a string takes every write");
    }
    for (number, section) in sections.iter().enumerate() {
        let title = if section.prefix().is_empty() {
            "Top level".to_owned()
        } else {
            format!("`{}`", section.prefix())
        };
        write!(text, "\n## {title}\n\n{}\n", words(section.about())).expect("a string takes every write");
        for place in places.iter().filter(|place| place.section == number) {
            let default = default(&section.show(place.index));
            write!(
                text,
                "\n### `{name}`\n\n{about}\n\n- {form}; default: {default}\n- variable: `{variable}`{file}\n",
                name = place.name,
                about = words(place.key.about),
                form = place.key.form,
                variable = layer::variable(&place.name),
                file = if place.key.secret { " or, from a file, the same with `_FILE`" } else { "" },
            )
            .expect("a string takes every write");
        }
    }
    commands(&mut text);
    text
}

/// The keys of a command, which have names of their own and no variables.
fn commands(text: &mut String) {
    let command = Command::default();
    write!(text, "\n## `{}`\n\n{}\n", command.prefix(), words(command.about()))
        .expect("a string takes every write");
    for (index, key) in command.keys().iter().enumerate() {
        write!(
            text,
            "\n### `{prefix}.{name}`\n\n{about}\n\n- {form}; default: {default}\n- in a file alone\n",
            prefix = command.prefix(),
            name = key.name,
            about = words(key.about),
            form = key.form,
            default = default(&command.show(index)),
        )
        .expect("a string takes every write");
    }
}

/// A default as code.
fn default(shown: &str) -> String {
    if shown.is_empty() { "none".to_owned() } else { format!("`{shown}`") }
}

/// The text of doc comments, wrapped for reading.
fn words(text: &str) -> String {
    let mut wrapped = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 118 {
            wrapped.push('\n');
            width = 0;
        }
        if width > 0 {
            wrapped.push(' ');
            width += 1;
        }
        wrapped.push_str(word);
        width += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_in_docs_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == reference(),
            "docs/configuration.md is out of date: run `cargo run -- config reference > docs/configuration.md`"
        );
    }
}
