//! What a received request says: the values that [filters](crate::filter) ask for and [commands](crate::exec) are given.
//!
//! A [`Fact`] names a value, as people write it: `payload.data.id`, `header.x-github-event`. [`Facts`] finds it in one
//! request. Nothing is read before it is asked for, and the payload is read once, however many values of it are wanted
//! ([`Paths`]); what nobody asks for is skipped and never decoded.
//!
//! The other end is hostile: what is too much to be looked at is [`Unclear`], which is not the same as absent.

mod fact;
mod paths;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;

use serde_json::Value;
use url::form_urlencoded;

use crate::inbound::ceiling;
use crate::inbound::json_path::JsonPath;
use crate::reception::Received;

pub use fact::{Fact, InvalidFact, Path};
pub use paths::Paths;

/// There is more than is looked at: too many values at a path, or too many fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request has more values than are looked at")]
pub struct Unclear;

/// Names and values of a form or a query, decoded, in their order.
type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;
/// What a value is made of.
type Bytes<'a> = Cow<'a, [u8]>;

/// One request and what it says.
pub struct Facts<'a> {
    received: &'a Received,
    body: &'a [u8],
    paths: &'a Paths,
    is_form: bool,
    payload: OnceCell<Result<Vec<Vec<&'a str>>, Unclear>>,
    fields: OnceCell<Result<Pairs<'a>, Unclear>>,
    query: OnceCell<Result<Pairs<'a>, Unclear>>,
}

impl<'a> Facts<'a> {
    /// Over a request, whose body is `body`; `paths` has the paths that will be asked for.
    #[must_use]
    pub fn new(received: &'a Received, body: &'a [u8], paths: &'a Paths) -> Self {
        let is_form = received.headers.iter().any(|(name, value)| {
            let kind = value.0.split(|byte| *byte == b';').next().unwrap_or_default();
            name.eq_ignore_ascii_case("content-type")
                && kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        });
        let (payload, fields, query) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { received, body, paths, is_form, payload, fields, query }
    }

    /// Every value of `fact`, in their order; none where it is absent or null.
    pub fn values(&self, fact: &Fact) -> Result<Vec<Bytes<'_>>, Unclear> {
        let text = |text: &'a str| Cow::Borrowed(text.as_bytes());
        Ok(match fact {
            Fact::Method => vec![text(&self.received.method)],
            Fact::Remote => self.received.remote.iter().map(|ip| plain(*ip)).collect(),
            Fact::Body => vec![Cow::Borrowed(self.body)],
            Fact::Header(name) => self.headers(name).collect(),
            Fact::Query(name) => named(self.query()?, name),
            Fact::Form(name) => named(self.fields()?, name),
            Fact::Payload(_) if self.is_form => named(self.fields()?, fact.name()),
            Fact::Payload(path) => self.payload(&path.0)?,
            Fact::Headers => vec![self.all_headers()],
            Fact::Queries => vec![object(self.query()?.iter().map(|(name, value)| (&**name, &**value)))],
        })
    }

    /// The first value of `fact`; empty where it is absent.
    pub fn first(&self, fact: &Fact) -> Result<Bytes<'_>, Unclear> {
        Ok(self.values(fact)?.into_iter().next().unwrap_or_default())
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = Bytes<'_>> {
        let own = self.received.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        own.map(|(_, value)| Cow::Borrowed(value.0.trim_ascii()))
    }

    fn payload(&self, path: &JsonPath) -> Result<Vec<Bytes<'_>>, Unclear> {
        let found = self.payload.get_or_init(|| self.paths.find(self.body)).as_ref().map_err(|&it| it)?;
        let Some(found) = self.paths.slot(path).and_then(|slot| found.get(slot)) else {
            return Ok(path.all(self.body).into_iter().filter_map(paths::value).collect());
        };
        Ok(found.iter().copied().filter_map(paths::value).collect())
    }

    fn fields(&self) -> Result<&Pairs<'a>, Unclear> {
        let read = || if self.is_form { pairs(self.body) } else { Ok(Pairs::new()) };
        self.fields.get_or_init(read).as_ref().map_err(|&it| it)
    }

    fn query(&self) -> Result<&Pairs<'a>, Unclear> {
        let text = self.received.query.as_deref().unwrap_or_default();
        self.query.get_or_init(|| pairs(text.as_bytes())).as_ref().map_err(|&it| it)
    }

    fn all_headers(&self) -> Bytes<'_> {
        let texts = self.received.headers.iter();
        let texts: Vec<_> = texts.map(|(name, value)| (name, String::from(value.clone()))).collect();
        object(texts.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// An address without the form that IPv4 has inside IPv6.
fn plain<'a>(address: IpAddr) -> Bytes<'a> {
    Cow::Owned(address.to_canonical().to_string().into_bytes())
}

fn pairs(text: &[u8]) -> Result<Pairs<'_>, Unclear> {
    let pairs: Pairs<'_> = form_urlencoded::parse(text).take(ceiling::PAIRS + 1).collect();
    if pairs.len() > ceiling::PAIRS { Err(Unclear) } else { Ok(pairs) }
}

fn named<'a>(pairs: &'a Pairs<'_>, name: &str) -> Vec<Bytes<'a>> {
    let own = pairs.iter().filter(|(known, _)| known == name);
    own.map(|(_, value)| Cow::Borrowed(value.as_bytes())).collect()
}

/// The text of a JSON object; of a name that stands several times, the first value.
fn object<'a, 'b>(pairs: impl Iterator<Item = (&'b str, &'b str)>) -> Bytes<'a> {
    let mut object = serde_json::Map::new();
    for (name, value) in pairs {
        object.entry(name).or_insert_with(|| Value::from(value));
    }
    Cow::Owned(Value::Object(object).to_string().into_bytes())
}

#[cfg(test)]
mod tests;
