//! The language in which deliveries and messages are searched for: one for the dashboard, the API and the command line.
//!
//! ```text
//! status:failed code:5xx type:invoice.* endpoint:ep_… since:2h -tag:test body.customer.id:"cus_1" "free text"
//! ```
//!
//! A query is a list of terms, and what matches all of them is found. A term is a field, a colon and a value, or text
//! alone; a `-` before it turns it around. Where a value may be one of several, they are divided by commas. A text in
//! quotes stands for itself (`\"` and `\\` inside), a `*` behind a text for whatever follows.
//!
//! In reading order: [`field`] names the fields; [`condition`] is what a term may say; `lex` and [`parse`](Query::parse)
//! read it, `print` writes it; [`candidate`] is what is looked at, `matches` says whether it is meant and
//! [`narrow`](Narrowing) where to look, [`needles`](Needles) what payloads must have; [`complete`](complete::complete) helps a person to write it.
//!
//! Invariants: what is printed reads back as the same query; matching takes the time as an argument and looks at nothing
//! but the candidate; a query has ceilings for its bytes, terms and values, so that matching has one too.
//!
//! Deliberately absent: `or` between terms, and parentheses. Commas say "one of these" where people need it, and a query
//! stays a list, which can be shown, changed and taken apart one term at a time.

use std::ops::Range;

pub use candidate::{AppHead, Candidate, EndpointHead, LastAttempt, Sent};
pub use complete::{Completion, Completions, complete};
pub use condition::{BodyTest, Bound, Codes, Condition, Fault, Moment, Order, Pattern, Status};
pub use error::{Problem, QueryError};
pub use field::{Description, FIELDS, Field, Name};
pub use matches::Stage;
pub use narrow::Narrowing;
pub use needles::Needles;
pub use place::Place;

pub mod candidate;
pub mod complete;
pub mod condition;
pub mod error;
pub mod field;

mod lex;
mod matches;
mod narrow;
mod needles;
mod parse;
mod place;
mod print;

#[cfg(test)]
mod tests;

/// Bytes of a query.
pub const QUERY_BYTES: usize = 1_024;
/// Terms of a query.
pub const QUERY_TERMS: usize = 32;
/// Values of one term.
pub const TERM_VALUES: usize = 16;

/// A query. Two are equal when their terms are, wherever these stood.
#[derive(Debug, Clone, Default)]
pub struct Query {
    terms: Vec<Term>,
    /// Where each term stood in the text.
    spans: Vec<Range<usize>>,
}

/// One term.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What does not meet the condition is meant.
    pub is_not: bool,
    /// The condition.
    pub condition: Condition,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.terms == other.terms
    }
}

impl Query {
    /// Its terms, in their order. Each prints as its own text.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Where each term stood in the text that was parsed, in bytes.
    #[must_use]
    pub fn spans(&self) -> &[Range<usize>] {
        &self.spans
    }

    /// Whether it has no terms, and everything matches.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The query without the term at this index; the same where there is none.
    #[must_use]
    pub fn without(&self, index: usize) -> Self {
        let mut rest = self.clone();
        if index < rest.terms.len() {
            rest.terms.remove(index);
            rest.spans.remove(index);
        }
        rest
    }

    /// The query with this term instead of those of the same field, of its kind (`-` or not), or added where there are
    /// none: what a choice from a list does.
    #[must_use]
    pub fn with(&self, term: Term) -> Self {
        let is_other =
            |other: &Term| other.is_not != term.is_not || other.condition.field() != term.condition.field();
        let mut terms: Vec<_> = self.terms.iter().filter(|other| is_other(other)).cloned().collect();
        terms.truncate(QUERY_TERMS - 1);
        terms.push(term);
        let spans = vec![0..0; terms.len()];
        Self { terms, spans }
    }
}
