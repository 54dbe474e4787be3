//! Words become terms.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use super::condition::{BodyTest, Bound, Codes, Condition, Fault, Moment, Order, Pattern, Status};
use super::error::{Problem, QueryError};
use super::field::{self, Field, Name};
use super::lex::{self, Value, Word};
use super::{QUERY_BYTES, QUERY_TERMS, Query, TERM_VALUES, Term};
use crate::app::Ref;
use crate::attempt::{FailureClass, Trigger};
use crate::id::{AppId, EndpointId, MessageId, SourceId};
use crate::time::Timestamp;

/// The longest duration that a query names: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

impl FromStr for Query {
    type Err = QueryError;

    /// Reads a query. An empty text is an empty query.
    fn from_str(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES {
            return Err(QueryError { problem: Problem::TooLong, span: 0..text.len(), suggestion: None });
        }
        let (mut query, mut at) = (Self::default(), 0);
        while let Some((word, end)) = lex::next(text, at)? {
            let (term, span) = term(word)?;
            if query.terms.len() == QUERY_TERMS {
                return Err(QueryError { problem: Problem::TooManyTerms, span, suggestion: None });
            }
            query.terms.push(term);
            query.spans.push(span);
            at = end;
        }
        Ok(query)
    }
}

impl FromStr for Term {
    type Err = QueryError;

    /// Reads a query of exactly one term.
    fn from_str(text: &str) -> Result<Self, QueryError> {
        let mut query = Query::from_str(text)?;
        match (query.terms.pop(), query.terms.is_empty()) {
            (Some(term), true) => Ok(term),
            (None, _) => Err(QueryError { problem: Problem::NoValue, span: 0..text.len(), suggestion: None }),
            _ => Err(QueryError { problem: Problem::TooManyTerms, span: 0..text.len(), suggestion: None }),
        }
    }
}

fn term(word: Word) -> Result<(Term, Range<usize>), QueryError> {
    let Word { is_not, field, mut values, span } = word;
    let condition = match field {
        None => text(values.remove(0)),
        Some((name, place)) => {
            let Ok(field) = name.parse() else {
                let suggestion = field::nearest(&name).map(str::to_owned);
                return Err(QueryError { problem: Problem::UnknownField(name), span: place, suggestion });
            };
            if values.len() > TERM_VALUES {
                return Err(QueryError { problem: Problem::TooManyValues, span, suggestion: None });
            }
            Values { field: &field, values }.condition()?
        }
    };
    Ok((Term { is_not, condition }, span))
}

/// Text without a field: an id stands for what it names.
fn text(Value { text, is_quoted, .. }: Value) -> Condition {
    if !is_quoted {
        if let Ok(id) = text.parse::<MessageId>() {
            return Condition::Message(vec![Ref::Id(id)]);
        }
        if let Ok(id) = text.parse::<EndpointId>() {
            return Condition::Endpoint(vec![Ref::Id(id)]);
        }
        if let Ok(id) = text.parse::<AppId>() {
            return Condition::App(vec![Ref::Id(id)]);
        }
        if let Ok(id) = text.parse::<SourceId>() {
            return Condition::Source(vec![Ref::Id(id)]);
        }
    }
    Condition::Text(text)
}

/// The values of a term, to be read as those of its field.
struct Values<'f> {
    field: &'f Field,
    values: Vec<Value>,
}

impl Values<'_> {
    fn condition(self) -> Result<Condition, QueryError> {
        let name = match self.field {
            Field::Named(name) => *name,
            Field::Body(path) => return Ok(Condition::Body(path.clone(), self.body()?)),
            Field::Header(name) => return Ok(Condition::Header(name.clone(), self.patterns())),
            Field::Text => return Err(self.bad(0, "text without a colon")),
        };
        Ok(match name {
            Name::Status => {
                let takes = "delivered, pending, retrying, sending, failed or canceled";
                Condition::Status(self.each(takes, |value| status(&value.text))?)
            }
            Name::Code => {
                let takes =
                    "a status such as 503, a class such as 5xx, a range such as 500-504, >=500, or none";
                Condition::Code(self.each(takes, |value| codes(&value.text))?)
            }
            Name::Error => {
                let takes = "a class such as timeout, a text in quotes, or *";
                Condition::Error(self.each(takes, fault)?)
            }
            Name::Type => Condition::Type(self.patterns()),
            Name::EventId => Condition::EventId(self.patterns()),
            Name::Channel => Condition::Channel(self.patterns()),
            Name::Tag => Condition::Tag(self.patterns()),
            Name::Endpoint => Condition::Endpoint(self.refs()?),
            Name::App => Condition::App(self.refs()?),
            Name::Source => Condition::Source(self.refs()?),
            Name::Message => Condition::Message(self.refs()?),
            Name::Edited => Condition::Edited(self.one("yes or no", yes_or_no)?),
            Name::Trigger => Condition::Trigger(self.one("manual or scheduled", trigger)?),
            Name::Attempt => {
                Condition::Attempt(self.one("a number, or one with > or < before it", |text| {
                    let (order, number) = order(text);
                    Some(Bound { order, value: digits(number)? })
                })?)
            }
            Name::Latency => Condition::Latency(self.one("a duration such as >2s or <250ms", |text| {
                let (order, text) = order(text);
                let value = duration(text).filter(|_| order != Order::Equal)?;
                Some(Bound { order, value })
            })?),
            Name::Since => Condition::Since(self.one(MOMENT, moment)?),
            Name::Until => Condition::Until(self.one(MOMENT, moment)?),
        })
    }

    fn bad(&self, index: usize, takes: &'static str) -> QueryError {
        let problem = Problem::BadValue { field: self.field.to_string(), takes };
        let Some(value) = self.values.get(index) else {
            return QueryError { problem, span: 0..0, suggestion: None };
        };
        let known = match self.field {
            Field::Named(name) => name.description().values,
            _ => &[],
        };
        let suggestion = field::nearest_of(&value.text, known.iter().copied()).map(str::to_owned);
        QueryError { problem, span: value.span.clone(), suggestion }
    }

    /// Every value, read by `read`.
    fn each<T>(&self, takes: &'static str, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, QueryError> {
        let read = |(index, value)| read(value).ok_or_else(|| self.bad(index, takes));
        self.values.iter().enumerate().map(read).collect()
    }

    /// The only value, read by `read`.
    fn one<T>(&self, takes: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, QueryError> {
        match &self.values[..] {
            [value] if !value.has_star => read(&value.text).ok_or_else(|| self.bad(0, takes)),
            values => Err(self.bad(values.len() - 1, takes)),
        }
    }

    fn patterns(&self) -> Vec<Pattern> {
        self.values.iter().map(pattern).collect()
    }

    fn refs<I: FromStr>(&self) -> Result<Vec<Ref<I>>, QueryError> {
        self.each("an id or a uid", |value| {
            (!value.has_star && !value.text.is_empty()).then(|| Ref::parse(&value.text))
        })
    }

    fn body(&self) -> Result<BodyTest, QueryError> {
        let compares = |value: &Value| !value.is_quoted && value.text.starts_with(['<', '>']);
        let takes = "a value, a text in quotes, a number with > or < before it, or *";
        match &self.values[..] {
            [value] if compares(value) && !value.has_star => {
                let (order, number) = order(&value.text);
                let number = number.parse().ok().filter(|number: &f64| number.is_finite());
                let value = number.ok_or_else(|| self.bad(0, takes))?;
                Ok(BodyTest::Number(Bound { order, value }))
            }
            values => {
                if let Some(index) = values.iter().position(compares) {
                    return Err(self.bad(index, takes));
                }
                let are_text = values.iter().all(|value| value.is_quoted);
                Ok(if are_text { BodyTest::Text(self.patterns()) } else { BodyTest::Is(self.patterns()) })
            }
        }
    }
}

