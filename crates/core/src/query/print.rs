//! Writes a query so that it reads back as the same.

use std::fmt::{self, Display, Formatter, Write as _};
use std::time::Duration;

use super::condition::{BodyTest, Bound, Codes, Condition, Fault, Moment, Order, Pattern};
use super::{Query, Term};
use crate::app::Ref;
use crate::attempt::Trigger;
use crate::id::{AppId, EndpointId, MessageId, SourceId};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            term.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_not {
            f.write_char('-')?;
        }
        if let Condition::Text(text) = &self.condition {
            return if is_word(text) { f.write_str(text) } else { quoted(text, f) };
        }
        write!(f, "{}:", self.condition.field())?;
        match &self.condition {
            Condition::Status(all) => list(all, f, |status, f| f.write_str(status.name())),
            Condition::Code(all) => list(all, f, |all, f| codes(*all, f)),
            Condition::Error(all) => list(all, f, |fault, f| match fault {
                Fault::Any => f.write_char('*'),
                Fault::Class(class) => f.write_str(class.name()),
                Fault::Saying(text) => quoted(text, f),
            }),
            Condition::Type(all)
            | Condition::EventId(all)
            | Condition::Channel(all)
            | Condition::Tag(all)
            | Condition::Header(_, all)
            | Condition::Body(_, BodyTest::Is(all)) => list(all, f, pattern),
            Condition::Endpoint(all) => list(all, f, reference),
            Condition::App(all) => list(all, f, reference),
            Condition::Source(all) => list(all, f, reference),
            Condition::Message(all) => list(all, f, reference),
            Condition::Edited(is_edited) => f.write_str(if *is_edited { "yes" } else { "no" }),
            Condition::Trigger(trigger) => f.write_str(match trigger {
                Trigger::Manual => "manual",
                Trigger::Scheduled => "scheduled",
            }),
            Condition::Attempt(Bound { order, value }) => write!(f, "{}{value}", sign(*order)),
            Condition::Latency(Bound { order, value }) => {
                f.write_str(sign(*order))?;
                duration(*value, f)
            }
            Condition::Since(moment) | Condition::Until(moment) => match moment {
                Moment::Ago(ago) => duration(*ago, f),
                Moment::At(time) => f.write_str(&time.to_string().replace(".000000Z", "Z")),
            },
            Condition::Body(_, BodyTest::Text(all)) => list(all, f, |pattern, f| match pattern {
                Pattern::Any => f.write_str("\"\"*"),
                Pattern::Prefix(text) => quoted(text, f).and_then(|()| f.write_char('*')),
                Pattern::Exact(text) => quoted(text, f),
            }),
            Condition::Body(_, BodyTest::Number(Bound { order, value })) => {
                write!(f, "{}{value}", sign(*order))
            }
            Condition::Text(_) => Ok(()),
        }
    }
}

fn list<T>(
    all: &[T],
    f: &mut Formatter<'_>,
    write: impl Fn(&T, &mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        write(one, f)?;
    }
    Ok(())
}

fn codes(Codes { from, to }: Codes, f: &mut Formatter<'_>) -> fmt::Result {
    match (from, to) {
        (0, 0) => f.write_str("none"),
        (from, to) if from == to => write!(f, "{from}"),
        (from, 999) if from != 900 => write!(f, ">={from}"),
        (from, to) if from % 100 == 0 && to == from + 99 => write!(f, "{}xx", from / 100),
        (from, to) => write!(f, "{from}-{to}"),
    }
}

fn reference<I: Display>(reference: &Ref<I>, f: &mut Formatter<'_>) -> fmt::Result {
    match reference {
        Ref::Id(id) => id.fmt(f),
        Ref::Uid(uid) => value(uid, f),
    }
}

fn pattern(pattern: &Pattern, f: &mut Formatter<'_>) -> fmt::Result {
    match pattern {
        Pattern::Any => f.write_char('*'),
        Pattern::Prefix(text) => value(text, f).and_then(|()| f.write_char('*')),
        Pattern::Exact(text) => value(text, f),
    }
}

/// A value, in quotes where it needs them.
fn value(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let needs = |next: char| next.is_whitespace() || next.is_control() || matches!(next, '"' | ',');
    let is_bare =
        !text.is_empty() && !text.contains(needs) && !text.ends_with('*') && !text.starts_with(['<', '>']);
    if is_bare { f.write_str(text) } else { quoted(text, f) }
}

/// Whether text without a field can go without quotes.
fn is_word(text: &str) -> bool {
    let needs = |next: char| next.is_whitespace() || next.is_control() || matches!(next, '"' | ':');
    let is_id = text.parse::<MessageId>().is_ok()
        || text.parse::<EndpointId>().is_ok()
        || text.parse::<AppId>().is_ok()
        || text.parse::<SourceId>().is_ok();
    !text.is_empty() && !text.starts_with('-') && !text.contains(needs) && !is_id
}

fn quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for next in text.chars() {
        if matches!(next, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(next)?;
    }
    f.write_char('"')
}

const fn sign(order: Order) -> &'static str {
    match order {
        Order::Less => "<",
        Order::AtMost => "<=",
        Order::Equal => "",
        Order::AtLeast => ">=",
        Order::More => ">",
    }
}

/// In the largest unit that needs no fraction.
fn duration(duration: Duration, f: &mut Formatter<'_>) -> fmt::Result {
    let micros = duration.as_micros();
    let units: [(u128, &str); 5] =
        [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms")];
    let whole = units.into_iter().find(|(unit, _)| micros.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "us"));
    if micros == 0 { f.write_str("0s") } else { write!(f, "{}{name}", micros / unit) }
}
