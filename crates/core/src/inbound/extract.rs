//! What a request is: the type and the id of its event, and the items of a batch.

use serde::Deserialize;

use super::json_path::JsonPath;
use super::place::{Place, View};
use super::preset::Preset;
use super::request::Request;
use super::settings::Settings;
use crate::limits;

/// Where a value may stand, the first that has one winning. An entry of several places with `+` between them joins
/// what they have with dots.
///
/// Headers are signed by few providers: whoever has one genuine body can send it again under another header. Presets
/// therefore name fields of the body first, wherever there are any.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(super) struct Extractor(Vec<Vec<Place>>);

impl TryFrom<Vec<String>> for Extractor {
    type Error = super::place::InvalidPlace;

    fn try_from(entries: Vec<String>) -> Result<Self, Self::Error> {
        let entry = |entry: String| entry.split('+').map(str::parse).collect();
        entries.into_iter().map(entry).collect::<Result<_, _>>().map(Self)
    }
}

impl Extractor {
    fn find(&self, view: &View<'_>) -> Option<String> {
        self.0.iter().find_map(|places| join(places, view))
    }

    /// All places, for documentation.
    pub(super) fn describe(&self) -> String {
        let entry =
            |places: &Vec<Place>| places.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ");
        self.0.iter().map(entry).collect::<Vec<_>>().join(", else ")
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.iter().flatten()
    }
}

fn join(places: &[Place], view: &View<'_>) -> Option<String> {
    let mut joined = String::new();
    for place in places {
        let Ok(Some(value)) = place.one(view) else { continue };
        let Ok(value) = std::str::from_utf8(&value) else { continue };
        if value.is_empty() {
            continue;
        }
        if !joined.is_empty() {
            joined.push('.');
        }
        joined.push_str(value);
    }
    (1..=limits::NAME_CHARS).contains(&joined.chars().count()).then_some(joined)
}

/// How a provider's batches fall into events.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub each: JsonPath,
    pub event_type: Extractor,
    pub event_id: Extractor,
}

/// One event of a batch. What was found out about the whole request holds for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// The item's own bytes within the body.
    pub body: &'a [u8],
    /// Its type, where it has one of its own.
    pub event_type: Option<String>,
    /// Its id.
    pub event_id: Option<String>,
}

impl Preset {
    /// The event's type, of at most 256 characters; `None` if the request does not say.
    #[must_use]
    pub fn event_type(&self, request: &Request<'_>) -> Option<String> {
        self.event_type.find(&View::new(request, &Settings::default()))
    }

    /// What the provider calls this event or delivery, of at most 256 characters: the same when it sends it again.
    /// `None` if it has no such thing; then only the body's hash and the type tell a duplicate.
    #[must_use]
    pub fn event_id(&self, request: &Request<'_>) -> Option<String> {
        self.event_id.find(&View::new(request, &Settings::default()))
    }

    /// Whether this provider sends several events in one request.
    #[must_use]
    pub const fn has_batches(&self) -> bool {
        self.batch.is_some()
    }

    /// The events of a batch; `None` if the provider has no batches, or this body is none or an empty one.
    #[must_use]
    pub fn split<'a>(&self, body: &'a [u8]) -> Option<Vec<Item<'a>>> {
        let batch = self.batch.as_ref()?;
        let items = batch.each.all(body);
        let settings = Settings::default();
        let request = Request { method: "POST", url: "", headers: &[], body };
        let item = |item: &'a str| {
            let view = View { document: item.as_bytes(), ..View::new(&request, &settings) };
            Item {
                body: item.as_bytes(),
                event_type: batch.event_type.find(&view),
                event_id: batch.event_id.find(&view),
            }
        };
        if items.is_empty() { None } else { Some(items.into_iter().map(item).collect()) }
    }
}
