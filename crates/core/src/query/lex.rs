//! A query's text as words: where each term stands, its field, and its values without their quotes.

use std::ops::Range;

use super::error::{Problem, QueryError};

/// The text of one term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// A `-` stands before it.
    pub(super) is_not: bool,
    /// The field, and where it stands.
    pub(super) field: Option<(String, Range<usize>)>,
    /// The values; one, where there is no field.
    pub(super) values: Vec<Value>,
    /// Where the whole term stands.
    pub(super) span: Range<usize>,
}

/// One value of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Its text, without quotes and without the star.
    pub(super) text: String,
    /// It stood in quotes.
    pub(super) is_quoted: bool,
    /// A `*` follows.
    pub(super) has_star: bool,
    /// Where it stands.
    pub(super) span: Range<usize>,
}

/// The next term at or after `from`, and where it ends; `None` at the end of the text.
pub(super) fn next(text: &str, from: usize) -> Result<Option<(Word, usize)>, QueryError> {
    let rest = text[from..].trim_start();
    if rest.is_empty() {
        return Ok(None);
    }
    let begin = text.len() - rest.len();
    let mut cursor = Cursor { text, at: begin };
    let is_not = rest.starts_with('-') && cursor.skips_dash();
    let field = cursor.field();
    let mut values = Vec::new();
    if field.is_none() {
        values.push(cursor.value(false)?);
    } else {
        loop {
            values.push(cursor.value(true)?);
            if !cursor.eat(',') {
                break;
            }
        }
    }
    let span = begin..cursor.at;
    Ok(Some((Word { is_not, field, values, span }, cursor.at)))
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn eat(&mut self, wanted: char) -> bool {
        let has = self.rest().starts_with(wanted);
        if has {
            self.at += wanted.len_utf8();
        }
        has
    }

    /// Goes behind the dash, unless nothing follows that it could turn around.
    fn skips_dash(&mut self) -> bool {
        let follows = self.rest()[1..].chars().next();
        follows.is_some_and(|next| !next.is_whitespace()) && self.eat('-')
    }

    /// The field's name, if a colon comes before any quote.
    fn field(&mut self) -> Option<(String, Range<usize>)> {
        let rest = self.rest();
        let end = rest.find(|next: char| next == ':' || next == '"' || next.is_whitespace())?;
        if !rest[end..].starts_with(':') {
            return None;
        }
        let span = self.at..self.at + end;
        self.at = span.end + 1;
        Some((self.text[span.clone()].to_owned(), span))
    }

    /// A value in quotes or without; in a list it also ends at a comma.
    fn value(&mut self, in_list: bool) -> Result<Value, QueryError> {
        let begin = self.at;
        let is_quoted = self.eat('"');
        let mut text = if is_quoted { self.quoted(begin)? } else { self.bare(in_list) };
        let has_star =
            in_list && if is_quoted { self.eat('*') } else { text.ends_with('*') && text.pop().is_some() };
        let ends = |next: char| next.is_whitespace() || (in_list && next == ',');
        let is_empty = text.is_empty() && !has_star && !(is_quoted && in_list);
        let problem = if is_empty {
            Problem::NoValue
        } else if self.rest().chars().next().is_some_and(|next| !ends(next)) {
            Problem::MisplacedQuote
        } else {
            return Ok(Value { text, is_quoted, has_star, span: begin..self.at });
        };
        Err(QueryError { problem, span: begin..self.at.max(begin), suggestion: None })
    }

    fn bare(&mut self, in_list: bool) -> String {
        let ends = |next: char| next.is_whitespace() || next == '"' || (in_list && next == ',');
        let rest = self.rest();
        let text = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += text.len();
        text.to_owned()
    }

    /// The text up to the closing quote. A backslash before anything but a quote or a backslash stands for itself.
    fn quoted(&mut self, begin: usize) -> Result<String, QueryError> {
        let mut text = String::new();
        let mut is_escaped = false;
        for (index, next) in self.rest().char_indices() {
            match next {
                '"' | '\\' if is_escaped => {
                    text.push(next);
                    is_escaped = false;
                    continue;
                }
                '"' => {
                    self.at += index + 1;
                    return Ok(text);
                }
                _ => {}
            }
            if is_escaped {
                text.push('\\');
            }
            is_escaped = next == '\\';
            if !is_escaped {
                text.push(next);
            }
        }
        let span = begin..self.text.len();
        Err(QueryError { problem: Problem::Unclosed, span, suggestion: None })
    }
}