const MOMENT: &str =
    "a time ago such as 2h, a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z";

fn pattern(value: &Value) -> Pattern {
    match (value.has_star, value.text.is_empty()) {
        (true, true) => Pattern::Any,
        (true, false) => Pattern::Prefix(value.text.clone()),
        (false, _) => Pattern::Exact(value.text.clone()),
    }
}

fn status(text: &str) -> Option<Status> {
    let own = Status::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(text));
    own.or_else(|| {
        Some(match text.to_ascii_lowercase().as_str() {
            "success" | "succeeded" | "ok" => Status::Delivered,
            "waiting" => Status::Pending,
            "fail" => Status::Failed,
            "cancelled" | "skipped" => Status::Canceled,
            _ => return None,
        })
    })
}

fn codes(text: &str) -> Option<Codes> {
    if text.eq_ignore_ascii_case("none") {
        return Some(Codes::NONE);
    }
    let code = |text: &str| digits::<u16>(text).filter(|code| (100..=999).contains(code));
    if let Some(class) = text.to_ascii_lowercase().strip_suffix("xx") {
        let class = digits::<u16>(class).filter(|class| (1..=9).contains(class))?;
        return Some(Codes { from: class * 100, to: class * 100 + 99 });
    }
    if let Some((from, to)) = text.split_once('-') {
        let (from, to) = (code(from)?, code(to)?);
        return (from <= to).then_some(Codes { from, to });
    }
    let (order, text) = order(text);
    let code = code(text)?;
    let codes = match order {
        Order::Equal => Codes { from: code, to: code },
        Order::AtLeast => Codes { from: code, to: 999 },
        Order::More => Codes { from: code + 1, to: 999 },
        Order::AtMost => Codes { from: 100, to: code },
        Order::Less => Codes { from: 100, to: code - 1 },
    };
    (codes.from <= codes.to).then_some(codes)
}

fn fault(value: &Value) -> Option<Fault> {
    match value {
        Value { has_star: true, .. } => value.text.is_empty().then_some(Fault::Any),
        Value { is_quoted: true, .. } => (!value.text.is_empty()).then(|| Fault::Saying(value.text.clone())),
        _ => FailureClass::ALL
            .into_iter()
            .find(|class| class.name().eq_ignore_ascii_case(&value.text))
            .map(Fault::Class),
    }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

fn trigger(text: &str) -> Option<Trigger> {
    match text.to_ascii_lowercase().as_str() {
        "manual" => Some(Trigger::Manual),
        "scheduled" => Some(Trigger::Scheduled),
        _ => None,
    }
}

fn order(text: &str) -> (Order, &str) {
    let all = [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::More), ("<", Order::Less)];
    let found = all.into_iter().find_map(|(sign, order)| Some((order, text.strip_prefix(sign)?)));
    found.unwrap_or((Order::Equal, text))
}

/// A number of digits alone: no sign, no space.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|next: char| !next.is_ascii_digit())?);
    let micros: u64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        "w" => 604_800_000_000,
        _ => return None,
    };
    let duration = Duration::from_micros(digits::<u64>(number)?.checked_mul(micros)?);
    (duration <= LONGEST).then_some(duration)
}

fn moment(text: &str) -> Option<Moment> {
    let ago = duration(text).map(Moment::Ago);
    let time = || text.parse::<Timestamp>().ok().map(Moment::At);
    let is_day = text.len() == 10 && text.is_ascii();
    let day = || is_day.then(|| format!("{text}T00:00:00Z").parse().ok().map(Moment::At)).flatten();
    ago.or_else(time).or_else(day)
}
