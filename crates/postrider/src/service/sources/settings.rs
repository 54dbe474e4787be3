//! What a source may be set to.
//!
//! A configuration is a JSON object whose fields depend on the type; those of every type are beside them. Refused values
//! are told by the places where they stood.

use std::collections::BTreeMap;

use postrider_core::app::Metadata;
use postrider_core::id::SourceId;
use postrider_core::inbound::Presets;
use postrider_core::limits;
use postrider_core::names::{self, Invalid};
use postrider_core::source::{Credential, Cron, Forward, Private, Settings, Source};
use serde_json::{Map, Value, json};

use super::kinds::{self, CRON, Field, Fields, GENERIC};
use super::{cron, verifier};
use crate::service::fields::{self, Checks, InvalidFields};

/// Bytes of a secret or a setting.
const VALUE_BYTES: usize = 8 * 1024;
/// Settings of a preset that one source may have.
const SETTINGS: usize = 20;
/// The largest tolerance that makes sense: a day.
const TOLERANCE_MAX: u64 = 24 * 3_600;
/// Bytes of what a schedule publishes.
const PAYLOAD_BYTES: usize = 256 * 1024;

/// What a source is to be.
#[derive(Debug, Clone)]
pub struct Changes {
    /// A name for people.
    pub name: String,
    /// The caller's own id.
    pub uid: Option<String>,
    /// The caller's notes.
    pub metadata: Metadata,
    /// Its type.
    pub kind: String,
    /// How the type is configured.
    pub config: Map<String, Value>,
}

/// [`Changes`] that passed their checks.
#[derive(Clone)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) uid: Option<String>,
    pub(super) metadata: Metadata,
    pub(super) kind: String,
    pub(super) settings: Settings,
    /// Without tokens.
    pub(super) private: Private,
}

impl Changes {
    /// Holds a source to the rules.
    pub(super) fn check(self, presets: &Presets) -> Result<Checked, InvalidFields> {
        let mut checks = Checks::default();
        checks.check("name", fields::display_name(&self.name));
        checks.optional("uid", self.uid.as_ref(), |uid| names::uid(uid, SourceId::PREFIX));
        checks.check("metadata", names::metadata(&self.metadata));
        let found = kinds::find(presets, &self.kind).ok_or_else(|| {
            Invalid::value(format!(
                "there is no such type of source; there are {}",
                kinds::kinds(presets).join(", ")
            ))
        });
        let configured = checks.check("type", found).map(|(fields, preset)| {
            if self.kind == CRON {
                schedule(&self.config)
            } else {
                Reader::new(&self.config).all(fields, preset, presets)
            }
        });
        let configured = match configured {
            Some(Ok(configured)) => Some(configured),
            Some(Err(invalid)) => {
                checks.nested("config", Err(invalid));
                None
            }
            None => None,
        };
        checks.finish()?;
        let (settings, private) =
            configured.expect("a source of a known type was configured, or refused above");
        let Self { name, uid, metadata, kind, .. } = self;
        Ok(Checked { name, uid, metadata, kind, settings, private })
    }
}

impl Checked {
    /// Applies it to a source, whose tokens, transformations and filters stay.
    pub(super) fn apply(&self, source: &mut Source) {
        let transformations = std::mem::take(&mut source.settings.transformations);
        let filters = std::mem::take(&mut source.settings.filters);
        let tokens = std::mem::take(&mut source.private.tokens);
        let is_same = source.kind == self.kind && source.settings.preset == self.settings.preset;
        let learned = self.settings.awaits_handshake && is_same && !source.private.credentials.is_empty();
        let credentials = std::mem::take(&mut source.private.credentials);
        source.name.clone_from(&self.name);
        source.uid.clone_from(&self.uid);
        source.metadata.clone_from(&self.metadata);
        source.kind.clone_from(&self.kind);
        source.settings = Settings { transformations, filters, ..self.settings.clone() };
        source.private = Private { tokens, ..self.private.clone() };
        if learned {
            // What the provider has told stays, unless the caller knows better.
            source.private.credentials = credentials;
            source.settings.awaits_handshake = false;
        }
    }
}

