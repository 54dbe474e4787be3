//! What a bin answers: a sequence of steps, one for each request, so that a sender's retries can be seen at work.
//!
//! Two ways of writing it: JSON ([`json`]), and lines for people ([`lines`]).

pub mod json;
pub mod lines;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use postrider_core::names::Invalid;

use super::held::NEVER;
use crate::config::duration;
use crate::service::fields::{Checks, InvalidFields};

/// Steps of a script.
const STEPS: usize = 50;
/// Bytes of the body of one step.
const BODY_BYTES: usize = 16 * 1024;
/// Bytes of all bodies and headers of a script.
const SCRIPT_BYTES: usize = 64 * 1024;
/// Headers of a step, and bytes of one of them.
const HEADERS: usize = 16;
const HEADER_BYTES: usize = 1024;
/// The longest delay.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// What a step without a body answers.
const DEFAULT_BODY: &[u8] = b"{\"ok\":true}";
const JSON: &str = "application/json";
/// What a step may answer with unless the configuration allows more: no browser takes these for a page.
const TYPES: [&str; 3] = [JSON, "application/problem+json", "text/plain"];
/// Names of headers that a step may set, beside those that begin with `x-`. None of them steers a browser or a proxy.
const NAMES: [&str; 7] = [
    "cache-control",
    "content-language",
    "etag",
    "last-modified",
    "retry-after",
    "webhook-allowed-origin",
    "webhook-allowed-rate",
];
/// Beginnings with which `x-` means something to a browser, or to a proxy in front of us.
const STEERING: [&str; 9] = [
    "x-accel-",
    "x-content-type-options",
    "x-frame-options",
    "x-lighttpd-",
    "x-litespeed-",
    "x-lsadc-",
    "x-reproxy-",
    "x-sendfile",
    "x-xss-protection",
];

/// What comes after the last step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The last one again and again.
    #[default]
    Repeat,
    /// The first one again.
    Cycle,
}

/// A script. The one without steps answers 200 to everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The steps.
    pub steps: Vec<Step>,
    /// What comes after the last.
    pub then: Then,
    /// Whether a GET of the bin's own address is kept and answered as well, unless it asks for a page.
    pub capture_get: bool,
}

/// One answer of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What comes before it.
    pub delay: Duration,
    /// What is done then.
    pub act: Act,
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It is answered.
    Answer(Answer),
    /// It is left without an answer, until the connection is cut.
    Timeout,
    /// The connection is cut.
    Reset,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// From 200 to 599.
    pub status: u16,
    /// Beside the content type.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The content type.
    pub content_type: HeaderValue,
    /// The body.
    pub body: Bytes,
}

/// What one request asks for in its address, instead of the script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exception {
    status: Option<u16>,
    delay: Duration,
}

/// What a request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned(pub Step);

impl Script {
    /// The step for the request of this number, counted from 0.
    pub(super) fn planned(&self, number: usize) -> Planned {
        let Some(last) = self.steps.len().checked_sub(1) else { return Exception::default().planned() };
        let at = match self.then {
            Then::Repeat => number.min(last),
            Then::Cycle => number % self.steps.len(),
        };
        Planned(self.steps[at].clone())
    }

    /// Bytes that it takes.
    pub(super) fn cost(&self) -> usize {
        self.steps.iter().map(|step| 128 + step.act.bytes()).sum()
    }

    /// Whether all of it is allowed here.
    pub fn check(&self, any_content_type: bool) -> Result<(), InvalidFields> {
        let mut checks = Checks::default();
        if self.steps.len() > STEPS {
            checks.check::<()>("steps", Err(Invalid::too_long(format!("must have at most {STEPS} entries"))));
            return checks.finish();
        }
        if self.steps.iter().map(|step| step.act.bytes()).sum::<usize>() > SCRIPT_BYTES {
            let message = format!("must have at most {SCRIPT_BYTES} bytes in all");
            checks.check::<()>("steps", Err(Invalid::too_long(message)));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let found = step.check(any_content_type).map_err(|invalid| invalid.under(&index.to_string()));
            checks.nested("steps", found);
        }
        checks.finish()
    }
}

