//! What came of an attempt, before it is judged.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use postrider_core::attempt::{Failure, FailureClass, Timings};
use postrider_core::time::Timestamp;
use postrider_core::{limits, retry_after};
use postrider_egress::{Answer, Exchange, Failure as Unanswered};

use super::headers;
use crate::dispatch::scheduler::Outcome;

/// See the module's documentation.
pub(in crate::dispatch) struct Tried {
    pub(in crate::dispatch) status_code: u16,
    pub(in crate::dispatch) failure: Option<Failure>,
    pub(in crate::dispatch) retry_after: Option<Duration>,
    pub(in crate::dispatch) remote: Option<SocketAddr>,
    pub(in crate::dispatch) timings: Timings,
    pub(in crate::dispatch) request_headers: Bytes,
    pub(in crate::dispatch) response_headers: Bytes,
    pub(in crate::dispatch) response: Bytes,
}

impl Tried {
    /// No answer came.
    pub(in crate::dispatch) fn failed(class: FailureClass, sentence: &str) -> Self {
        Self {
            status_code: 0,
            failure: Some(Failure { class, sentence: sentence.to_owned() }),
            retry_after: None,
            remote: None,
            timings: Timings::default(),
            request_headers: Bytes::new(),
            response_headers: Bytes::new(),
            response: Bytes::new(),
        }
    }

    /// Something of ours failed after the answer's status, 0 for none, was known.
    pub(in crate::dispatch) fn through_our_fault(status_code: u16) -> Self {
        let failed = Self::failed(FailureClass::Internal, "an error inside Postrider");
        match status_code {
            0 => failed,
            _ => Self { status_code, failure: None, ..failed },
        }
    }

    pub(in crate::dispatch) fn from_exchange(
        exchange: Exchange,
        request_headers: Bytes,
        now: Timestamp,
    ) -> Self {
        let timings = Timings {
            dns: exchange.timings.dns,
            connect: exchange.timings.connect,
            tls: exchange.timings.tls,
            first_byte: exchange.timings.first_byte,
            total: exchange.timings.total,
        };
        let tried = match exchange.result {
            Ok(answer) => Self::answered(answer, now),
            Err(failure) => Self::failed(class_of(&failure), &failure.to_string()),
        };
        Self { remote: exchange.remote, timings, request_headers, ..tried }
    }

    fn answered(answer: Answer, now: Timestamp) -> Self {
        // Who says two things says nothing.
        let mut asked = answer.headers.get_all(RETRY_AFTER).iter();
        let retry_after = match (asked.next(), asked.next()) {
            (Some(value), None) => retry_after::parse(value.as_bytes(), now),
            _ => None,
        };
        Self {
            status_code: answer.status,
            failure: None,
            retry_after,
            response_headers: headers::lines(&answer.headers, limits::RESPONSE_HEADER_BYTES, |_| false),
            response: answer.body,
            ..Self::failed(FailureClass::Internal, "")
        }
    }

    /// Whether the endpoint took it.
    pub(in crate::dispatch) fn arrived(&self) -> bool {
        (200..300).contains(&self.status_code)
    }

    /// What it says of the endpoint.
    pub(in crate::dispatch) fn outcome(&self) -> Outcome {
        match (self.status_code, self.failure.as_ref().map(|failure| failure.class)) {
            (200..300, _) => Outcome::Arrived,
            (410, _) => Outcome::Gone,
            (0, Some(FailureClass::Internal)) => Outcome::Internal,
            (
                0,
                Some(
                    FailureClass::Blocked
                    | FailureClass::TooLarge
                    | FailureClass::Protocol
                    | FailureClass::Exec,
                ),
            ) => Outcome::Refused,
            (0 | 429 | 502..=504, _) => Outcome::Overloaded,
            _ => Outcome::Refused,
        }
    }
}

/// Egress knows nothing of deliveries, and `core` nothing of connections: what they share is the names of the classes.
fn class_of(failure: &Unanswered) -> FailureClass {
    let name = failure.class();
    let known = FailureClass::ALL.into_iter().find(|class| class.name() == name);
    debug_assert!(known.is_some(), "egress has a class that is not recorded: {name}");
    known.unwrap_or(FailureClass::Internal)
}

#[cfg(test)]
mod tests {
    use std::io;

    use postrider_egress::{DnsError, Phase, Refused, TlsProblem};

    use super::*;

    /// The two that take an answer, `too_large` and `protocol`, are proven with receivers, in `tests/it/hostile`.
    #[test]
    fn each_failure_without_an_answer_has_its_class() {
        let io = || io::Error::other("as the test wants");
        let cases = [
            (Unanswered::Blocked(Refused::Scheme), FailureClass::Blocked),
            (Unanswered::Dns(DnsError::NotFound), FailureClass::Dns),
            (Unanswered::Connect(io()), FailureClass::Connect),
            (Unanswered::Tls { problem: TlsProblem::Expired, source: io() }, FailureClass::Tls),
            (Unanswered::Timeout { phase: Phase::Answer }, FailureClass::Timeout),
        ];
        for (failure, class) in cases {
            assert_eq!(class_of(&failure), class, "{failure:?}");
        }
    }
}
