//! Scripts as JSON: `{"steps": [{"status": 503, "delay": "2s"}, {"reset": true}, {}], "then": "cycle"}`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use postrider_core::names::Invalid;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use super::{Act, Answer, Duration, JSON, Script, Step, Then, lines, read_delay};
use crate::service::fields::{Checks, FieldError, InvalidFields};

/// Bytes of a script as JSON.
pub const BYTES: usize = 256 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScriptText {
    steps: Vec<StepText>,
    #[serde(default)]
    then: Then,
    #[serde(default)]
    capture_get: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct StepText {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    /// Text as a string, anything else as the JSON that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    timeout: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reset: bool,
}

/// Reads a script; it is not [checked](Script::check).
pub fn read(bytes: &[u8]) -> Result<Script, InvalidFields> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let text: ScriptText = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let at = error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        });
        let at = at.collect();
        let message = error.inner().to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        InvalidFields(vec![FieldError { at, invalid: Invalid::value(message) }])
    })?;
    let mut checks = Checks::default();
    let mut steps = Vec::with_capacity(text.steps.len());
    for (index, step) in text.steps.into_iter().enumerate() {
        match step.read() {
            Ok(step) => steps.push(step),
            Err(invalid) => checks.nested("steps", Err(invalid.under(&index.to_string()))),
        }
    }
    checks.finish()?;
    Ok(Script { steps, then: text.then, capture_get: text.capture_get })
}

/// Writes a script as it is read.
#[must_use]
pub fn write(script: &Script) -> String {
    let steps = script.steps.iter().map(StepText::of).collect();
    let text = ScriptText { steps, then: script.then, capture_get: script.capture_get };
    serde_json::to_string_pretty(&text).expect("our own types are JSON")
}

impl StepText {
    fn read(self) -> Result<Step, InvalidFields> {
        let mut checks = Checks::default();
        let delay = self.delay.as_deref().map(read_delay).transpose();
        let delay = checks.check("delay", delay).flatten().unwrap_or_default();
        let has_answer = self.status.is_some() || self.body.is_some() || !self.headers.is_empty();
        let kinds = [self.timeout, self.reset, has_answer];
        if kinds.into_iter().filter(|kind| *kind).count() > 1 {
            let message = "a step is an answer, `timeout` or `reset`, and no two of them";
            checks.check::<()>(if self.timeout { "timeout" } else { "reset" }, Err(Invalid::value(message)));
        }
        let act = match kinds {
            [true, ..] => Act::Timeout,
            [_, true, _] => Act::Reset,
            _ => Act::Answer(self.answer(&mut checks)),
        };
        checks.finish()?;
        Ok(Step { delay, act })
    }

    fn answer(self, checks: &mut Checks) -> Answer {
        let mut answer = Answer::of(self.status.unwrap_or(200));
        if let Some(body) = self.body {
            // A string is text: its quotes are JSON's and not the answer's.
            match serde_json::from_str::<Cow<'_, str>>(body.get()) {
                Ok(text) => {
                    answer.content_type = HeaderValue::from_static("text/plain; charset=utf-8");
                    answer.body = Bytes::from(text.into_owned());
                }
                Err(_) => answer.body = Bytes::from(body.get().to_owned()),
            }
        }
        for (name, value) in &self.headers {
            let invalid = |()| Invalid::pattern(format!("`{}` is no header", name.escape_debug()));
            let pair = HeaderName::try_from(name.as_str()).map_err(|_| ()).and_then(|name| {
                HeaderValue::try_from(value.as_str()).map(|value| (name, value)).map_err(|_| ())
            });
            match checks.check("headers", pair.map_err(invalid)) {
                Some((name, value)) if name == http::header::CONTENT_TYPE => answer.content_type = value,
                Some(pair) => answer.headers.push(pair),
                None => {}
            }
        }
        answer
    }

    fn of(step: &Step) -> Self {
        let delay = (step.delay > Duration::ZERO).then(|| lines::written(step.delay));
        match &step.act {
            Act::Timeout => Self { timeout: true, delay, ..Self::default() },
            Act::Reset => Self { reset: true, delay, ..Self::default() },
            Act::Answer(answer) => Self::of_answer(answer, delay),
        }
    }

    fn of_answer(answer: &Answer, delay: Option<String>) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut headers: BTreeMap<_, _> =
            answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let plain = Answer::of(answer.status);
        if answer.content_type != plain.content_type && !is_plain_text(&answer.content_type) {
            headers.insert("content-type".to_owned(), text(&answer.content_type));
        }
        let body = (answer.body != plain.body).then(|| {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            let raw =
                (answer.content_type == JSON).then(|| RawValue::from_string(body.clone()).ok()).flatten();
            raw.unwrap_or_else(|| {
                let quoted = serde_json::to_string(&body).expect("a string is JSON");
                RawValue::from_string(quoted).expect("it was just written")
            })
        });
        Self { status: Some(answer.status), headers, body, delay, ..Self::default() }
    }
}

fn is_plain_text(value: &HeaderValue) -> bool {
    value == "text/plain; charset=utf-8"
}