impl Step {
    fn check(&self, any_content_type: bool) -> Result<(), InvalidFields> {
        let mut checks = Checks::default();
        checks.check("delay", check_delay(self.delay));
        if let Act::Answer(answer) = &self.act {
            checks.check("status", check_status(answer.status));
            if answer.body.len() > BODY_BYTES {
                let message = format!("must have at most {BODY_BYTES} bytes");
                checks.check::<()>("body", Err(Invalid::too_long(message)));
            }
            if answer.headers.len() > HEADERS {
                let message = format!("must have at most {HEADERS} entries");
                checks.check::<()>("headers", Err(Invalid::too_long(message)));
            }
            for (name, value) in &answer.headers {
                checks.nested("headers", check_header(name, value));
            }
            if !any_content_type && !is_plain(&answer.content_type) {
                let message = "must be application/json or text/plain here (bins.any_content_type)";
                checks.check::<()>("headers", Err(Invalid::value(message)));
            }
        }
        checks.finish()
    }
}

fn check_header(name: &HeaderName, value: &HeaderValue) -> Result<(), InvalidFields> {
    let text = name.as_str();
    let is_own = text.starts_with("x-") && !STEERING.iter().any(|start| text.starts_with(start));
    let invalid = if !is_own && !NAMES.contains(&text) {
        let list = NAMES.join(", ");
        Invalid::value(format!(
            "cannot be set here: allowed are content-type, {list} and those that begin with x-"
        ))
    } else if value.len() > HEADER_BYTES {
        Invalid::too_long(format!("must have at most {HEADER_BYTES} bytes"))
    } else {
        return Ok(());
    };
    Err(InvalidFields::one(text, invalid))
}

/// Whether it is one of [`TYPES`] alone: of several behind commas browsers take the last.
fn is_plain(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    TYPES.contains(&media_type.as_str()) && !text.contains(',')
}

fn check_status(status: u16) -> Result<(), Invalid> {
    if (200..600).contains(&status) { Ok(()) } else { Err(Invalid::value("must be from 200 to 599")) }
}

fn check_delay(delay: Duration) -> Result<(), Invalid> {
    if delay <= DELAY_MAX { Ok(()) } else { Err(Invalid::value("must be at most 30s")) }
}

impl Act {
    fn bytes(&self) -> usize {
        let Self::Answer(Answer { headers, body, .. }) = self else { return 0 };
        body.len() + headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
    }
}

impl Answer {
    /// This status with the default body.
    #[must_use]
    pub fn of(status: u16) -> Self {
        let content_type = HeaderValue::from_static(JSON);
        // These have none, and no body that follows one could be told from the next answer.
        let body = if matches!(status, 204 | 205 | 304) { &b""[..] } else { DEFAULT_BODY };
        Self { status, headers: Vec::new(), content_type, body: Bytes::from_static(body) }
    }
}

impl Exception {
    /// What the path behind the name (`/status/503`) and the query (`status=503`, `delay=2s`) ask for; `None` for
    /// nothing. Other values of these names are not for us: senders have parameters of their own.
    #[must_use]
    pub fn read(tail: &str, query: &str) -> Option<Self> {
        let status = |text: &str| text.parse().ok().filter(|status| check_status(*status).is_ok());
        let mut found =
            Self { status: tail.strip_prefix("/status/").and_then(status), delay: Duration::ZERO };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "status" => found.status = status(&value).or(found.status),
                "delay" => found.delay = read_delay(&value).unwrap_or(found.delay),
                _ => {}
            }
        }
        (found != Self::default()).then_some(found)
    }

    pub(super) fn planned(self) -> Planned {
        let answer = Answer::of(self.status.unwrap_or(200));
        Planned(Step { delay: self.delay, act: Act::Answer(answer) })
    }
}

fn read_delay(text: &str) -> Result<Duration, Invalid> {
    let delay = duration(text).ok_or_else(|| Invalid::value("must be a duration, such as 500ms or 2s"))?;
    check_delay(delay).map(|()| delay)
}

impl fmt::Display for Planned {
    /// In words, for the page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { delay, act } = &self.0;
        match act {
            Act::Answer(answer) => write!(f, "{}", answer.status)?,
            Act::Timeout => write!(f, "no answer, cut after {} s", NEVER.as_secs())?,
            Act::Reset => f.write_str("connection reset")?,
        }
        if delay.is_zero() { Ok(()) } else { write!(f, " after {}", lines::written(*delay)) }
    }
}

#[cfg(test)]
mod tests;
