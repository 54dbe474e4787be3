//! Whether a candidate is meant.
//!
//! A candidate is put together step by step, each dearer than the one before: the message, then its delivery, then the
//! last attempt, then the payload. Each condition belongs to the first [`Stage`] at which it can be judged, so that most
//! candidates are dropped early.

use super::candidate::{AppHead, Candidate, LastAttempt, Sent};
use super::condition::{BodyTest, Condition, Fault, Pattern};
use super::field::BodyPath;
use super::{Query, Term};
use crate::app::Ref;
use crate::delivery::State;
use crate::id::SourceId;
use crate::inbound::json_path::scalar;
use crate::time::Timestamp;

/// How much of a candidate is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The message without its payload, and whose it is.
    Message,
    /// The delivery and its endpoint too.
    Delivery,
    /// Its last attempt too.
    Attempt,
    /// The payload too.
    Payload,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Message, Self::Delivery, Self::Attempt, Self::Payload];
}

impl Condition {
    /// When it can be judged.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::App(_)
            | Self::Source(_)
            | Self::Message(_)
            | Self::Type(_)
            | Self::EventId(_)
            | Self::Channel(_)
            | Self::Tag(_)
            | Self::Edited(_)
            | Self::Since(_)
            | Self::Until(_) => Stage::Message,
            Self::Status(_) | Self::Endpoint(_) | Self::Attempt(_) => Stage::Delivery,
            Self::Code(_) | Self::Error(_) | Self::Trigger(_) | Self::Latency(_) | Self::Header(..) => {
                Stage::Attempt
            }
            Self::Body(..) | Self::Text(_) => Stage::Payload,
        }
    }

    /// Whether it is about a delivery, and not about the message alone.
    #[must_use]
    pub const fn is_of_delivery(&self) -> bool {
        matches!(self.stage(), Stage::Delivery | Stage::Attempt)
    }

    fn is_met(&self, candidate: &Candidate<'_>, now: Timestamp) -> bool {
        let Candidate { app, message, sent, payload } = candidate;
        match self {
            Self::App(refs) => refs.iter().any(|one| match one {
                Ref::Id(id) => *id == app.id,
                Ref::Uid(uid) => app.uid.as_ref() == Some(uid),
            }),
            Self::Source(refs) => refs.iter().any(|one| is_source(one, app)),
            Self::Message(refs) => refs.iter().any(|one| match one {
                Ref::Id(id) => *id == message.id,
                Ref::Uid(uid) => message.event_id.as_ref() == Some(uid),
            }),
            Self::Type(patterns) => any(patterns, [message.event_type.as_str()]),
            Self::EventId(patterns) => any(patterns, message.event_id.as_deref()),
            Self::Channel(patterns) => any(patterns, message.channels.iter().map(String::as_str)),
            Self::Tag(patterns) => any(patterns, message.tags.iter().map(String::as_str)),
            Self::Edited(is_edited) => message.edited_of.is_some() == *is_edited,
            Self::Since(moment) => message.id.timestamp() >= moment.at(now),
            Self::Until(moment) => message.id.timestamp() < moment.at(now),
            Self::Body(path, test) => payload.is_some_and(|payload| in_body(path, test, payload)),
            Self::Text(text) => is_in_text(text, candidate),
            _ => sent.as_ref().is_some_and(|sent| self.is_met_by(sent)),
        }
    }

    fn is_met_by(&self, sent: &Sent<'_>) -> bool {
        let Sent { delivery, endpoint, .. } = sent;
        // While it is being sent, nobody knows how that goes.
        let last = sent.last.filter(|_| delivery.state != State::Held);
        match self {
            Self::Status(all) => all.iter().any(|one| one.covers(delivery.state, delivery.attempts)),
            Self::Endpoint(refs) => refs.iter().any(|one| match one {
                Ref::Id(id) => *id == endpoint.id,
                Ref::Uid(uid) => endpoint.uid.as_ref() == Some(uid),
            }),
            Self::Attempt(bound) => bound.covers(&delivery.attempts),
            Self::Code(codes) => {
                last.is_some_and(|last| codes.iter().any(|codes| codes.covers(last.status_code)))
            }
            Self::Error(faults) => last.is_some_and(|last| faults.iter().any(|fault| is_fault(fault, last))),
            Self::Trigger(trigger) => last.is_some_and(|last| last.trigger == *trigger),
            Self::Latency(bound) => last.is_some_and(|last| bound.covers(&last.latency)),
            Self::Header(name, patterns) => {
                last.is_some() && has_header(sent.headers, name, |value| any(patterns, [value]))
            }
            _ => false,
        }
    }
}

impl Term {
    /// Whether the term holds for the candidate.
    #[must_use]
    pub fn matches(&self, candidate: &Candidate<'_>, now: Timestamp) -> bool {
        self.condition.is_met(candidate, now) != self.is_not
    }
}

impl Query {
    /// Whether the terms that are judged at this stage all hold for the candidate.
    #[must_use]
    pub fn admits(&self, stage: Stage, candidate: &Candidate<'_>, now: Timestamp) -> bool {
        let mut terms = self.terms().iter().filter(|term| term.condition.stage() == stage);
        terms.all(|term| term.matches(candidate, now))
    }

