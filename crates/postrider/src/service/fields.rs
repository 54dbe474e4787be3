//! Refused values, and where in the request they stood.
//!
//! The rules themselves are in `postrider_core`; here their findings are collected, so that one answer names all that
//! is wrong with a request.

use postrider_core::limits;
use postrider_core::names::{self, Invalid};

/// Bytes of the event types that one endpoint names, all together: they are in memory for as long as its application is
/// in use, and an application may have thousands of endpoints.
const FILTER_BYTES: usize = 32 * 1024;
/// Findings of one request that are told; more help nobody.
const FINDINGS: usize = 20;
/// The highest rate that the API can express.
const THROTTLE_RATE_MAX: u32 = 65_535;

/// One refused value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where it stood: names of fields and indexes, outermost first.
    pub at: Vec<String>,
    /// Why it is refused.
    pub invalid: Invalid,
}

/// All that is wrong with a request. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} value(s) of the request are invalid", .0.len())]
pub struct InvalidFields(pub Vec<FieldError>);

impl InvalidFields {
    /// One finding.
    #[must_use]
    pub fn one(at: &str, invalid: Invalid) -> Self {
        Self(vec![FieldError { at: vec![at.to_owned()], invalid }])
    }

    /// A field that must be there.
    #[must_use]
    pub fn missing(at: &str) -> Self {
        Self::one(at, Invalid { message: "field required".into(), kind: "value_error.missing" })
    }

    /// The same findings, one level deeper.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        for error in &mut self.0 {
            error.at.insert(0, parent.to_owned());
        }
        self
    }
}

/// Collects findings.
#[derive(Debug, Default)]
pub struct Checks(Vec<FieldError>);

impl Checks {
    /// Takes note if the value at `at` was refused, and gives what a rule has made of it.
    pub fn check<T>(&mut self, at: &str, outcome: Result<T, Invalid>) -> Option<T> {
        self.note(|| vec![at.to_owned()], outcome)
    }

    /// Holds a value to `rule` if there is one.
    pub fn optional(&mut self, at: &str, value: Option<&String>, rule: fn(&str) -> Result<(), Invalid>) {
        if let Some(value) = value {
            self.check(at, rule(value));
        }
    }

    /// Holds each of `values` to `rule`, and all of them to the number `max`.
    pub fn each(&mut self, at: &str, values: &[String], max: usize, rule: fn(&str) -> Result<(), Invalid>) {
        if values.len() > max {
            self.check::<()>(at, Err(Invalid::too_long(format!("must have at most {max} entries"))));
            return;
        }
        for (index, value) in values.iter().enumerate() {
            self.note(|| vec![at.to_owned(), index.to_string()], rule(value));
        }
    }

    /// Takes over the findings of another check, which stood under `at`.
    pub fn nested(&mut self, at: &str, outcome: Result<(), InvalidFields>) {
        if let Err(invalid) = outcome {
            self.0.extend(invalid.under(at).0);
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Result<(), InvalidFields> {
        self.0.truncate(FINDINGS);
        if self.0.is_empty() { Ok(()) } else { Err(InvalidFields(self.0)) }
    }

    fn note<T>(&mut self, at: impl FnOnce() -> Vec<String>, outcome: Result<T, Invalid>) -> Option<T> {
        outcome.map_err(|invalid| self.0.push(FieldError { at: at(), invalid })).ok()
    }
}

/// `values` without repetitions, in their order.
#[must_use]
pub fn distinct(values: Vec<String>) -> Vec<String> {
    let mut distinct = Vec::with_capacity(values.len());
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// A name for people that must not be empty.
pub fn display_name(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::too_short("must not be empty"));
    }
    names::line(text)
}

/// Events a second.
pub fn throttle_rate(rate: Option<u32>) -> Result<(), Invalid> {
    match rate {
        None | Some(1..=THROTTLE_RATE_MAX) => Ok(()),
        Some(_) => Err(Invalid::value(format!("must be from 1 to {THROTTLE_RATE_MAX}"))),
    }
}

/// The names of event types that an endpoint wants, and its channels.
pub(super) fn filters(checks: &mut Checks, event_types: Option<&[String]>, channels: Option<&[String]>) {
    let event_types = event_types.unwrap_or_default();
    checks.each("eventTypes", event_types, limits::ENDPOINT_EVENT_TYPES, names::name);
    if event_types.iter().map(String::len).sum::<usize>() > FILTER_BYTES {
        let message = format!("must have at most {FILTER_BYTES} bytes, all names together");
        checks.check::<()>("eventTypes", Err(Invalid::too_long(message)));
    }
    checks.each("channels", channels.unwrap_or_default(), limits::CHANNELS, names::channel);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_carry_their_place_and_stop_at_a_ceiling() {
        let mut checks = Checks::default();
        checks.check("name", display_name(""));
        checks.each("channels", &["ok".into(), "not ok".into()], 10, names::channel);
        checks.nested("application", Err(InvalidFields::missing("name")));
        let found: Vec<_> = checks.finish().unwrap_err().0.into_iter().map(|error| error.at).collect();
        assert_eq!(found, [vec!["name"], vec!["channels", "1"], vec!["application", "name"]]);

        let mut checks = Checks::default();
        checks.each("eventTypes", &vec![String::new(); 100], 500, names::name);
        assert_eq!(checks.finish().unwrap_err().0.len(), FINDINGS);
        let mut checks = Checks::default();
        checks.each("eventTypes", &vec!["a".into(); 501], 500, names::name);
        assert_eq!(checks.finish().unwrap_err().0.len(), 1, "too many are not looked at one by one");
    }

    #[test]
    fn the_names_of_an_endpoint_are_weighed_together() {
        for (count, found) in [(FILTER_BYTES / 256, 0), (FILTER_BYTES / 256 + 1, 1)] {
            let mut checks = Checks::default();
            filters(&mut checks, Some(&vec!["a".repeat(256); count]), None);
            assert_eq!(checks.0.len(), found, "{count}");
        }
    }

    #[test]
    fn rates_have_both_ends() {
        for (rate, valid) in
            [(None, true), (Some(0), false), (Some(1), true), (Some(65_535), true), (Some(65_536), false)]
        {
            assert_eq!(throttle_rate(rate).is_ok(), valid, "{rate:?}");
        }
    }

    #[test]
    fn repetitions_go_and_order_stays() {
        assert_eq!(distinct(vec!["b".into(), "a".into(), "b".into()]), ["b", "a"]);
    }
}
