//! What a person who writes a query may want to write next.

use std::ops::Range;

use super::field::{FIELDS, Field, Name};

/// One offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What to put in place of [`Completions::span`].
    pub text: String,
    /// What it means.
    pub meaning: &'static str,
}

/// Offers for one place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completions {
    /// The part of the text that an offer replaces, in bytes.
    pub span: Range<usize>,
    /// The offers, the best first.
    pub offers: Vec<Completion>,
    /// The field whose value is being written, for who knows values of it that are not offered here: event types,
    /// endpoints, applications.
    pub field: Option<Name>,
    /// What of the value is written already.
    pub written: String,
}

/// What fits where the cursor stands, a place in bytes. Names of fields, then values of the field.
#[must_use]
pub fn complete(text: &str, cursor: usize) -> Completions {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let begin = word_before(&text[..cursor]);
    let word = &text[begin..cursor];
    let (dash, word) = word.strip_prefix('-').map_or(("", word), |word| ("-", word));
    let begin = begin + dash.len();
    match word.split_once(':') {
        None => fields(word, begin..cursor),
        Some((field, list)) => {
            let written = list.rsplit(',').next().unwrap_or(list);
            values(field, written, cursor - written.len()..cursor)
        }
    }
}

/// Where the word begins that ends at the end of `text`; a space inside quotes is part of it.
fn word_before(text: &str) -> usize {
    let (mut begin, mut is_quoted, mut is_escaped) = (0, false, false);
    for (index, next) in text.char_indices() {
        match next {
            '"' if !is_escaped => is_quoted = !is_quoted,
            next if next.is_whitespace() && !is_quoted => begin = index + next.len_utf8(),
            _ => {}
        }
        is_escaped = is_quoted && next == '\\' && !is_escaped;
    }
    begin
}

fn fields(written: &str, span: Range<usize>) -> Completions {
    let begins = |text: &str| is_begun(text, written);
    let named = FIELDS.iter().filter(|field| begins(field.text));
    let mut offers: Vec<_> =
        named.map(|field| Completion { text: format!("{}:", field.text), meaning: field.meaning }).collect();
    for (text, meaning) in
        [("body.", "a value of the payload, such as body.customer.id"), ("header.", "a header as sent")]
    {
        if begins(text) && written.len() < text.len() {
            offers.push(Completion { text: text.to_owned(), meaning });
        }
    }
    Completions { span, offers, field: None, written: written.to_owned() }
}

fn values(field: &str, written: &str, span: Range<usize>) -> Completions {
    let field = match field.parse() {
        Ok(Field::Named(name)) => Some(name),
        _ => None,
    };
    let known = field.map(Name::description);
    let offers = known
        .into_iter()
        .flat_map(|known| known.values.iter().map(|value| (*value, known.meaning)))
        .filter(|(value, _)| is_begun(value, written))
        .map(|(value, meaning)| Completion { text: value.to_owned(), meaning })
        .collect();
    Completions { span, offers, field, written: written.trim_start_matches('"').to_owned() }
}

/// Whether `text` begins with what is written, in upper or lower case.
fn is_begun(text: &str, written: &str) -> bool {
    text.get(..written.len()).is_some_and(|head| head.eq_ignore_ascii_case(written))
}
