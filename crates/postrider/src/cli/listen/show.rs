//! What is printed: data to stdout, one line or one object for each request, and everything else to stderr.
//!
//! Whatever came from outside is shown with its control characters as escapes, so that no header can steer a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_core::inbound::Draft;
use serde_json::{Value, json};

use super::events::{Heard, Ready};
use super::forward::Sent;
use crate::cli::output::{self, plain};
use crate::cli::trigger::curl;

/// Characters of a body that details show.
const BODY_CHARS: usize = 4_000;

/// What is said of a body that the server gives no more.
pub(super) const GONE: &str = "its body is no longer kept";

/// How it is printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Show {
    json: bool,
}

impl Show {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// A request was sent.
    pub(super) fn sent(self, heard: &Heard, sent: &Sent) -> anyhow::Result<()> {
        if self.json {
            return object(&self::sent(heard, sent));
        }
        let result = match &sent.outcome {
            Ok(answer) => answer.status.to_string(),
            Err(why) => why.clone(),
        };
        let line = format!(
            "{} {} {}  {result}  {} {}  {} ms",
            clock(&heard.received_at),
            heard.source_name(),
            heard.event_type,
            heard.method,
            sent.url,
            sent.ms
        );
        Ok(output::print(&format!("{}\n", plain(&line)))?)
    }

    /// A request goes nowhere.
    pub(super) fn heard(self, heard: &Heard) -> anyhow::Result<()> {
        if self.json {
            return object(&self::heard(heard));
        }
        let line = format!(
            "{} {} {}  {} {}{}",
            clock(&heard.received_at),
            heard.source_name(),
            heard.event_type,
            heard.method,
            if heard.path.is_empty() { "/" } else { &heard.path },
            heard.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default()
        );
        Ok(output::print(&format!("{}\n", plain(&line)))?)
    }
}

fn object(value: &Value) -> anyhow::Result<()> {
    Ok(output::print(&format!("{value}\n"))?)
}

/// The server says that it goes on from here.
pub(super) fn ready(ready: &Ready) {
    if ready.backlog > 0 || ready.backlog_more {
        let more = if ready.backlog_more { " or more" } else { "" };
        note(&format!("listening; {}{more} waiting", ready.backlog));
    } else {
        note("listening");
    }
}

/// A remark.
pub(super) fn note(text: &str) {
    eprintln!("{}", plain(text));
}

/// A request failed, and is sent again after a wait.
pub(super) fn again(tried: u32, of: u32, wait: Duration) {
    note(&format!("  try {tried} of {of} failed; again in {} ms", wait.as_millis()));
}

/// All that is known of a request.
pub(super) fn details(heard: &Heard, sent: Option<&Sent>) -> anyhow::Result<()> {
    let mut text = format!("{} of {}\n", plain(&heard.id), plain(heard.source_name()));
    if let Some(verification) = &heard.verification {
        let reason = verification.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        text.push_str(&plain(&format!("{}{reason}", verification.verdict)));
        text.push('\n');
    }
    let body = heard.body();
    lines(&mut text, &heard.headers, body.as_deref().unwrap_or_default());
    if body.is_none() {
        let _ = writeln!(text, "  {GONE}");
    }
    match sent.map(|sent| &sent.outcome) {
        Some(Ok(answer)) => {
            let _ = writeln!(text, "answered {}", answer.status);
            lines(&mut text, &answer.headers, &answer.body);
        }
        Some(Err(why)) => {
            let _ = writeln!(text, "not answered: {}", plain(why));
        }
        None => {}
    }
    Ok(output::print(&text)?)
}

/// A request as a command, also into the clipboard where the terminal takes it from there.
pub(super) fn command(draft: &Draft) -> anyhow::Result<()> {
    let command = curl::command(draft);
    // The sequence by which terminals take text into the clipboard; what is copied is in Base64, and steers nothing.
    let copy = format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(&command));
    let shown: Vec<_> = command.lines().map(plain).collect();
    Ok(output::print(&format!("{copy}{}\n", shown.join("\n")))?)
}

impl Heard {
    /// What people call its source.
    pub(super) fn source_name(&self) -> &str {
        self.source_uid.as_deref().unwrap_or(&self.source)
    }
}

fn heard(heard: &Heard) -> Value {
    let body = heard.body();
    json!({
        "id": heard.id,
        "receivedAt": heard.received_at,
        "source": heard.source,
        "sourceUid": heard.source_uid,
        "method": heard.method,
        "path": heard.path,
        "query": heard.query,
        "headers": heard.headers,
        "body": body.as_deref().and_then(|body| std::str::from_utf8(body).ok()),
        "bodyBase64": heard.body_base64,
        "eventType": heard.event_type,
        "eventId": heard.event_id,
        "verdict": heard.verification.as_ref().map(|verification| &verification.verdict),
        "attempt": heard.attempt,
    })
}

fn sent(heard: &Heard, sent: &Sent) -> Value {
    let mut value = self::heard(heard);
    value["sent"] = json!({
        "url": sent.url,
        "ms": sent.ms,
        "status": sent.outcome.as_ref().ok().map(|answer| answer.status),
        "error": sent.outcome.as_ref().err(),
    });
    value
}

fn lines(text: &mut String, headers: &[(String, String)], body: &[u8]) {
    for (name, value) in headers {
        let _ = writeln!(text, "  {}", plain(&format!("{name}: {value}")));
    }
    let body = String::from_utf8_lossy(body);
    for line in body.chars().take(BODY_CHARS).collect::<String>().lines() {
        let _ = writeln!(text, "  | {}", plain(line));
    }
    if body.chars().count() > BODY_CHARS {
        text.push_str("  | …\n");
    }
}

/// The time of day in a time.
fn clock(time: &str) -> &str {
    time.get(11..19).unwrap_or(time)
}
