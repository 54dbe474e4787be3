//! What an attempt looks like on the wire.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use postrider_core::attempt::{Attempt, FailureClass, Timings};
use postrider_core::id::{AttemptId, EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::message::MessageOut;
use crate::api::{answer, message, status};

/// An attempt.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `write` puts together")]
pub(super) struct MessageAttemptOut<'a> {
    #[serde(flatten)]
    attempt: AttemptOut<'a>,
    /// The message, where it was asked for.
    msg: Option<MessageOut<'a>>,
}

/// An attempt without its message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageAttempt)]
pub(super) struct AttemptOut<'a> {
    /// Its id.
    #[schema(value_type = String, example = "atmpt_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: AttemptId,
    /// The message.
    #[schema(value_type = String)]
    msg_id: MessageId,
    /// The endpoint.
    #[schema(value_type = String)]
    endpoint_id: EndpointId,
    /// The endpoint's URL at the time.
    url: &'a str,
    /// 1 for the first attempt of the message at this endpoint.
    number: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// 0 success, 2 fail.
    status: u8,
    /// `success` or `fail`.
    status_text: &'static str,
    /// 0 when the schedule said so, 1 when a person asked for it.
    trigger_type: u8,
    /// The first 16 KiB of the answer's body, or of a command's output, as text; what went wrong where there is none.
    response: Cow<'a, str>,
    /// The answer's status; 0 where no answer came.
    response_status_code: u16,
    /// How long it took, in milliseconds.
    response_duration_ms: u64,
    /// Who answered.
    #[schema(value_type = Option<String>, example = "203.0.113.7:443")]
    remote_address: Option<SocketAddr>,
    /// How long each phase took.
    timings: TimingsOut,
    /// What went wrong where no answer came.
    failure: Option<FailureOut<'a>>,
    /// The request's headers as sent, name and value each. Values of the endpoint's own headers, and of credentials,
    /// are withheld.
    #[schema(value_type = Vec<Vec<String>>)]
    request_headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The answer's headers, name and value each.
    #[schema(value_type = Vec<Vec<String>>)]
    response_headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// How long each phase of an attempt took, in milliseconds; 0 for one that did not happen, as on a connection that
/// was open already.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AttemptTimings)]
#[expect(clippy::struct_field_names, reason = "units last")]
struct TimingsOut {
    /// Name lookup.
    dns_ms: f64,
    /// TCP connect.
    connect_ms: f64,
    /// TLS handshake.
    tls_ms: f64,
    /// From the request's start to the first byte of the answer.
    first_byte_ms: f64,
    /// Everything, to the last byte read.
    total_ms: f64,
}

/// What went wrong where no answer came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptFailure)]
struct FailureOut<'a> {
    /// `dns`, `connect`, `tls`, `timeout`, `blocked`, `too_large`, `protocol`, `exec` or
    /// `internal`.
    #[schema(example = "timeout")]
    class: &'static str,
    /// A sentence for the endpoint's owner.
    message: &'a str,
}

impl<'a> From<&'a Attempt> for AttemptOut<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        let status = if attempt.succeeded { status::SUCCESS } else { status::FAIL };
        let response = match (&attempt.response, &attempt.failure) {
            // What a command has written before it failed is what its owner looks for.
            (Some(output), Some(failure)) if failure.class == FailureClass::Exec && !output.is_empty() => {
                String::from_utf8_lossy(output)
            }
            (_, Some(failure)) => Cow::Borrowed(failure.sentence.as_str()),
            (Some(body), None) => String::from_utf8_lossy(body),
            (None, None) => Cow::Borrowed(""),
        };
        Self {
            id: attempt.id,
            msg_id: attempt.message,
            endpoint_id: attempt.endpoint,
            url: &attempt.url,
            number: attempt.number,
            timestamp: attempt.at,
            status: status.number,
            status_text: status.text,
            trigger_type: attempt.trigger as u8,
            response,
            response_status_code: attempt.status_code,
            response_duration_ms: u64::try_from(attempt.timings.total.as_millis()).unwrap_or(u64::MAX),
            remote_address: attempt.remote,
            timings: attempt.timings.into(),
            failure: attempt
                .failure
                .as_ref()
                .map(|failure| FailureOut { class: failure.class.name(), message: &failure.sentence }),
            request_headers: lines(&attempt.request_headers),
            response_headers: lines(&attempt.response_headers),
        }
    }
}

impl From<Timings> for TimingsOut {
    fn from(timings: Timings) -> Self {
        let ms = |duration: Duration| duration.as_micros() as f64 / 1_000.0;
        Self {
            dns_ms: ms(timings.dns),
            connect_ms: ms(timings.connect),
            tls_ms: ms(timings.tls),
            first_byte_ms: ms(timings.first_byte),
            total_ms: ms(timings.total),
        }
    }
}

/// Appends an attempt, with its message if there is one to show.
pub(super) fn write(attempt: &Attempt, message: Option<&Message>, with_content: bool, out: &mut Vec<u8>) {
    let attempt = AttemptOut::from(attempt);
    match message {
        None => answer::write(&attempt, out),
        Some(message) => {
            answer::write_with(&attempt, "msg", |out| message::write(message, with_content, out), out);
        }
    }
}

/// Recorded header lines, `name: value` each. What is not text is shown with replacement characters.
fn lines(recorded: &[u8]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let lines = recorded.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let (name, value) = line.split_at(colon);
            let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
            (String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn header_lines_are_pairs() {
        let recorded = b"content-type: text/plain\nx: a: b\nempty:\nodd\nbad: \xff\n";
        let pairs = lines(recorded);
        let expected =
            [("content-type", "text/plain"), ("x", "a: b"), ("empty", ""), ("odd", ""), ("bad", "\u{fffd}")];
        assert!(pairs.iter().map(|(name, value)| (&**name, &**value)).eq(expected));
        assert!(lines(b"").is_empty());
    }
}
