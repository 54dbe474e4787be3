//! A request under construction.

use url::form_urlencoded;

use super::{CannotSign, request};
use crate::inbound::json_path::JsonPath;
use crate::inbound::place::{Place, View};
use crate::inbound::settings::Settings;

/// A request under construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The method, in capitals.
    pub method: String,
    /// Where it will be sent, as the provider was told.
    pub url: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Draft {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Sets a header where its first one stands, or at the end; others of its name go.
    pub(super) fn set_header(&mut self, name: &str, value: &str) {
        let same = |(known, _): &(String, String)| known.eq_ignore_ascii_case(name);
        let at = self.headers.iter().position(same);
        let header = match at {
            Some(at) => (self.headers[at].0.clone(), value.to_owned()),
            None => (name.to_owned(), value.to_owned()),
        };
        self.headers.retain(|header| !same(header));
        self.headers.insert(at.unwrap_or(self.headers.len()).min(self.headers.len()), header);
    }

    /// Sets a parameter of the URL and leaves all other bytes of it as they are.
    pub(super) fn set_query(&mut self, name: &str, value: &str) {
        let (rest, query) = self.url.split_once('?').map_or((self.url.as_str(), ""), |parts| parts);
        let prefix = format!("{name}=");
        let others = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(&prefix));
        let pairs: Vec<String> = others.map(str::to_owned).chain([format!("{prefix}{value}")]).collect();
        self.url = format!("{rest}?{}", pairs.join("&"));
    }

    /// What `look` sees of the draft as it would arrive.
    pub(super) fn view<T>(&self, settings: &Settings, look: impl FnOnce(&View<'_>) -> T) -> T {
        let headers: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        look(&View::new(&request(self, &headers), settings))
    }

    /// Puts a value at a place, which must exist if it is inside the body; of an item, if one is given.
    pub(super) fn put(
        &mut self,
        place: &Place,
        value: &str,
        settings: &Settings,
        item: Option<(&JsonPath, usize)>,
    ) -> Result<(), CannotSign> {
        let none = || CannotSign::NoPlace(place.to_string());
        match place {
            Place::Header(name) => self.set_header(name.get(settings).ok_or_else(none)?, value),
            Place::Numbered(prefix) => self.set_header(&format!("{prefix}1"), value),
            Place::Query(name) => self.set_query(name, value),
            Place::Form(name) => self.set_field(name, value),
            Place::Json(path) => {
                let document = match item {
                    Some((each, index)) => {
                        each.all(&self.body).get(index).map(|item| item.as_bytes()).ok_or_else(none)?
                    }
                    None => &self.body,
                };
                let old = path.raw(document).ok_or_else(none)?;
                // The old value is a slice of the body, so the distance of the two is its place.
                let start = old.as_ptr().addr() - self.body.as_ptr().addr();
                let range = start..start + old.len();
                self.body.splice(range, serde_json::Value::from(value).to_string().into_bytes());
            }
            Place::OtherKey(_) | Place::Const(_) => return Err(none()),
        }
        Ok(())
    }

    fn set_field(&mut self, name: &str, value: &str) {
        let pairs = form_urlencoded::parse(&self.body).filter(|(known, _)| known != name);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs).append_pair(name, value);
        self.body = form.finish().into_bytes();
    }
}
