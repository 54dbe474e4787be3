//! Requests as curl commands that send the same bytes again.

use std::fmt::Write as _;
use std::iter::once;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::request::{Arrived, Kept};

/// Headers that curl makes itself, from where it sends and what.
const MADE_BY_CURL: [&str; 4] = ["connection", "content-length", "host", "transfer-encoding"];

/// The command for a POSIX shell that sends `kept` to the server at `origin`.
#[must_use]
pub fn command(kept: &Kept, origin: &str) -> String {
    let Arrived { method, path, headers, body, .. } = &kept.arrived;
    // --globoff: brackets in a URL are no pattern.
    let mut text = format!("curl -sS --globoff -X {} {}", quoted(method), quoted(&format!("{origin}{path}")));
    for (name, value) in headers.iter().filter(|(name, _)| !MADE_BY_CURL.contains(&name.as_str())) {
        let value = String::from_utf8_lossy(value);
        // A header without a value is one that curl leaves out, unless it ends in a semicolon.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(text, " \\\n  -H {}", quoted(&line));
    }
    if body.is_empty() {
        return text;
    }
    if kept.header("content-type").is_none() {
        // Or curl would call it a form.
        text.push_str(" \\\n  -H 'content-type:'");
    }
    with_body(text, body)
}

/// The command `curl` with this body. One that is no text goes through `base64 -d`, and so does one with control
/// characters: a shell cannot hold them all, and pasted they would steer the terminal.
#[must_use]
pub fn with_body(mut curl: String, body: &[u8]) -> String {
    let steers = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    match std::str::from_utf8(body).ok().filter(|body| !body.contains(steers)) {
        Some(body) => {
            // --data-raw: a body that begins with @ is no file name.
            let _ = write!(curl, " \\\n  --data-raw {}", quoted(body));
            curl
        }
        None => format!(
            "printf %s {} | base64 -d | {curl} \\\n  --data-binary @-",
            quoted(&STANDARD.encode(body))
        ),
    }
}

/// A script that sends `all`, from the last to the first, in pieces.
pub fn script(all: Vec<Arc<Kept>>, origin: String) -> impl Iterator<Item = String> {
    let commands = all.into_iter().rev().map(move |kept| {
        let cut = if kept.is_cut() { ", whose body was cut" } else { "" };
        format!("\n# received {}{cut}\n{}\necho\n", kept.at, command(&kept, &origin))
    });
    once("#!/bin/sh\nset -eu\n".to_owned()).chain(commands)
}

/// In single quotes, where the shell gives no character a meaning.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
