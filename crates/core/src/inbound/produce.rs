//! Signs requests as providers do: for samples, and for replays that must look fresh.
//!
//! The message is built by the code that checks it. What the provider alone can sign (its own private keys) is
//! refused; public keys of our own making sign where the scheme takes `whsk_` keys.

use serde_json::{Map, Value};

use super::encoding;
use super::key::{Algorithm, Hash, Key, KeyForm};
use super::message::{self, Part};
use super::place::{Place, View};
use super::request::Request;
use super::scheme::{Encoding, Format, Jwt, JwtKeys, Kind, Rule, Signature, StampFrom, Token};
use super::secret::Secret;
use super::settings::Settings;
use super::token::Form;
use super::verdict::Reason;
use super::verifier::Verifier;
use crate::rng::Rng;
use crate::time::Timestamp;

pub use draft::Draft;

mod draft;

/// Why a request was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSign {
    /// A key that we cannot have.
    #[error("only {0} itself can sign this: its private key is not known to anyone else")]
    ProvidersKey(String),
    /// No secret that counts, or only a public key.
    #[error("there is no secret that signs")]
    NoSecret,
    /// The provider does not sign.
    #[error("{0} does not sign its requests")]
    Unsigned(String),
    /// The request lacks what is signed.
    #[error("the request cannot be signed")]
    Incomplete(#[source] Reason),
    /// The body has no field for the signature.
    #[error("the body has no `{0}` to put the signature into")]
    NoPlace(String),
}

impl Verifier {
    /// Signs `draft` at `now` with the first secret that counts and can. Headers of the signature are set in place of
    /// older ones; a signed id that the draft has stays, and is made up where there is none; where the provider signs
    /// inside the body, the body must have the fields, and only their values change.
    pub fn produce(&self, draft: &mut Draft, now: Timestamp, rng: &dyn Rng) -> Result<(), CannotSign> {
        let title = || self.preset().title.clone();
        // Of several ways that fail, the first is the usual one.
        let mut refused = None;
        for (number, rule) in self.preset().scheme.rules.iter().enumerate() {
            let mut signed = draft.clone();
            match self.produce_by(number, rule, &mut signed, now, rng) {
                Ok(()) => {
                    *draft = signed;
                    return Ok(());
                }
                Err(reason) => {
                    refused.get_or_insert(reason);
                }
            }
        }
        Err(refused.unwrap_or_else(|| CannotSign::Unsigned(title())))
    }

