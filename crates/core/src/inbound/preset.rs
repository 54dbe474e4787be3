//! What is known about a provider, as data: how it signs, what its requests are, what it wants to hear.
//!
//! Presets are TOML tables by name. The embedded ones are in `presets/` of this crate; an operator's text adds to them
//! and overrides them by name, so a provider that changes needs no release. [`text`] reads them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::extract::{Batch, Extractor};
use super::handshake::{Ack, Handshake};
use super::place::Place;
use super::scheme::Scheme;

pub use text::InvalidPreset;

mod embedded;
mod text;

/// A provider.
#[derive(Debug)]
pub struct Preset {
    /// Lower-case, by which sources name it.
    pub name: String,
    /// The preset that it begins with.
    pub extends: Option<String>,
    /// Goes up when the provider or our knowledge of it changes.
    pub version: u32,
    /// The provider's own spelling.
    pub title: String,
    /// What this preset rests on, best first.
    pub confidence: Vec<Confidence>,
    /// Who published the vector that a test recomputes; `None` if the tests have only our own.
    pub vector: Option<String>,
    /// Which secret a source needs and where the provider shows it.
    pub secret: String,
    /// How soon the provider wants an answer, where known.
    pub reply_within: Option<String>,
    /// How the provider retries, where known.
    pub retries: Option<String>,
    /// What an operator should know beside.
    pub notes: Option<String>,
    /// What a source can or must set beside secrets.
    pub settings: Vec<Setting>,
    /// Methods that carry events; others are answered and forgotten.
    pub methods: Vec<String>,
    /// How it signs.
    pub scheme: Scheme,
    pub(super) event_type: Extractor,
    pub(super) event_id: Extractor,
    pub(super) batch: Option<Batch>,
    pub(super) handshakes: Vec<Handshake>,
    pub(super) ack: Ack,
    pub(super) refusal: u16,
    pub(super) refusal_malformed: Option<u16>,
    /// Places whose presence tells people that a request may be this provider's.
    pub(super) hints: Vec<Place>,
}

/// A value that a source sets for a preset beside its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub about: String,
    /// Whether a source cannot do without it.
    pub required: bool,
    /// What counts without it.
    pub default: Option<String>,
}

/// What a statement about a provider rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
pub enum Confidence {
    /// The provider's own source code.
    #[serde(rename = "S")]
    Source,
    /// The provider's documentation.
    #[serde(rename = "D")]
    Documentation,
    /// Other people's implementations or notes, in agreement.
    #[serde(rename = "2")]
    Secondary,
    /// General knowledge that nobody checked again.
    #[serde(rename = "K")]
    Unconfirmed,
}

impl Confidence {
    /// The letter in tables.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Source => 'S',
            Self::Documentation => 'D',
            Self::Secondary => '2',
            Self::Unconfirmed => 'K',
        }
    }
}

/// Presets by name.
#[derive(Debug, Clone)]
pub struct Presets(BTreeMap<String, Arc<Preset>>);

impl Presets {
    /// The presets that come with Postrider.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Presets> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            let tables = embedded::tables();
            let presets = text::read_all(tables.keys(), tables).expect("a test reads every embedded preset");
            Self(presets)
        })
    }

    /// The embedded presets and those of `toml`, which override them by name. A preset may begin with another one:
    /// `extends = "github"`.
    pub fn with(toml: &str) -> Result<Self, InvalidPreset> {
        let own = text::tables(toml)?;
        let mut tables = embedded::tables().clone();
        let names: Vec<String> = own.keys().cloned().collect();
        tables.extend(own);
        let mut presets = Self::embedded().clone();
        presets.0.extend(text::read_all(names.iter(), &tables)?);
        Ok(presets)
    }

    /// The preset of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Preset>> {
        self.0.get(name)
    }

    /// All presets, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Preset>> {
        self.0.values()
    }
}

impl Preset {
    /// A preset of a source's own, from the keys of one table; it may extend an embedded one.
    pub fn custom(name: &str, toml: &str) -> Result<Self, InvalidPreset> {
        text::read_custom(name, toml, embedded::tables())
    }
}
