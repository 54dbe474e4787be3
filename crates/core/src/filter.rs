//! Which received requests an endpoint of a source gets: a rule over what a request says.
//!
//! A rule is JSON. It is one of `{"all": [RULE…]}`, `{"any": [RULE…]}`, `{"not": RULE}`, or a match: a value of the
//! request by its name ([`Fact`]) and one operator, as in `{"value": "payload.ref", "equals": "refs/heads/main"}`. A
//! match holds where one of the values does, so of an absent value nothing holds but `notEquals` and `"exists": false`.
//!
//! A rule is read once, with ceilings for its depth and size, and evaluated for every request; what cannot be decided,
//! because the request has more than is looked at, lets nothing through ([`Answer`]).
//!
//! Deliberately absent: variables, arithmetic and comparing two values of a request with each other.

mod answer;
mod budget;
mod number;
mod read;
mod set;
mod test;

use serde_json::Value;

use crate::facts::{Fact, Facts};
use crate::names::Invalid;

use answer::Answer;
use test::Test;

pub use budget::Budget;
pub use set::{Filters, Rules};

/// Levels of rules inside rules.
pub const DEPTH: usize = 10;
/// Matches of one filter.
pub const MATCHES: usize = 100;
/// Entries of one list.
pub const ENTRIES: usize = 100;
/// Bytes of a filter as JSON.
pub const BYTES: usize = 16 * 1024;
/// Bytes of the filters of all endpoints of one source.
pub const SOURCE_BYTES: usize = 64 * 1024;

/// A rule, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Filter(Rule);

#[derive(Debug, Clone)]
enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Not(Box<Rule>),
    Match { fact: Fact, test: Test },
}

/// A rule that cannot be used: where in it, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {invalid}", at.join("."))]
pub struct Refused {
    /// Names of fields and indexes, outermost first.
    pub at: Vec<String>,
    /// Why.
    pub invalid: Invalid,
}

impl Filter {
    /// Reads a rule.
    pub fn parse(rule: &Value) -> Result<Self, Refused> {
        read::rule(rule).map(Self)
    }

    /// Whether a request gets through. One that cannot be decided about does not.
    #[must_use]
    pub fn admits(&self, facts: &Facts<'_>, budget: &Budget) -> bool {
        self.0.answer(facts, budget) == Answer::Yes
    }

    /// Calls `ask` with every value that the rule looks at.
    pub fn each_fact(&self, ask: &mut impl FnMut(&Fact)) {
        self.0.each_fact(ask);
    }
}

impl Rule {
    fn answer(&self, facts: &Facts<'_>, budget: &Budget) -> Answer {
        match self {
            Self::All(rules) => Answer::all(rules.iter().map(|rule| rule.answer(facts, budget))),
            Self::Any(rules) => !Answer::all(rules.iter().map(|rule| !rule.answer(facts, budget))),
            Self::Not(rule) => !rule.answer(facts, budget),
            Self::Match { fact, test } => {
                // Before a value is decoded, too: nothing is looked at once it is spent.
                let answer = budget.spend(0).and_then(|()| facts.values(fact)).and_then(|values| {
                    budget.spend(values.iter().map(|value| test.cost(value)).sum())?;
                    Ok(test.answer(&values))
                });
                answer.unwrap_or(Answer::Unclear)
            }
        }
    }

    fn each_fact(&self, ask: &mut impl FnMut(&Fact)) {
        match self {
            Self::All(rules) | Self::Any(rules) => rules.iter().for_each(|rule| rule.each_fact(ask)),
            Self::Not(rule) => rule.each_fact(ask),
            Self::Match { fact, .. } => ask(fact),
        }
    }
}

#[cfg(test)]
mod tests;
