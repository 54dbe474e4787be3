//! Presets as TOML.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{Confidence, Preset, Setting, embedded};
use crate::inbound::extract::{Batch, Extractor};
use crate::inbound::handshake::{Ack, Handshake};
use crate::inbound::json_path::JsonPath;
use crate::inbound::place::Place;
use crate::inbound::scheme::Scheme;
use crate::inbound::scheme::text::{Parsed, RuleText};
use crate::limits;

/// How often a preset may extend one that extends another.
const EXTENDS: usize = 4;

/// Text that is no preset: which one, where in it, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("preset `{preset}`: {path}: {message}")]
pub struct InvalidPreset {
    /// The preset's name; empty for text that is not TOML at all.
    pub preset: String,
    /// The key, with its tables.
    pub path: String,
    /// Why.
    pub message: String,
}

/// A preset as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetText {
    #[serde(default = "one")]
    version: u32,
    title: String,
    #[serde(default = "unconfirmed")]
    confidence: Vec<Confidence>,
    vector: Option<String>,
    #[serde(default)]
    secret: String,
    reply_within: Option<String>,
    retries: Option<String>,
    notes: Option<String>,
    #[serde(default)]
    settings: BTreeMap<String, SettingText>,
    #[serde(default = "post")]
    methods: Vec<String>,
    scheme: Table,
    #[serde(default)]
    event_type: Extractor,
    #[serde(default)]
    event_id: Extractor,
    split: Option<SplitText>,
    #[serde(default)]
    handshake: Vec<Parsed<Handshake>>,
    #[serde(default)]
    ack: Ack,
    #[serde(default = "unauthorized")]
    refusal: u16,
    refusal_malformed: Option<u16>,
    #[serde(default)]
    hints: Vec<Parsed<Place>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingText {
    about: String,
    #[serde(default)]
    required: bool,
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitText {
    each: Parsed<JsonPath>,
    #[serde(default)]
    event_type: Extractor,
    #[serde(default)]
    event_id: Extractor,
}

fn one() -> u32 {
    1
}

fn unconfirmed() -> Vec<Confidence> {
    vec![Confidence::Unconfirmed]
}

fn post() -> Vec<String> {
    vec!["POST".to_owned()]
}

fn unauthorized() -> u16 {
    401
}

/// The tables of a text, by name.
pub(super) fn tables(text: &str) -> Result<BTreeMap<String, Table>, InvalidPreset> {
    let invalid = |preset: &str, message: String| InvalidPreset {
        preset: preset.to_owned(),
        path: "top level".to_owned(),
        message,
    };
    let top: Table = text.parse().map_err(|error: toml::de::Error| invalid("", error.to_string()))?;
    let table = |(name, value): (String, Value)| match value {
        Value::Table(table) if is_name(&name) => Ok((name, table)),
        Value::Table(_) => Err(invalid(&name, "a name has 1 to 64 of a-z, 0-9 and -".to_owned())),
        _ => Err(invalid(&name, "a preset is a table".to_owned())),
    };
    top.into_iter().map(table).collect()
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// The presets of these names, out of `tables`.
pub(super) fn read_all<'n>(
    names: impl IntoIterator<Item = &'n String>,
    tables: &BTreeMap<String, Table>,
) -> Result<BTreeMap<String, Arc<Preset>>, InvalidPreset> {
    let read = |name: &String| {
        let table = tables.get(name).cloned().unwrap_or_default();
        Ok((name.clone(), Arc::new(Preset::read(name, table, tables)?)))
    };
    names.into_iter().map(read).collect()
}

/// One preset out of the keys of its table.
pub(super) fn read_custom(
    name: &str,
    toml: &str,
    tables: &BTreeMap<String, Table>,
) -> Result<Preset, InvalidPreset> {
    let table = toml.parse().map_err(|error: toml::de::Error| InvalidPreset {
        preset: name.to_owned(),
        path: "top level".to_owned(),
        message: error.to_string(),
    })?;
    Preset::read(name, table, tables)
}

impl Preset {
    fn read(name: &str, table: Table, tables: &BTreeMap<String, Table>) -> Result<Self, InvalidPreset> {
        let invalid = |path: &str, message: String| InvalidPreset {
            preset: name.to_owned(),
            path: path.to_owned(),
            message,
        };
        let extends = table.get("extends").and_then(Value::as_str).filter(|base| *base != name);
        let extends = extends.map(str::to_owned);
        let table = extended(name, table, tables).map_err(|message| invalid("extends", message))?;
        let mut text: PresetText = deserialize(table).map_err(|(path, message)| invalid(&path, message))?;
        let tolerance =
            tolerance(&mut text.scheme).map_err(|message| invalid("scheme.tolerance_s", message))?;
        let rules =
            rules(text.scheme).map_err(|(path, message)| invalid(&format!("scheme.{path}"), message))?;
        let scheme = Scheme::from_text(tolerance, rules)
            .map_err(|(path, message)| invalid(&format!("scheme.{path}"), message))?;
        for (path, status) in [("refusal", Some(text.refusal)), ("refusal_malformed", text.refusal_malformed)]
        {
            // 410 unsubscribes with several providers, and below 400 it would be an acceptance.
            if status.is_some_and(|status| !(400..=599).contains(&status) || status == 410) {
                return Err(invalid(path, "must be a status from 400 to 599, and not 410".to_owned()));
            }
        }
        if !(200..=299).contains(&text.ack.status) {
            return Err(invalid("ack.status", "must be a status from 200 to 299".to_owned()));
        }
        let batch = text.split.map(|split| Batch {
            each: split.each.0,
            event_type: split.event_type,
            event_id: split.event_id,
        });
        let settings = text.settings.into_iter().map(|(name, setting)| Setting {
            name,
            about: setting.about,
            required: setting.required,
            default: setting.default,
        });
        Ok(Self {
            name: name.to_owned(),
            extends,
            version: text.version,
            title: text.title,
            confidence: text.confidence,
            vector: text.vector,
            secret: text.secret,
            reply_within: text.reply_within,
            retries: text.retries,
            notes: text.notes,
            settings: settings.collect(),
            methods: text.methods,
            scheme,
            event_type: text.event_type,
            event_id: text.event_id,
            batch,
            handshakes: text.handshake.into_iter().map(|handshake| handshake.0).collect(),
            ack: text.ack,
            refusal: text.refusal,
            refusal_malformed: text.refusal_malformed,
            hints: text.hints.into_iter().map(|place| place.0).collect(),
        })
    }
}

/// The table over the one that it extends. A preset that extends its own name means the embedded one.
fn extended(name: &str, mut table: Table, tables: &BTreeMap<String, Table>) -> Result<Table, String> {
    let mut current = name.to_owned();
    for _ in 0..=EXTENDS {
        let Some(base) = table.remove("extends") else { return Ok(table) };
        let name = base.as_str().ok_or("must be the name of a preset")?;
        let known = if name == current { embedded::tables() } else { tables };
        let mut base = known.get(name).ok_or_else(|| format!("there is no preset `{name}`"))?.clone();
        // What was published about one provider is no vector of another.
        base.remove("vector");
        name.clone_into(&mut current);
        table = merged(base, table);
    }
    Err(format!("at most {EXTENDS} presets may extend each other"))
}

fn merged(mut base: Table, over: Table) -> Table {
    for (key, value) in over {
        let value = match (base.remove(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => Value::Table(merged(base, over)),
            (_, value) => value,
        };
        base.insert(key, value);
    }
    base
}

/// The tolerance, which belongs to all rules.
fn tolerance(scheme: &mut Table) -> Result<Duration, String> {
    match scheme.remove("tolerance_s") {
        None => Ok(Duration::from_secs(300)),
        Some(Value::Integer(seconds)) => match u64::try_from(seconds) {
            Ok(seconds) if seconds <= limits::DELIVER_AT_MAX.as_secs() => Ok(Duration::from_secs(seconds)),
            _ => Err("must be from 0 to 90 days".to_owned()),
        },
        Some(_) => Err("must be a number of seconds".to_owned()),
    }
}

/// The rule of a scheme, and those of its `or`, each over the first one.
fn rules(mut scheme: Table) -> Result<Vec<RuleText>, (String, String)> {
    let others = match scheme.remove("or") {
        None => Vec::new(),
        Some(Value::Array(others)) if others.len() <= 8 => others,
        Some(_) => return Err(("or".to_owned(), "must be a list of at most 8 tables".to_owned())),
    };
    let mut rules = vec![deserialize(scheme.clone())?];
    for (number, other) in others.into_iter().enumerate() {
        let Value::Table(other) = other else {
            return Err((format!("or[{number}]"), "must be a table".to_owned()));
        };
        let rule = deserialize(merged(scheme.clone(), other));
        rules.push(rule.map_err(|(path, message)| (format!("or[{number}].{path}"), message))?);
    }
    Ok(rules)
}

/// The value of a table, or the path of the first key that does not fit and why.
fn deserialize<T: DeserializeOwned>(table: Table) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(Value::Table(table))
        .map_err(|error| (error.path().to_string(), error.inner().message().to_owned()))
}