/// Reads the fields of a configuration, each once.
struct Reader<'a> {
    config: &'a Map<String, Value>,
    known: Vec<&'a str>,
    checks: Checks,
}

impl<'a> Reader<'a> {
    fn new(config: &'a Map<String, Value>) -> Self {
        Self { config, known: Vec::new(), checks: Checks::default() }
    }

    fn value(&mut self, name: &'a str) -> Option<&'a Value> {
        self.known.push(name);
        self.config.get(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &'a str) -> Option<String> {
        let value = self.value(name)?;
        self.checks.check(name, text(value))
    }

    fn flag(&mut self, name: &'a str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = value.as_bool();
        self.checks.check(name, flag.ok_or_else(|| wrong("must be a boolean", "type_error.bool")))
    }

    fn seconds(&mut self, name: &'a str) -> Option<u64> {
        let value = self.value(name)?;
        let seconds = value.as_u64().filter(|seconds| *seconds <= TOLERANCE_MAX);
        let message = format!("must be a whole number from 0 to {TOLERANCE_MAX}");
        self.checks.check(name, seconds.ok_or_else(|| Invalid::value(message)))
    }

    fn all(
        mut self,
        fields: Fields,
        preset: Option<&str>,
        presets: &Presets,
    ) -> Result<(Settings, Private), InvalidFields> {
        let (mut settings, mut private) = (Settings::default(), Private::default());
        settings.preset = preset.map(str::to_owned).or_else(|| self.text("preset"));
        let mut secrets = Vec::new();
        for (name, field) in fields {
            match field {
                Field::Secret { required } => match self.text(name) {
                    Some(secret) => secrets.push(secret),
                    None if *required && !self.config.contains_key("secrets") => self.missing(name),
                    None => {}
                },
                Field::PublicKey => match self.text(name) {
                    Some(key) => {
                        settings.parameters.insert((*name).to_owned(), key.clone());
                        secrets.push(key);
                    }
                    None => self.missing(name),
                },
                Field::Hidden(setting) => match self.text(name) {
                    Some(value) => drop(private.parameters.insert((*setting).to_owned(), value.into())),
                    None => self.missing(name),
                },
                Field::Shown(setting) => match self.text(name) {
                    Some(value) => drop(settings.parameters.insert((*setting).to_owned(), value)),
                    None => self.missing(name),
                },
                Field::Tolerance => settings.tolerance_seconds = self.seconds(name),
            }
        }
        secrets.extend(self.more_secrets());
        if secrets.len() > limits::SOURCE_SECRETS {
            let message = format!("a source has at most {} secrets", limits::SOURCE_SECRETS);
            self.checks.check::<()>("secrets", Err(Invalid::too_long(message)));
        }
        private.credentials =
            secrets.into_iter().map(|text| Credential { text: text.into(), not_after: None }).collect();
        for (name, value) in self.preset_settings() {
            private.parameters.insert(name, value.into());
        }
        settings.tolerance_seconds = self.seconds("toleranceSeconds").or(settings.tolerance_seconds);
        settings.accept_unverified = self.flag("acceptUnverified").unwrap_or(false);
        settings.split = self.flag("split").unwrap_or(false);
        settings.forward = self.forward();
        settings.sync = self.flag("sync").unwrap_or(false);
        let named = settings.preset.as_deref().and_then(|name| presets.get(name));
        settings.awaits_handshake =
            private.credentials.is_empty() && named.is_some_and(|preset| preset.tells_its_secret());
        self.finish()?;
        Ok((settings, private))
    }

    fn more_secrets(&mut self) -> Vec<String> {
        let Some(value) = self.value("secrets") else { return Vec::new() };
        let all = value.as_array().map(|all| all.iter().map(text).collect::<Result<Vec<_>, _>>());
        let all = all.unwrap_or_else(|| Err(wrong("must be a list of strings", "type_error.list")));
        self.checks.check("secrets", all).unwrap_or_default()
    }

    fn preset_settings(&mut self) -> BTreeMap<String, String> {
        let Some(value) = self.value("settings") else { return BTreeMap::new() };
        let all = value.as_object().filter(|all| all.len() <= SETTINGS).map(|all| {
            all.iter().map(|(name, value)| Ok((name.clone(), text(value)?))).collect::<Result<_, Invalid>>()
        });
        let message = format!("must be an object of at most {SETTINGS} strings");
        let all = all.unwrap_or_else(|| Err(wrong(message, "type_error.dict")));
        self.checks.check("settings", all).unwrap_or_default()
    }

    fn forward(&mut self) -> Forward {
        let Some(value) = self.value("forward") else { return Forward::default() };
        let forward = serde_json::from_value(value.clone());
        let forward = forward.map_err(|_| Invalid::value("must be `asItCame` or `resigned`"));
        self.checks.check("forward", forward).unwrap_or_default()
    }

    fn missing(&mut self, name: &str) {
        // What was there and refused is told already.
        if self.config.get(name).is_none_or(Value::is_null) {
            let missing = Invalid { message: "field required".into(), kind: "value_error.missing" };
            self.checks.check::<()>(name, Err(missing));
        }
    }

    fn finish(mut self) -> Result<(), InvalidFields> {
        for name in self.config.keys() {
            if !self.known.contains(&name.as_str()) {
                let message = "this type of source has no such field";
                self.checks.check::<()>(name, Err(wrong(message, "value_error.extra")));
            }
        }
        self.checks.finish()
    }
}

/// The configuration of a source that publishes by a schedule.
fn schedule(config: &Map<String, Value>) -> Result<(Settings, Private), InvalidFields> {
    let mut reader = Reader::new(config);
    let schedule = reader.text("schedule");
    let payload = reader.value("payload").map(|value| value.as_str().map(str::to_owned));
    let content_type = reader.text("contentType");
    match &schedule {
        Some(text) => drop(reader.checks.check("schedule", cron::parse(text).map(drop))),
        None => reader.missing("schedule"),
    }
    let payload = match payload {
        Some(Some(payload)) if payload.len() <= PAYLOAD_BYTES => Some(payload),
        Some(_) => {
            let message = format!("must be a string of at most {PAYLOAD_BYTES} bytes");
            reader.checks.check("payload", Err(wrong(message, "type_error.str")))
        }
        None => {
            reader.missing("payload");
            None
        }
    };
    if let Some(text) = &content_type {
        let valid = http::HeaderValue::from_str(text).map(drop);
        reader.checks.check("contentType", valid.map_err(|_| Invalid::pattern("must be a content type")));
    }
    reader.finish()?;
    let (schedule, payload) = (schedule.unwrap_or_default(), payload.unwrap_or_default());
    let cron = Some(Cron { schedule, payload, content_type });
    // What it publishes is signed by us: there is no provider's signature.
    let settings = Settings { cron, forward: Forward::Resigned, ..Settings::default() };
    Ok((settings, Private::default()))
}

/// Holds the whole source to what its preset can use: the form of its secrets, and the settings that it needs.
pub(super) fn check_usable(source: &Source, presets: &Presets) -> Result<(), InvalidFields> {
    verifier::of(source, presets).map(drop).map_err(|invalid| InvalidFields::one("config", invalid))
}

/// The configuration as it may be shown: without secrets, and without what is hidden.
#[must_use]
pub fn shown(source: &Source) -> Value {
    let settings = &source.settings;
    if let Some(cron) = &settings.cron {
        return json!({"schedule": cron.schedule, "payload": cron.payload, "contentType": cron.content_type});
    }
    let mut config = Map::new();
    if source.kind == GENERIC
        && let Some(preset) = &settings.preset
    {
        config.insert("preset".to_owned(), json!(preset));
    }
    let fields = kinds::fields(&source.kind);
    for (name, field) in fields {
        let value = match field {
            Field::PublicKey => settings.parameters.get(*name).map(|value| json!(value)),
            Field::Shown(setting) => settings.parameters.get(*setting).map(|value| json!(value)),
            Field::Tolerance => settings.tolerance_seconds.map(|seconds| json!(seconds)),
            Field::Secret { .. } | Field::Hidden(_) => None,
        };
        config.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    if let Some(seconds) = settings.tolerance_seconds {
        config.insert("toleranceSeconds".to_owned(), json!(seconds));
    }
    config.insert("acceptUnverified".to_owned(), json!(settings.accept_unverified));
    config.insert("split".to_owned(), json!(settings.split));
    config.insert("forward".to_owned(), json!(settings.forward));
    config.insert("sync".to_owned(), json!(settings.sync));
    config.insert("awaitsHandshake".to_owned(), json!(settings.awaits_handshake));
    config.insert("secretCount".to_owned(), json!(source.private.credentials.len()));
    Value::Object(config)
}

fn text(value: &Value) -> Result<String, Invalid> {
    let text = value.as_str().ok_or_else(|| wrong("must be a string", "type_error.str"))?;
    match text.len() {
        0 => Err(Invalid::too_short("must not be empty")),
        length if length > VALUE_BYTES => {
            Err(Invalid::too_long(format!("must have at most {VALUE_BYTES} bytes")))
        }
        _ => Ok(text.to_owned()),
    }
}

fn wrong(message: impl Into<std::borrow::Cow<'static, str>>, kind: &'static str) -> Invalid {
    Invalid { message: message.into(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(kind: &str, config: Value) -> Result<Checked, Vec<String>> {
        let Value::Object(config) = config else { panic!("an object") };
        let changes = Changes {
            name: "source".into(),
            uid: None,
            metadata: Metadata::new(),
            kind: kind.into(),
            config,
        };
        changes
            .check(Presets::embedded())
            .map_err(|invalid| invalid.0.into_iter().map(|error| error.at.join(".")).collect())
    }

    fn refused(kind: &str, config: Value) -> Vec<String> {
        checked(kind, config).err().unwrap_or_default()
    }

    #[test]
    fn each_value_is_refused_in_its_place() {
        for (kind, config, places) in [
            ("stripe", json!({}), &["config.secret"][..]),
            ("stripe", json!({"secret": ""}), &["config.secret"]),
            ("stripe", json!({"secret": 7}), &["config.secret"]),
            ("stripe", json!({"secret": "x", "secert": "x"}), &["config.secert"]),
            ("github", json!({}), &[]),
            ("github", json!({"secret": null}), &[]),
            ("github", json!({"secrets": ["a", "b"]}), &[]),
            ("github", json!({"secrets": "a"}), &["config.secrets"]),
            ("github", json!({"secrets": vec!["a"; 11]}), &["config.secrets"]),
            (
                "github",
                json!({"toleranceSeconds": -1, "split": "yes"}),
                &["config.toleranceSeconds", "config.split"],
            ),
            ("github", json!({"forward": "whole"}), &["config.forward"]),
            ("github", json!({"preset": "stripe"}), &["config.preset"]),
            ("meta", json!({"secret": "s"}), &["config.verifyToken"]),
            ("no-such", json!({}), &["type"]),
            ("cron", json!({"schedule": "* * * * *", "payload": "{}"}), &[]),
            ("cron", json!({"schedule": "never", "payload": 7}), &["config.schedule", "config.payload"]),
            ("cron", json!({"payload": "{}", "secret": "x"}), &["config.schedule", "config.secret"]),
        ] {
            assert_eq!(refused(kind, config.clone()), places, "{kind} {config}");
        }
    }

    #[test]
    fn the_configuration_says_what_the_source_is() {
        let known = |kind, config| checked(kind, config).unwrap_or_else(|places| panic!("{places:?}"));
        let config = json!({"secret": "old", "secrets": ["new"], "forward": "resigned", "split": true});
        let checked = known("github", config);
        assert_eq!(checked.settings.preset.as_deref(), Some("github"));
        assert_eq!((checked.settings.forward, checked.settings.split), (Forward::Resigned, true));
        let secrets: Vec<_> =
            checked.private.credentials.iter().map(|credential| credential.text.expose()).collect();
        assert_eq!(secrets, ["old", "new"]);
        let generic = known(GENERIC, json!({"preset": "gitlab", "secret": "s"}));
        assert_eq!(generic.settings.preset.as_deref(), Some("gitlab"));
    }
}
