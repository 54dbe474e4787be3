//! What is wrong with a query, where, and what was perhaps meant.

use std::ops::Range;

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QueryError {
    /// What is wrong.
    pub problem: Problem,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What to write instead of what is there, where that can be guessed.
    pub suggestion: Option<String>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More than [`QUERY_BYTES`](super::QUERY_BYTES).
    #[error("a query has {} bytes at most", super::QUERY_BYTES)]
    TooLong,
    /// More than [`QUERY_TERMS`](super::QUERY_TERMS).
    #[error("a query has {} terms at most", super::QUERY_TERMS)]
    TooManyTerms,
    /// More than [`TERM_VALUES`](super::TERM_VALUES).
    #[error("a term has {} values at most", super::TERM_VALUES)]
    TooManyValues,
    /// A quote that is never closed.
    #[error("the quote is not closed")]
    Unclosed,
    /// A quote, or something behind one, where it cannot stand.
    #[error("quotes go around a whole value")]
    MisplacedQuote,
    /// There is no such field.
    #[error("there is no field `{0}`; put text with a colon into quotes")]
    UnknownField(String),
    /// A field without a value, or quotes with nothing in them.
    #[error("a value is missing")]
    NoValue,
    /// A value that the field cannot have.
    #[error("`{field}` takes {takes}")]
    BadValue {
        /// The field.
        field: String,
        /// What it takes.
        takes: &'static str,
    },
}
