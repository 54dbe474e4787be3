//! States: always a sign and a word, and a colour besides.

use http::StatusCode;
use maud::{Markup, html};
use postrider_core::attempt::Attempt;
use postrider_core::delivery::State;

/// What a state means to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it should be.
    Good,
    /// Somebody has to do something.
    Bad,
    /// Something is to be known.
    Other,
    /// Nothing is to be done but to wait.
    Waiting,
}

impl Kind {
    /// Its class in the stylesheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Other => "other",
            Self::Waiting => "waiting",
        }
    }

    /// Its sign.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✕",
            Self::Other => "!",
            Self::Waiting => "○",
        }
    }
}

/// A state in a word.
pub(crate) fn pill(kind: Kind, word: &str) -> Markup {
    html! { span class={ "pill " (kind.class()) } { span aria-hidden="true" { (kind.sign()) } (word) } }
}

/// Where a delivery stands after so many attempts.
pub(crate) fn state(state: State, attempts: u32) -> Markup {
    let (kind, word) = match (state, attempts) {
        (State::Succeeded, _) => (Kind::Good, "Delivered"),
        (State::Failed, _) => (Kind::Bad, "Failed"),
        (State::Canceled, _) => (Kind::Waiting, "Canceled"),
        (State::Parked, _) => (Kind::Waiting, "In order"),
        (State::Held, _) => (Kind::Waiting, "Sending"),
        (State::Waiting, 0) => (Kind::Waiting, "Pending"),
        (State::Waiting, _) => (Kind::Other, "Retrying"),
    };
    pill(kind, word)
}

/// What a person has made of another message, with a change.
pub(crate) fn edited() -> Markup {
    pill(Kind::Other, "Edited")
}

/// How an attempt ended: its status, or what kept an answer from coming.
pub(crate) fn outcome(attempt: &Attempt) -> Markup {
    let kind = if attempt.succeeded { Kind::Good } else { Kind::Bad };
    if let Some(failure) = &attempt.failure {
        return pill(kind, failure.class.name());
    }
    let status = StatusCode::from_u16(attempt.status_code).ok();
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    html! { span title=(reason) { (pill(kind, &attempt.status_code.to_string())) } }
}
