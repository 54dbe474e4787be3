//! A delivery in a sentence: where it stands, why, and what to do about it.
//!
//! Pure: from what is known of a delivery to words, so that every case is in one table.

use std::fmt::Write as _;

use http::StatusCode;
use postrider_core::attempt::{Attempt, FailureClass};
use postrider_core::delivery::State;
use postrider_core::endpoint::DisabledReason;

use crate::service::inspect::Inspected;
use crate::ui::parts::{Kind, clock};

/// What the page says first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// How the reader should take it.
    pub(super) kind: Kind,
    /// Where it stands, in bold.
    pub(super) standing: String,
    /// What the last attempt met.
    pub(super) cause: Option<String>,
    /// What to do, where somebody has to do something.
    pub(super) advice: Option<&'static str>,
}

/// Tells it.
pub(super) fn told(inspected: &Inspected) -> Told {
    let (delivery, last) = (&inspected.delivery, inspected.attempts.first());
    let made = delivery.attempts;
    let (kind, standing) = match delivery.state {
        State::Succeeded => (Kind::Good, format!("Delivered at the {} attempt", ordinal(made))),
        State::Failed => (Kind::Bad, format!("Failed after {}; none is planned any more", attempts(made))),
        State::Canceled => (Kind::Waiting, format!("Canceled after {}", attempts(made))),
        State::Parked => (Kind::Waiting, "Waits for the one before it in its order".to_owned()),
        State::Held if made == 0 => (Kind::Waiting, "Being sent for the first time".to_owned()),
        State::Held => (Kind::Other, format!("Being sent again, after {}", attempts(made))),
        State::Waiting if made == 0 => (Kind::Waiting, "Waits for its first attempt".to_owned()),
        State::Waiting => (Kind::Other, failing(inspected)),
    };
    let is_settled = matches!(delivery.state, State::Canceled);
    let cause = last.filter(|_| !is_settled).map(cause);
    let advice = last.filter(|last| !last.succeeded && !is_settled).and_then(advice);
    Told { kind, standing, cause, advice }
}

fn failing(inspected: &Inspected) -> String {
    let made = inspected.delivery.attempts;
    match inspected.attempts_in_all() {
        Some(all) => format!("Failed {made} of {all} attempts"),
        None => format!("Failed {}, and is tried until it arrives", times(made)),
    }
}

/// Why nothing is sent although something waits.
pub(super) fn held_up(inspected: &Inspected) -> Option<&'static str> {
    let disabled = inspected.endpoint.disabled?;
    if inspected.delivery.state.is_finished() {
        return None;
    }
    Some(match disabled.reason {
        DisabledReason::Asked => "Its endpoint is paused. Nothing is sent until somebody resumes it.",
        DisabledReason::Gone => {
            "Its endpoint answered 410 Gone and was disabled. Nothing is sent until it is enabled again."
        }
        DisabledReason::Failing => {
            "Every attempt at its endpoint failed for days, so it was disabled. Nothing is sent until it is enabled again."
        }
    })
}

/// What an attempt met, to be read after a dash.
pub(super) fn cause(attempt: &Attempt) -> String {
    let took = clock(attempt.timings.total);
    let mut text = match &attempt.failure {
        Some(failure) => failure.sentence.trim_end_matches('.').to_owned(),
        None => format!("the endpoint answered {}", status(attempt.status_code)),
    };
    if !attempt.timings.total.is_zero() {
        let word = if attempt.failure.is_some() { ", after" } else { " in" };
        let _ = write!(text, "{word} {took}");
    }
    text
}

/// A status with its reason.
pub(in crate::ui::dashboard) fn status(code: u16) -> String {
    match StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{code} {reason}"),
        None => code.to_string(),
    }
}

/// What helps, as a rule, against what an attempt met.
fn advice(attempt: &Attempt) -> Option<&'static str> {
    if let Some(failure) = &attempt.failure {
        return Some(match failure.class {
            FailureClass::Dns => {
                "Check the host in the endpoint's URL, and that its name is known to public name servers."
            }
            FailureClass::Connect => {
                "Check that the receiver runs and that its firewall lets this server in."
            }
            FailureClass::Tls => {
                "Check the receiver's certificate: its names, its chain, and until when it is good."
            }
            FailureClass::Timeout => {
                "Have the receiver answer first and work afterwards, or give the endpoint a longer timeout."
            }
            FailureClass::Blocked => {
                "This server may not send there. Its operator can open addresses with `egress.allow`."
            }
            FailureClass::TooLarge => {
                "The head of the receiver's answer is too large. Look what adds headers to it."
            }
            FailureClass::Protocol => {
                "What answers is no HTTP server, or one behind a broken proxy. Check port and scheme of the URL."
            }
            FailureClass::Exec => "The command did not end well. What it wrote is in the answer below.",
            FailureClass::Internal => return None,
        });
    }
    Some(match attempt.status_code {
        300..=399 => "Redirects are not followed. Set the endpoint's URL to where the answer points.",
        401 | 403 => {
            "The receiver refuses the request. Check that it verifies with this endpoint's current secret, and which credentials it expects."
        }
        404 | 405 => "Nothing takes the request there. Check the path of the endpoint's URL.",
        408 | 504 => {
            "Something before the receiver gave up waiting. Have it answer first and work afterwards."
        }
        410 => {
            "The receiver wants nothing any more, and the endpoint was disabled for it. Enable it if that was a mistake."
        }
        413 => "The receiver, or a proxy before it, takes no bodies of this size.",
        415 => "The receiver does not take this content type.",
        429 => "The receiver asks for less at once. Give the endpoint a rate limit.",
        400..=499 => "The receiver calls the request wrong. Its answer below may say why.",
        500..=599 => {
            "The receiver has failed. Look for this message's id in its logs at the time of the attempt."
        }
        _ => return None,
    })
}

fn attempts(count: u32) -> String {
    if count == 1 { "1 attempt".to_owned() } else { format!("{count} attempts") }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn ordinal(number: u32) -> String {
    let end = match (number % 10, number % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_are_english() {
        for (number, text) in [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (11, "11th"),
            (12, "12th"),
            (21, "21st"),
            (113, "113th"),
        ] {
            assert_eq!(ordinal(number), text);
        }
    }

    #[test]
    fn statuses_have_their_reason() {
        assert_eq!(status(503), "503 Service Unavailable");
        assert_eq!(status(799), "799");
    }
}