    /// Whether all terms hold for the candidate.
    #[must_use]
    pub fn matches(&self, candidate: &Candidate<'_>, now: Timestamp) -> bool {
        self.terms().iter().all(|term| term.matches(candidate, now))
    }

    /// Whether the terms on where a delivery stands hold: they need nothing else of it.
    #[must_use]
    pub fn admits_standing(&self, state: State, attempts: u32) -> bool {
        self.terms().iter().all(|term| {
            let is_met = match &term.condition {
                Condition::Status(all) => all.iter().any(|one| one.covers(state, attempts)),
                Condition::Attempt(bound) => bound.covers(&attempts),
                _ => return true,
            };
            is_met != term.is_not
        })
    }

    /// The states in which a delivery that is meant may be.
    #[must_use]
    pub fn states(&self) -> Vec<State> {
        let may_be = |state: &State| {
            [0, 1].into_iter().any(|attempts| {
                self.terms().iter().all(|term| match &term.condition {
                    Condition::Status(all) => {
                        all.iter().any(|one| one.covers(*state, attempts)) != term.is_not
                    }
                    _ => true,
                })
            })
        };
        State::ALL.into_iter().filter(may_be).collect()
    }

    /// Whether any term is judged at this stage.
    #[must_use]
    pub fn asks(&self, stage: Stage) -> bool {
        self.terms().iter().any(|term| term.condition.stage() == stage)
    }

    /// Whether any term is about deliveries, and not about messages alone.
    #[must_use]
    pub fn asks_of_deliveries(&self) -> bool {
        self.terms().iter().any(|term| term.condition.is_of_delivery())
    }

    /// Whether any term looks at the headers of requests.
    #[must_use]
    pub fn asks_for_headers(&self) -> bool {
        self.terms().iter().any(|term| matches!(term.condition, Condition::Header(..)))
    }
}

fn any<'t>(patterns: &[Pattern], texts: impl IntoIterator<Item = &'t str>) -> bool {
    texts.into_iter().any(|text| patterns.iter().any(|pattern| pattern.covers(text)))
}

fn is_source(reference: &Ref<SourceId>, app: &AppHead) -> bool {
    match reference {
        Ref::Id(id) => app.source == Some(*id),
        Ref::Uid(uid) => app.source_uid.as_ref() == Some(uid),
    }
}

fn is_fault(fault: &Fault, last: &LastAttempt) -> bool {
    last.failure.as_ref().is_some_and(|failure| match fault {
        Fault::Any => true,
        Fault::Class(class) => *class == failure.class,
        Fault::Saying(text) => contains(failure.sentence.as_bytes(), text),
    })
}

/// Whether a header of this name has a value that is `wanted`. The names of recorded lines may be in any case.
fn has_header(lines: &[u8], name: &str, wanted: impl Fn(&str) -> bool) -> bool {
    let text = String::from_utf8_lossy(lines);
    text.lines().any(|line| {
        line.split_once(':')
            .is_some_and(|(own, value)| own.eq_ignore_ascii_case(name) && wanted(value.trim()))
    })
}

fn in_body(path: &BodyPath, test: &BodyTest, payload: &[u8]) -> bool {
    path.0.all(payload).into_iter().any(|raw| {
        let is_text = raw.starts_with('"');
        match test {
            BodyTest::Number(bound) => !is_text && raw.parse().is_ok_and(|number: f64| bound.covers(&number)),
            BodyTest::Text(patterns) => {
                is_text && scalar(raw).is_some_and(|scalar| any(patterns, [&*scalar]))
            }
            // What is no scalar, such as null or an object, is compared as it is written.
            BodyTest::Is(patterns) => match scalar(raw) {
                Some(scalar) => any(patterns, [&*scalar]),
                None => any(patterns, [raw]),
            },
        }
    })
}

fn is_in_text(text: &str, candidate: &Candidate<'_>) -> bool {
    let Candidate { message, sent, payload, .. } = candidate;
    let lists = message.channels.iter().chain(&message.tags);
    contains(message.event_type.as_bytes(), text)
        || message.event_id.as_ref().is_some_and(|id| contains(id.as_bytes(), text))
        || lists.into_iter().any(|one| contains(one.as_bytes(), text))
        || sent.as_ref().is_some_and(|sent| contains(sent.endpoint.url.as_bytes(), text))
        || payload.is_some_and(|payload| contains(payload, text))
}

/// Whether `wanted`, which is not empty, is somewhere in `bytes`, in upper or lower case.
fn contains(bytes: &[u8], wanted: &str) -> bool {
    let wanted = wanted.as_bytes();
    let Some(first) = wanted.first() else { return true };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let mut rest = bytes;
    while rest.len() >= wanted.len() {
        let heads = &rest[..=rest.len() - wanted.len()];
        let Some(at) = heads.iter().position(|byte| *byte == lower || *byte == upper) else { return false };
        if rest[at..at + wanted.len()].eq_ignore_ascii_case(wanted) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
