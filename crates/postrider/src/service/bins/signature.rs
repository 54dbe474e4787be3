//! Whether a request in a bin is the provider's: the same check as that of `postrider verify`.

use std::collections::BTreeMap;
use std::sync::Arc;

use postrider_core::inbound::{InvalidSecret, InvalidVerifier, Presets, Request, Secret, Settings};

use super::request::Kept;
use crate::service::examine::{Case, Report};

/// The preset of Standard Webhooks.
const STANDARD: &str = "standard-webhooks";

/// What somebody wants to have checked. The secret is used once and kept nowhere.
#[derive(Debug, Default)]
pub struct Question<'q> {
    /// The preset's name.
    pub preset: &'q str,
    /// What the sender may have signed with; nothing for none.
    pub secret: &'q str,
    /// The URL that the sender was told.
    pub url: &'q str,
    /// What the preset asks for beside, by name.
    pub settings: BTreeMap<String, String>,
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum Unchecked {
    /// There is no such preset.
    #[error("there is no such preset")]
    NoPreset,
    /// Part of the body was not kept.
    #[error("the body was cut when it was kept, so its signature cannot be checked")]
    Cut,
    /// The secret cannot be one.
    #[error(transparent)]
    Secret(#[from] InvalidSecret),
    /// Secret and settings are not what the preset needs.
    #[error(transparent)]
    Verifier(#[from] InvalidVerifier),
}

/// A preset that a request may belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guessed {
    /// Its name.
    pub preset: String,
    /// What speaks for it.
    pub why: String,
    /// Which secret it takes.
    pub secret: String,
}

/// Checks a request as of when it came.
pub fn check(kept: &Kept, question: &Question<'_>) -> Result<Report, Unchecked> {
    if kept.is_cut() {
        return Err(Unchecked::Cut);
    }
    let preset = Presets::embedded().get(question.preset).ok_or(Unchecked::NoPreset)?;
    let secrets = if question.secret.is_empty() { Vec::new() } else { vec![Secret::new(question.secret)?] };
    let case = Case {
        preset: Arc::clone(preset),
        secrets,
        settings: question.settings.clone().into_iter().collect::<Settings>(),
        keys: Vec::new(),
        tolerance: None,
        now: kept.at,
    };
    Ok(with(kept, question.url, |request| case.examine(request))?)
}

/// Whose request it may be, the likeliest first. Many providers sign by Standard Webhooks, and where nothing else tells
/// them apart, the standard is right for all of them.
#[must_use]
pub fn guess(kept: &Kept, url: &str) -> Vec<Guessed> {
    with(kept, url, |request| {
        let guesses = Presets::embedded().detect(request);
        let standard = guesses.first().filter(|first| is_of_the_standard(&first.why));
        let standard = standard.and_then(|first| Some((Presets::embedded().get(STANDARD)?, &first.why)));
        let others = guesses.iter().map(|guess| (guess.preset, &guess.why));
        let all = standard
            .into_iter()
            .chain(others.filter(|(preset, _)| standard.is_none() || preset.name != STANDARD));
        let told = all.map(|(preset, why)| Guessed {
            preset: preset.name.clone(),
            why: why.clone(),
            secret: preset.secret.clone(),
        });
        told.collect()
    })
}

/// Whether only the headers of Standard Webhooks speak for a guess: the names in it stand between backticks.
fn is_of_the_standard(why: &str) -> bool {
    let mut names = why.split('`').skip(1).step_by(2).peekable();
    names.peek().is_some() && names.all(|name| name.starts_with("webhook-"))
}

fn with<T>(kept: &Kept, url: &str, look: impl FnOnce(&Request<'_>) -> T) -> T {
    let headers = kept.arrived.headers.iter().map(|(name, value)| (name.as_bytes(), &value[..]));
    let headers: Vec<_> = headers.collect();
    look(&Request { method: &kept.arrived.method, url, headers: &headers, body: &kept.arrived.body })
}
