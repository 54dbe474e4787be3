//! Scripts for people, a step a line: `503`, `200 after 2s {"ok": true}`, `timeout`, `reset after 1s`.
//!
//! Headers cannot be said in this form; a script that has some is shown as JSON.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use postrider_core::names::Invalid;
use serde::de::IgnoredAny;

use super::{Act, Answer, JSON, Script, Step, Then, json, read_delay};
use crate::service::fields::{Checks, InvalidFields};

const TEXT: &str = "text/plain; charset=utf-8";

/// Reads lines, or JSON where the text begins with a brace; it is not [checked](Script::check).
pub fn read(text: &str, then: Then, capture_get: bool) -> Result<Script, InvalidFields> {
    if text.trim_start().starts_with('{') {
        return json::read(text.as_bytes()).map(|script| Script { then, capture_get, ..script });
    }
    let mut checks = Checks::default();
    let mut steps = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        steps.extend(checks.check(&format!("line {}", number + 1), step(line.trim())));
    }
    checks.finish()?;
    Ok(Script { steps, then, capture_get })
}

fn step(line: &str) -> Result<Step, Invalid> {
    let (word, mut rest) = first_word(line);
    let mut delay = Duration::ZERO;
    if let ("after", after) = first_word(rest) {
        let (time, body) = first_word(after);
        delay = read_delay(time)?;
        rest = body;
    }
    let act = match word {
        "timeout" | "reset" if !rest.is_empty() => {
            return Err(Invalid::value("has no body: nothing is answered"));
        }
        "timeout" => Act::Timeout,
        "reset" => Act::Reset,
        status => {
            let wanted = "must begin with a status from 200 to 599, `timeout` or `reset`";
            Act::Answer(answer(status.parse().map_err(|_| Invalid::value(wanted))?, rest))
        }
    };
    Ok(Step { delay, act })
}

fn answer(status: u16, body: &str) -> Answer {
    let answer = Answer::of(status);
    if body.is_empty() {
        return answer;
    }
    let is_json = serde_json::from_str::<IgnoredAny>(body).is_ok();
    let content_type = HeaderValue::from_static(if is_json { JSON } else { TEXT });
    Answer { content_type, body: Bytes::from(body.to_owned()), ..answer }
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    (word, rest.trim_start())
}

/// Writes a script in the shortest form that says all of it.
#[must_use]
pub fn write(script: &Script) -> String {
    let lines: Option<Vec<_>> = script.steps.iter().map(line).collect();
    lines.map_or_else(|| json::write(script), |lines| lines.join("\n"))
}

fn line(step: &Step) -> Option<String> {
    let after = if step.delay.is_zero() { String::new() } else { format!(" after {}", written(step.delay)) };
    Some(match &step.act {
        Act::Timeout => format!("timeout{after}"),
        Act::Reset => format!("reset{after}"),
        Act::Answer(given) if *given == Answer::of(given.status) => format!("{}{after}", given.status),
        Act::Answer(given) => {
            let body = std::str::from_utf8(&given.body).ok()?;
            // What would not be read back as it is cannot be said in a line.
            let says_all =
                !body.contains(['\n', '\r']) && body.trim() == body && answer(given.status, body) == *given;
            says_all.then(|| format!("{}{after} {body}", given.status))?
        }
    })
}

/// A delay as it is read.
pub(super) fn written(delay: Duration) -> String {
    let millis = delay.as_millis();
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}
