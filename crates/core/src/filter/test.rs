//! What a match asks of a value.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;
use regex_lite::Regex;

use super::answer::Answer;
use super::number::Number;

/// Bytes of a value that an expression is held against: the engine is slow on long texts, and never wrong.
const MATCHED_BYTES: usize = 16 * 1024;

/// How much more a byte costs that an expression is held against than one that is compared.
const EXPRESSION_WEIGHT: usize = 256;

/// An operator with its operand.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// One of the values is one of these.
    OneOf(Vec<String>),
    /// None of the values is this.
    NotEquals(String),
    Matches(Regex),
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    Exists(bool),
    InNetworks(Vec<IpNet>),
    /// A number that stands in one of these orders to this one.
    Ordered(&'static [Ordering], Number),
}

impl Test {
    pub(super) fn answer(&self, values: &[Cow<'_, [u8]>]) -> Answer {
        match self {
            Self::Exists(wanted) => (values.is_empty() != *wanted).into(),
            Self::NotEquals(other) => (!values.iter().any(|value| **value == *other.as_bytes())).into(),
            // Yes where one is, else unclear where one is.
            _ => !Answer::all(values.iter().map(|value| !self.holds(value))),
        }
    }

    /// What holding it against a value takes of a [`Budget`](super::Budget).
    pub(super) fn cost(&self, value: &[u8]) -> usize {
        match self {
            Self::Matches(_) if value.len() <= MATCHED_BYTES => EXPRESSION_WEIGHT * value.len(),
            _ => value.len(),
        }
    }

    fn holds(&self, value: &[u8]) -> Answer {
        let text = |other: &str, test: fn(&[u8], &[u8]) -> bool| test(value, other.as_bytes()).into();
        match self {
            Self::OneOf(all) => all.iter().any(|one| one.as_bytes() == value).into(),
            Self::Matches(_) if value.len() > MATCHED_BYTES => Answer::Unclear,
            Self::Matches(expression) => expression.is_match(&String::from_utf8_lossy(value)).into(),
            Self::Contains(part) => contains(value, part),
            Self::StartsWith(part) => text(part, <[u8]>::starts_with),
            Self::EndsWith(part) => text(part, <[u8]>::ends_with),
            Self::InNetworks(networks) => address(value)
                .is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
                .into(),
            Self::Ordered(orders, other) => Number::read(value)
                .and_then(|number| number.compare(*other))
                .is_some_and(|order| orders.contains(&order))
                .into(),
            // Of all values together, above.
            Self::Exists(_) | Self::NotEquals(_) => Answer::No,
        }
    }
}

fn contains(value: &[u8], part: &str) -> Answer {
    match std::str::from_utf8(value) {
        // Text is searched in linear time.
        Ok(value) => value.contains(part).into(),
        Err(_) if value.len() > MATCHED_BYTES => Answer::Unclear,
        Err(_) => value.windows(part.len().max(1)).any(|window| window == part.as_bytes()).into(),
    }
}

fn address(value: &[u8]) -> Option<IpAddr> {
    let address: IpAddr = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
    Some(address.to_canonical())
}
