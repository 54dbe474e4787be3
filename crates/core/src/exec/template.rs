//! Text with places for values of a request.

use std::fmt;
use std::str::FromStr;

use crate::facts::{Fact, Facts, InvalidFact, Unclear};

/// Bytes of one argument or variable, filled: what systems take.
pub const ARGUMENT_BYTES: usize = 128 * 1024 - 1;

/// Text in which `{payload.id}`, `{header.x-event}` and the like stand for what a request says ([`Fact`]). `{{` and `}}`
/// stand for braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Fact(Fact),
}

/// Text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// A brace without its other half.
    #[error("has a brace without its other half; write {{{{ or }}}} for a brace")]
    Brace,
    /// A place for nothing.
    #[error("{{{name}}} {invalid}")]
    Fact {
        /// What stands in the braces.
        name: String,
        /// Why it is none.
        invalid: InvalidFact,
    },
    /// A NUL, which no argument can have.
    #[error("must have no NUL")]
    Nul,
}

/// A request that cannot fill a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfillable {
    /// It has a NUL, at which programs would end the text.
    #[error("a value of the request has a NUL, which no argument can have")]
    Nul,
    /// It is longer than systems take.
    #[error(
        "a value of the request is longer than {ARGUMENT_BYTES} bytes, the most that an argument can have"
    )]
    TooLong,
    /// It has more than is looked at.
    #[error(transparent)]
    Unclear(#[from] Unclear),
}

impl Template {
    /// Text without places, braces included.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// A place for `fact` and nothing else.
    #[must_use]
    pub fn fact(fact: Fact) -> Self {
        Self(vec![Piece::Fact(fact)])
    }

    /// The values that it has places for.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Fact(fact) => Some(fact),
            Piece::Text(_) => None,
        })
    }

    /// The text for one request. A value that is absent is empty.
    pub fn fill(&self, facts: &Facts<'_>) -> Result<Vec<u8>, Unfillable> {
        let mut filled = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.extend_from_slice(text.as_bytes()),
                Piece::Fact(fact) => {
                    let value = facts.first(fact)?;
                    if filled.len() + value.len() > ARGUMENT_BYTES {
                        return Err(Unfillable::TooLong);
                    }
                    filled.extend_from_slice(&value);
                }
            }
        }
        match filled {
            filled if filled.contains(&0) => Err(Unfillable::Nul),
            filled if filled.len() > ARGUMENT_BYTES => Err(Unfillable::TooLong),
            filled => Ok(filled),
        }
    }
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        if text.contains('\0') {
            return Err(InvalidTemplate::Nul);
        }
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            let brace_text = &brace[..1];
            if let Some(after) = brace[1..].strip_prefix(brace_text) {
                plain.push_str(brace_text);
                rest = after;
                continue;
            }
            let inside = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let (name, after) = inside.ok_or(InvalidTemplate::Brace)?;
            let fact = name.parse();
            let fact = fact.map_err(|invalid| InvalidTemplate::Fact { name: name.to_owned(), invalid })?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Fact(fact));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Piece::Fact(fact) => write!(f, "{{{fact}}}"),
        })
    }
}
