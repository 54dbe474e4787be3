//! A request as a curl command that works as printed.

use std::fmt::Write as _;

use postrider_core::inbound::Draft;

use crate::service::bins::curl::{quoted, with_body};

/// The command, for a POSIX shell, without an end of the line: pasted, it waits for the one who pastes.
pub(in crate::cli) fn command(draft: &Draft) -> String {
    // --globoff: brackets in a URL are no pattern.
    let mut text = format!("curl -sS --globoff -X {} {}", quoted(&draft.method), quoted(&draft.url));
    for (name, value) in &draft.headers {
        // A header without a value is one that curl leaves out, unless it ends in a semicolon.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(text, " \\\n  -H {}", quoted(&line));
    }
    with_body(text, &draft.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_means_anything_to_the_shell() {
        let draft = Draft {
            method: "POST".into(),
            url: "http://127.0.0.1/a?b=[1]&c=$(d)".into(),
            headers: vec![("X-A".into(), "it's `b`".into()), ("X-Empty".into(), String::new())],
            body: b"{\"a\":\"'\\n$HOME\"}\n".to_vec(),
        };
        assert_eq!(
            command(&draft),
            "curl -sS --globoff -X 'POST' 'http://127.0.0.1/a?b=[1]&c=$(d)' \\\n  -H 'X-A: it'\\''s `b`' \\\n  \
             -H 'X-Empty;' \\\n  --data-raw '{\"a\":\"'\\''\\n$HOME\"}\n'"
        );
    }

    #[test]
    fn no_body_steers_a_terminal() {
        let mut draft =
            Draft { method: "POST".into(), url: "http://a/".into(), headers: Vec::new(), body: Vec::new() };
        for body in ["\u{1b}[201~\n", "a\rb", "\u{7f}", "\u{9b}201~"] {
            draft.body = body.as_bytes().to_vec();
            let command = command(&draft);
            assert!(!command.contains(body) && command.contains(" | base64 -d | curl "), "{command:?}");
        }
        draft.body = b"a\tb\n".to_vec();
        assert!(command(&draft).ends_with("--data-raw 'a\tb\n'"));
    }
}