    fn produce_by(
        &self,
        number: usize,
        rule: &Rule,
        draft: &mut Draft,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Result<(), CannotSign> {
        let title = || self.preset().title.clone();
        let mut active = self.secrets().iter().filter(|secret| secret.is_active(now));
        match &rule.kind {
            Kind::Signature(signature) => {
                if let Some(Place::Query(name)) = &signature.body_hash {
                    draft.set_query(name, &message::body_sha256(&draft.body));
                }
                let holds = |view: &View<'_>| rule.when.as_ref().map_or(Ok(true), |when| when.holds(view));
                if !draft.view(self.settings(), holds).map_err(CannotSign::Incomplete)? {
                    return Err(CannotSign::Incomplete(Reason::NotApplicable));
                }
                let keys = self.active_keys(number, now);
                let (_, key) = keys.first().ok_or(CannotSign::NoSecret)?;
                sign(signature, draft, key, self.settings(), now, rng)
            }
            Kind::Token(token) => {
                let secret = active.next().ok_or(CannotSign::NoSecret)?;
                place_token(token, Form::Plain, draft, secret, self.settings())
            }
            Kind::Basic(token) => {
                let secret = active.next().ok_or(CannotSign::NoSecret)?;
                place_token(token, Form::Basic, draft, secret, self.settings())
            }
            Kind::Jwt(jwt) if matches!(jwt.keys, JwtKeys::Secret) => {
                let secret = active.next().ok_or(CannotSign::NoSecret)?;
                let token = token(jwt, draft, secret, self.settings(), now).ok_or(CannotSign::NoSecret)?;
                draft.put(&jwt.from[0], &format!("{}{token}", jwt.prefix), self.settings(), None)
            }
            Kind::Jwt(_) | Kind::Sns | Kind::Paypal => Err(CannotSign::ProvidersKey(title())),
            Kind::None => Err(CannotSign::Unsigned(title())),
        }
    }
}

fn sign(
    signature: &Signature,
    draft: &mut Draft,
    key: &Key,
    settings: &Settings,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), CannotSign> {
    for part in &signature.message {
        if let Part::Value(Place::Header(name)) = part
            && let Some(name) = name.get(settings)
            && draft.header(name).is_none()
        {
            let mut bytes = [0; 12];
            rng.fill(&mut bytes);
            draft.set_header(name, &format!("msg_{}", encoding::to_hex(&bytes)));
        }
    }
    let timestamp = signature.timestamp.as_ref().map(|stamp| stamp.format.write(now)).unwrap_or_default();
    let items = match &signature.each {
        Some(each) => each.all(&draft.body).len(),
        None => 1,
    };
    for index in 0..items {
        let item = signature.each.as_ref().map(|each| (each, index));
        if let Some(StampFrom::Place(place)) = signature.timestamp.as_ref().map(|stamp| &stamp.from) {
            draft.put(place, &timestamp, settings, item)?;
        }
        let bytes = draft.view(settings, |view| {
            let view = match item {
                Some((each, index)) => {
                    let document =
                        each.all(view.request.body).get(index).map_or(&b""[..], |item| item.as_bytes());
                    View { document, ..*view }
                }
                None => *view,
            };
            let message = message::build(&signature.message, &view, timestamp.as_bytes(), key.raw())
                .map_err(CannotSign::Incomplete)?;
            key.sign(signature.algorithm, &message).ok_or(CannotSign::NoSecret)
        })?;
        let text = match signature.encoding {
            Encoding::Hex => encoding::to_hex(&bytes),
            Encoding::Base64 => encoding::to_base64(&bytes),
        };
        let value = written(&signature.format, &text, &timestamp, settings);
        draft.put(&signature.from[0], &value, settings, item)?;
    }
    Ok(())
}

/// A signature as it stands in its value.
fn written(format: &Format, text: &str, timestamp: &str, settings: &Settings) -> String {
    match format {
        Format::Plain { prefix } => format!("{prefix}{text}"),
        Format::Positional { delimiter } => format!("{timestamp}{delimiter}{text}"),
        Format::Pairs { delimiter, separator, keys, timestamp: stamp, .. } => {
            let key = keys.iter().find_map(|key| key.get(settings)).unwrap_or_default();
            match stamp {
                Some(stamp) => format!("{stamp}{separator}{timestamp}{delimiter}{key}{separator}{text}"),
                None => format!("{key}{separator}{text}"),
            }
        }
    }
}

fn place_token(
    token: &Token,
    form: Form,
    draft: &mut Draft,
    secret: &Secret,
    settings: &Settings,
) -> Result<(), CannotSign> {
    let value = match form {
        Form::Plain => format!("{}{}", token.prefix, secret.expose()),
        Form::Basic => format!("Basic {}", encoding::to_base64(secret.expose().as_bytes())),
    };
    let Some(each) = &token.each else { return draft.put(&token.from[0], &value, settings, None) };
    for index in 0..each.all(&draft.body).len() {
        draft.put(&token.from[0], &value, settings, Some((each, index)))?;
    }
    Ok(())
}

/// A token under a shared secret.
fn token(jwt: &Jwt, draft: &Draft, secret: &Secret, settings: &Settings, now: Timestamp) -> Option<String> {
    let mut claims: Map<String, Value> = jwt
        .claims
        .iter()
        .filter_map(|(names, value)| {
            let name = names.split('|').next()?;
            Some((name.to_owned(), Value::from(value.get(settings)?)))
        })
        .collect();
    if let Some(name) = &jwt.body_hash {
        claims.insert(name.clone(), Value::from(message::body_sha256(&draft.body)));
    }
    if jwt.max_age.is_some() {
        claims.insert("iat".to_owned(), Value::from(now.as_seconds()));
    }
    let header = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, jwt.algorithm.name());
    let signed = format!(
        "{}.{}",
        encoding::to_base64_url(header.as_bytes()),
        encoding::to_base64_url(Value::Object(claims).to_string().as_bytes())
    );
    let algorithm = Algorithm::Hmac(Hash::Sha256);
    let tag = KeyForm::Utf8.decode(secret, algorithm).ok()?.tag(algorithm, &[&signed])?;
    Some(format!("{signed}.{}", encoding::to_base64_url(&tag)))
}

/// The draft as a request.
fn request<'d>(draft: &'d Draft, headers: &'d [(&'d [u8], &'d [u8])]) -> Request<'d> {
    Request { method: &draft.method, url: &draft.url, headers, body: &draft.body }
}
