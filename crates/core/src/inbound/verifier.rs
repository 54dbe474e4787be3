//! A preset with the secrets and settings of one source: what judges requests, and signs them.

use std::sync::Arc;
use std::time::Duration;

use super::ceiling;
use super::fetched::Fetched;
use super::jwt::Outcome;
use super::key::{Algorithm, Hash, InvalidKey, Key, KeyForm};
use super::paypal;
use super::place::View;
use super::preset::Preset;
use super::probe;
use super::request::Request;
use super::scheme::{JwtKeys, Kind, Rule, Signature};
use super::secret::Secret;
use super::settings::Settings;
use super::signature::Numbered;
use super::sns;
use super::token::Form;
use super::verdict::{Check, Proof, Reason, Verdict};
use crate::time::Timestamp;

/// A preset with the secrets and settings of one source. Keys are decoded when it is made, so checking cannot fail
/// for a reason that is not the request's or the provider's.
pub struct Verifier {
    preset: Arc<Preset>,
    secrets: Vec<Secret>,
    settings: Settings,
    tolerance: Duration,
    /// For each rule, for each secret, the key that it is; `None` where it is of another rule's kind.
    keys: Vec<Vec<Option<Key>>>,
}

/// Secrets or settings that do not fit the preset. The sentences never repeat them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVerifier {
    /// More than any rotation needs.
    #[error("a source has at most {} secrets", ceiling::SECRETS)]
    TooManySecrets,
    /// A secret that is no key of this preset.
    #[error("secret {number} does not fit the preset `{preset}`")]
    Secret {
        /// Which, counted from 1.
        number: usize,
        /// The preset.
        preset: String,
        /// What it should be.
        #[source]
        source: InvalidKey,
    },
    /// A setting without which the preset proves nothing.
    #[error("the preset `{preset}` needs the setting `{setting}`: {about}")]
    Setting {
        /// The preset.
        preset: String,
        /// The setting.
        setting: String,
        /// What it is.
        about: String,
    },
}

impl Verifier {
    /// The verifier of a source. Without secrets it may still tell events and answer handshakes, and says of every
    /// request that it is unverified.
    pub fn new(
        preset: Arc<Preset>,
        secrets: Vec<Secret>,
        mut settings: Settings,
    ) -> Result<Self, InvalidVerifier> {
        if secrets.len() > ceiling::SECRETS {
            return Err(InvalidVerifier::TooManySecrets);
        }
        for setting in &preset.settings {
            if settings.get(&setting.name).is_some() {
                continue;
            }
            match &setting.default {
                Some(default) => settings.set(setting.name.clone(), default.clone()),
                None if setting.required => {
                    return Err(InvalidVerifier::Setting {
                        preset: preset.name.clone(),
                        setting: setting.name.clone(),
                        about: setting.about.clone(),
                    });
                }
                None => {}
            }
        }
        let keys = decode(&preset, &secrets)?;
        let tolerance = preset.scheme.tolerance;
        Ok(Self { preset, secrets, settings, tolerance, keys })
    }

    /// The same with a tolerance of the source's own; zero does not enforce the provider's timestamp.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The preset.
    #[must_use]
    pub const fn preset(&self) -> &Arc<Preset> {
        &self.preset
    }

    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Judges a request that came at `now`. Only presets whose keys are the provider's own ever need one fetched.
    #[must_use]
    pub fn check(&self, request: &Request<'_>, now: Timestamp, fetched: &Fetched) -> Check {
        let scheme = &self.preset.scheme;
        if scheme.is_none() || (scheme.needs_secret() && self.secrets.is_empty()) {
            return Check::Done(Verdict::Unverified);
        }
        let view = View::new(request, &self.settings);
        let mut failed = Reason::NotApplicable;
        for (number, rule) in scheme.rules.iter().enumerate() {
            match self.check_rule(number, rule, &view, now, fetched) {
                Ok(check) => return check,
                Err(reason) if failed.progress() < reason.progress() => failed = reason,
                Err(_) => {}
            }
        }
        if let Reason::NoMatch { .. } = failed {
            failed = self.probe(&view, now).unwrap_or(failed);
        }
        Check::Done(Verdict::Failed(failed))
    }

