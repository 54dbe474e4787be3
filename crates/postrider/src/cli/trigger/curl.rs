//! A request as a curl command that works as printed.

use std::fmt::Write as _;

use postrider_core::inbound::Draft;

/// The command, for a POSIX shell. The body must be text.
pub(super) fn command(draft: &Draft) -> String {
    // --globoff: brackets in a URL are no pattern. --data-raw: a body that begins with @ is no file name.
    let mut text = format!("curl -sS --globoff -X {} {}", draft.method, quoted(&draft.url));
    for (name, value) in &draft.headers {
        // A header without a value is one that curl leaves out, unless it ends in a semicolon.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(text, " \\\n  -H {}", quoted(&line));
    }
    let _ = writeln!(text, " \\\n  --data-raw {}", quoted(&String::from_utf8_lossy(&draft.body)));
    text
}

/// In single quotes, where the shell gives no character a meaning.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
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
            "curl -sS --globoff -X POST 'http://127.0.0.1/a?b=[1]&c=$(d)' \\\n  -H 'X-A: it'\\''s `b`' \\\n  \
             -H 'X-Empty;' \\\n  --data-raw '{\"a\":\"'\\''\\n$HOME\"}\n'\n"
        );
    }
}
