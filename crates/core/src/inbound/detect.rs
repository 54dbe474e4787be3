//! Which provider a request may be from: a hint for people. Several providers share their headers' names, so nothing
//! is ever verified by what this guesses.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::place::{Place, View};
use super::preset::{Preset, Presets};
use super::request::Request;
use super::scheme::{Kind, StampFrom};
use super::settings::Settings;

/// A preset that a request may belong to.
#[derive(Debug, Clone)]
pub struct Guess<'p> {
    /// The preset.
    pub preset: &'p Arc<Preset>,
    /// What speaks for it, as a sentence.
    pub why: String,
    score: usize,
}

/// Guesses that are worth showing.
const GUESSES: usize = 8;

impl Presets {
    /// The presets that `request` may belong to, the likeliest first. One that begins with another, for which nothing
    /// more speaks than for that, is only named with it.
    #[must_use]
    pub fn detect<'p>(&'p self, request: &Request<'_>) -> Vec<Guess<'p>> {
        let all: Vec<Guess<'p>> = self.iter().filter_map(|preset| guess(preset, request)).collect();
        let scores: BTreeMap<&str, usize> =
            all.iter().map(|guess| (&*guess.preset.name, guess.score)).collect();
        let says_as_much = |guess: &Guess<'p>| {
            let base = guess.preset.extends.as_deref()?;
            (scores.get(base)? >= &guess.score).then(|| base.to_owned())
        };
        let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut guesses = Vec::new();
        for guess in all {
            match says_as_much(&guess) {
                Some(base) => alike.entry(base).or_default().push(&guess.preset.name),
                None => guesses.push(guess),
            }
        }
        for guess in &mut guesses {
            if let Some(names) = alike.get(&guess.preset.name) {
                let _ = write!(guess.why, "; so may one of {} have", names.join(", "));
            }
        }
        guesses.sort_by_key(|guess| (Reverse(guess.score), guess.preset.name.clone()));
        guesses.truncate(GUESSES);
        guesses
    }
}

fn guess<'p>(preset: &'p Arc<Preset>, request: &Request<'_>) -> Option<Guess<'p>> {
    let settings = Settings::default();
    let view = View::new(request, &settings);
    let found = |place: &&Place| place.all(&view).is_ok_and(|values| !values.is_empty());
    let signed = signature_places(preset);
    let telling = |place: &&Place| {
        // Too common to tell one provider from another.
        !matches!(place, Place::Const(_)) && place.to_string() != "header `authorization`"
    };
    // A signature's place is worth more than others, and a hint is a place that only this provider has.
    let signatures: BTreeSet<String> =
        signed.into_iter().filter(telling).filter(found).map(ToString::to_string).collect();
    let hints: BTreeSet<String> = preset.hints.iter().filter(found).map(ToString::to_string).collect();
    let headers = preset.event_type.places().chain(preset.event_id.places());
    let others: BTreeSet<String> = headers
        .filter(|place| matches!(place, Place::Header(_)))
        .filter(found)
        .map(ToString::to_string)
        .filter(|place| !signatures.contains(place) && !hints.contains(place))
        .collect();
    let score = 4 * hints.len() + 3 * signatures.len() + 2 * others.len();
    if score == 0 || (signatures.is_empty() && hints.is_empty()) {
        return None;
    }
    let all: Vec<String> = signatures.into_iter().chain(hints).chain(others).collect();
    Some(Guess { preset, why: format!("the request has the {}", all.join(", the ")), score })
}

fn signature_places(preset: &Preset) -> Vec<&Place> {
    let mut places = Vec::new();
    for rule in &preset.scheme.rules {
        match &rule.kind {
            Kind::Signature(signature) => {
                places.extend(&signature.from);
                if let Some(StampFrom::Place(place)) = signature.timestamp.as_ref().map(|stamp| &stamp.from) {
                    places.push(place);
                }
            }
            Kind::Token(token) | Kind::Basic(token) => places.extend(&token.from),
            Kind::Jwt(jwt) => places.extend(&jwt.from),
            Kind::Sns | Kind::Paypal | Kind::None => {}
        }
    }
    places
}