    fn check_rule(
        &self,
        number: usize,
        rule: &Rule,
        view: &View<'_>,
        now: Timestamp,
        fetched: &Fetched,
    ) -> Result<Check, Reason> {
        if let Some(condition) = &rule.when
            && !condition.holds(view)?
        {
            return Err(Reason::NotApplicable);
        }
        let active = || -> Result<Vec<(usize, &Secret)>, Reason> {
            let active = self.secrets.iter().enumerate().filter(|(_, secret)| secret.is_active(now));
            let active: Vec<_> = active.collect();
            if active.is_empty() { Err(Reason::Expired) } else { Ok(active) }
        };
        let verified = |proof: Proof| Check::Done(Verdict::Verified(proof));
        let authenticated = |proof: Proof| Check::Done(Verdict::Authenticated(proof));
        match &rule.kind {
            Kind::Signature(signature) => {
                active()?;
                let keys = self.active_keys(number, now);
                let proof = signature.check(view, &keys, self.tolerance, now)?;
                self.check_domain(signature, view, &keys)?;
                Ok(verified(proof))
            }
            Kind::Token(token) => token.check(Form::Plain, view, &active()?).map(authenticated),
            Kind::Basic(token) => token.check(Form::Basic, view, &active()?).map(authenticated),
            Kind::Jwt(jwt) => {
                let secrets = if let JwtKeys::Set(_) = jwt.keys { Vec::new() } else { active()? };
                match jwt.check(view, &secrets, now, fetched)? {
                    Outcome::NeedsKey(request) => Ok(Check::NeedsKey(request)),
                    Outcome::Proof(proof) if jwt.body_hash.is_some() => Ok(verified(proof)),
                    Outcome::Proof(proof) => Ok(authenticated(proof)),
                }
            }
            Kind::Sns | Kind::Paypal => {
                let check = if matches!(rule.kind, Kind::Sns) { sns::check } else { paypal::check };
                match check(view, &active()?, self.tolerance, now, fetched)? {
                    Outcome::NeedsKey(request) => Ok(Check::NeedsKey(request)),
                    Outcome::Proof(proof) => Ok(verified(proof)),
                }
            }
            Kind::None => Ok(Check::Done(Verdict::Unverified)),
        }
    }

    /// Some providers have us sign whatever they (or anyone) bring in a handshake. What could have been brought there
    /// is no event, however well it is signed.
    fn check_domain(
        &self,
        signature: &Signature,
        view: &View<'_>,
        keys: &[Numbered<'_>],
    ) -> Result<(), Reason> {
        let Some((_, key)) = keys.first().filter(|_| signature.timestamp.is_none()) else { return Ok(()) };
        let oracles = self.preset.handshakes.iter().filter(|handshake| handshake.signs());
        for handshake in oracles {
            let message = signature.message(view, b"", key).unwrap_or_default();
            if handshake.could_sign(&message) {
                return Err(Reason::HandshakeAnswer);
            }
        }
        Ok(())
    }

    fn probe(&self, view: &View<'_>, now: Timestamp) -> Option<Reason> {
        self.preset.scheme.rules.iter().enumerate().find_map(|(number, rule)| match &rule.kind {
            Kind::Signature(signature) => probe::explain(signature, view, &self.active_keys(number, now)),
            _ => None,
        })
    }

    /// The keys of one rule that count at `now`, and their places in the source's list.
    pub(super) fn active_keys(&self, rule: usize, now: Timestamp) -> Vec<Numbered<'_>> {
        let secrets = self.secrets.iter().zip(&self.keys[rule]).enumerate();
        let active = secrets.filter(|(_, (secret, _))| secret.is_active(now));
        active.filter_map(|(number, (_, key))| Some((number, key.as_ref()?))).collect()
    }

    /// The mac of a handshake's challenge: of the first rule and the first secret, which is the current one.
    pub(super) fn mac(&self, message: &[u8]) -> Option<Vec<u8>> {
        let algorithm = match &self.preset.scheme.rules.first()?.kind {
            Kind::Signature(signature) => signature.algorithm,
            _ => Algorithm::Hmac(Hash::Sha256),
        };
        self.keys.first()?.first()?.as_ref()?.tag(algorithm, &[message])
    }
}

/// The keys that secrets are; each must be one of at least one rule.
fn decode(preset: &Preset, secrets: &[Secret]) -> Result<Vec<Vec<Option<Key>>>, InvalidVerifier> {
    let mut keys: Vec<Vec<Option<Key>>> = preset.scheme.rules.iter().map(|_| Vec::new()).collect();
    for (index, secret) in secrets.iter().enumerate() {
        let mut refused = None;
        let mut fits = preset.scheme.is_none();
        for (rule, keys) in preset.scheme.rules.iter().zip(&mut keys) {
            let decoded = match &rule.kind {
                Kind::Signature(signature) => signature.key.decode(secret, signature.algorithm).map(Some),
                Kind::Jwt(_) | Kind::Token(_) | Kind::Sns | Kind::Paypal | Kind::None => Ok(None),
                Kind::Basic(_) => KeyForm::basic(secret).map(|()| None),
            };
            fits |= decoded.is_ok();
            keys.push(decoded.unwrap_or_else(|invalid| {
                refused.get_or_insert(invalid);
                None
            }));
        }
        if let Some(source) = refused.filter(|_| !fits) {
            return Err(InvalidVerifier::Secret { number: index + 1, preset: preset.name.clone(), source });
        }
    }
    Ok(keys)
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("preset", &self.preset.name)
            .field("secrets", &self.secrets.len())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
