//! Checks JSON Web Tokens: those that hold a hash of the body, and those that only say who sends.
//!
//! The algorithm is the preset's and never the token's choice, a key is asked for only after everything that can be
//! judged without it has passed, and a token whose key has no id is refused.

use std::time::Duration;

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::ceiling;
use super::encoding;
use super::fetched::{Fetched, KeyRequest};
use super::key::{self, Algorithm, Hash, KeyForm};
use super::message;
use super::place::View;
pub(crate) use super::scheme::JwtAlgorithm;
use super::scheme::{Jwt, JwtKeys};
use super::secret::Secret;
use super::settings::Settings;
use super::signature::{fresh, unix_time};
use super::verdict::{Proof, Reason, shown};
use crate::time::Timestamp;

/// How far the clocks of the provider and ours may be apart.
const LEEWAY_S: i64 = 60;
const SET_CACHE: Duration = Duration::from_secs(3_600);
const KEY_CACHE: Duration = Duration::from_secs(24 * 3_600);

/// What came of a step: a proof, or a key that is needed first.
pub(super) enum Outcome {
    Proof(Proof),
    NeedsKey(KeyRequest),
}

#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    /// What a reader must understand, which nobody here does.
    pub(crate) crit: Option<Value>,
}

/// A public key of a key set.
#[derive(Deserialize)]
pub(crate) struct Jwk {
    pub(crate) kid: Option<String>,
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

#[derive(Deserialize)]
pub(crate) struct KeySet {
    pub(crate) keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct OneKey {
    key: Jwk,
}

/// A token in its parts; not trusted before its signature is checked.
pub(crate) struct Token<'t> {
    pub(crate) header: Header,
    pub(crate) claims: Map<String, Value>,
    signed: &'t [u8],
    signature: Vec<u8>,
}

impl<'t> Token<'t> {
    pub(crate) fn read(text: &'t [u8]) -> Option<Self> {
        let dot = text.iter().rposition(|byte| *byte == b'.')?;
        let (signed, signature) = (&text[..dot], &text[dot + 1..]);
        let middle = signed.iter().position(|byte| *byte == b'.')?;
        let decode = |part: &[u8]| if part.contains(&b'=') { None } else { encoding::base64(part) };
        Some(Self {
            header: serde_json::from_slice(&decode(&signed[..middle])?).ok()?,
            claims: serde_json::from_slice(&decode(&signed[middle + 1..])?).ok()?,
            signed,
            signature: decode(signature)?,
        })
    }

    pub(crate) fn number(&self, claim: &str) -> Option<i64> {
        self.claims.get(claim)?.as_i64()
    }
}

impl Jwt {
    /// The proof that every token of the request is genuine and says what it must.
    pub(super) fn check(
        &self,
        view: &View<'_>,
        secrets: &[(usize, &Secret)],
        now: Timestamp,
        fetched: &Fetched,
    ) -> Result<Outcome, Reason> {
        let mut proof = None;
        for place in &self.from {
            for value in place.all(view)?.into_iter().take(ceiling::TOKENS) {
                let malformed = |what| Reason::Malformed { place: place.to_string(), what };
                let text = value
                    .strip_prefix(self.prefix.as_bytes())
                    .ok_or_else(|| malformed("does not begin as this provider's tokens do"))?;
                let token = Token::read(text).ok_or_else(|| malformed("is not a JSON Web Token"))?;
                self.check_claims(&token, view, now)?;
                match self.check_signature(&token, view.settings, secrets, fetched)? {
                    Outcome::Proof(new) => {
                        let timestamp = token.number("iat").and_then(unix_time);
                        proof = Some(Proof { timestamp, ..new });
                    }
                    needs @ Outcome::NeedsKey(_) => return Ok(needs),
                }
            }
        }
        match proof {
            Some(proof) => Ok(Outcome::Proof(proof)),
            None => Err(Reason::Missing { place: self.from[0].to_string() }),
        }
    }

    fn check_claims(&self, token: &Token<'_>, view: &View<'_>, now: Timestamp) -> Result<(), Reason> {
        let algorithm = token.header.alg.as_str();
        if algorithm != self.algorithm.name() {
            return Err(Reason::Algorithm {
                algorithm: shown(algorithm.as_bytes()),
                expected: self.algorithm.name(),
            });
        }
        let claim = |claim: &str, what| Reason::Claim { claim: claim.to_owned(), what };
        for (names, wanted) in &self.claims {
            // A setting without a value is an optional one that the operator left out.
            let Some(wanted) = wanted.get(view.settings) else { continue };
            let present = names.split('|').find_map(|name| token.claims.get(name));
            match present {
                Some(value) if says(value, wanted) => {}
                Some(_) => return Err(claim(names, "is not what this source expects")),
                None => return Err(claim(names, "is missing")),
            }
        }
        let seconds = now.as_seconds();
        match token.number("exp") {
            Some(end) if end.saturating_add(LEEWAY_S) < seconds => return Err(claim("exp", "has passed")),
            None if self.require_exp => return Err(claim("exp", "is missing")),
            _ => {}
        }
        if token.number("nbf").is_some_and(|start| seconds.saturating_add(LEEWAY_S) < start) {
            return Err(claim("nbf", "is in the future"));
        }
        if let Some(max_age) = self.max_age {
            let signed_at = token.number("iat").ok_or_else(|| claim("iat", "is missing"))?;
            let signed_at = unix_time(signed_at).ok_or_else(|| claim("iat", "is not a time"))?;
            fresh(Some(signed_at), max_age, now)?;
        }
        if let Some(name) = &self.body_hash {
            let hash =
                token.claims.get(name).and_then(Value::as_str).ok_or_else(|| claim(name, "is missing"))?;
            if !hash.eq_ignore_ascii_case(&message::body_sha256(view.request.body)) {
                return Err(Reason::BodyHash { place: format!("token's claim `{name}`") });
            }
        }
        Ok(())
    }

    fn check_signature(
        &self,
        token: &Token<'_>,
        settings: &Settings,
        secrets: &[(usize, &Secret)],
        fetched: &Fetched,
    ) -> Result<Outcome, Reason> {
        match &self.keys {
            JwtKeys::Secret => {
                let algorithm = Algorithm::Hmac(Hash::Sha256);
                let matches = |secret: &Secret| {
                    let key = KeyForm::Utf8.decode(secret, algorithm);
                    key.is_ok_and(|key| key.matches(algorithm, &[token.signed], &[&token.signature]))
                };
                match secrets.iter().find(|(_, secret)| matches(secret)) {
                    Some((number, _)) => Ok(Outcome::Proof(Proof { secret: Some(*number), timestamp: None })),
                    None => Err(Reason::NoMatch { secrets: secrets.len() }),
                }
            }
            JwtKeys::Set(url) => {
                let kid = key_id(token)?;
                let request = KeyRequest::new(url.clone(), SET_CACHE);
                let Some(answer) = supplied(&request, fetched)? else {
                    return Ok(Outcome::NeedsKey(request));
                };
                let set: KeySet = serde_json::from_slice(answer).map_err(|_| unusable(&request))?;
                let mut keys = set.keys.iter().take(ceiling::JWKS_KEYS);
                let key = keys.find(|key| key.kid.as_deref() == Some(kid));
                let key = key.ok_or_else(|| Reason::UnknownKey { kid: shown(kid.as_bytes()) })?;
                self.judge(key, token, None)
            }
            JwtKeys::Plaid => {
                let kid = key_id(token)?;
                let mut failed = Reason::Expired;
                for (number, secret) in secrets {
                    let request = plaid(kid, secret, settings);
                    match supplied(&request, fetched) {
                        Ok(None) => return Ok(Outcome::NeedsKey(request)),
                        Ok(Some(answer)) => {
                            let one: OneKey =
                                serde_json::from_slice(answer).map_err(|_| unusable(&request))?;
                            return self.judge(&one.key, token, Some(*number));
                        }
                        Err(reason) => failed = reason,
                    }
                }
                Err(failed)
            }
        }
    }

    fn judge(&self, key: &Jwk, token: &Token<'_>, secret: Option<usize>) -> Result<Outcome, Reason> {
        if key.matches(self.algorithm, token) {
            Ok(Outcome::Proof(Proof { secret, timestamp: None }))
        } else {
            Err(Reason::NoMatch { secrets: usize::from(secret.is_some()) })
        }
    }
}

impl Jwk {
    /// Whether the token's signature is of this key, by an algorithm that the caller has chosen.
    pub(crate) fn matches(&self, algorithm: JwtAlgorithm, token: &Token<'_>) -> bool {
        let decode = |text: &str| encoding::base64(text.as_bytes()).unwrap_or_default();
        match algorithm {
            JwtAlgorithm::Rs256 => {
                let (n, e) = (decode(&self.n), decode(&self.e));
                // Leading zeros are no part of a number, and one who verifies may refuse them.
                let n = &n[n.iter().take_while(|byte| **byte == 0).count()..];
                self.kty == "RSA" && key::rsa_matches(n, &e, token.signed, &token.signature)
            }
            JwtAlgorithm::Es256 => {
                let point = [&[4][..], &decode(&self.x), &decode(&self.y)].concat();
                let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                self.kty == "EC"
                    && self.crv == "P-256"
                    && public.verify(token.signed, &token.signature).is_ok()
            }
            JwtAlgorithm::Hs256 => false,
        }
    }
}

impl JwtAlgorithm {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

fn key_id<'t>(token: &'t Token<'_>) -> Result<&'t str, Reason> {
    let kid = token.header.kid.as_deref().filter(|kid| !kid.is_empty() && kid.len() <= ceiling::SHOWN_BYTES);
    kid.ok_or(Reason::Malformed { place: "token".to_owned(), what: "does not name its key" })
}

/// Whether a claim says `wanted`: as text, as a boolean, or as one of a list.
fn says(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(truth) => wanted == if *truth { "true" } else { "false" },
        Value::Array(values) => values.iter().any(|value| value.as_str() == Some(wanted)),
        _ => false,
    }
}

fn plaid(kid: &str, secret: &Secret, settings: &Settings) -> KeyRequest {
    let environment = settings.get("environment").unwrap_or("production");
    // It is a part of a host's name.
    let environment: String = environment.chars().filter(char::is_ascii_alphanumeric).collect();
    let url = format!("https://{environment}.plaid.com/webhook_verification_key/get");
    let client = settings.get("client_id").unwrap_or_default();
    let post = serde_json::json!({ "client_id": client, "secret": secret.expose(), "key_id": kid });
    KeyRequest::new(url, KEY_CACHE).posting(kid, post.to_string())
}

/// What was fetched, or `None` before.
pub(super) fn supplied<'f>(request: &KeyRequest, fetched: &'f Fetched) -> Result<Option<&'f [u8]>, Reason> {
    match fetched.get(request) {
        None => Ok(None),
        Some(Ok(bytes)) if bytes.len() <= request.max_bytes => Ok(Some(bytes)),
        Some(Ok(_)) => Err(Reason::KeyUnusable { url: request.url.clone(), why: "is too large" }),
        Some(Err(why)) => Err(Reason::KeyFetch { url: request.url.clone(), why: shown(why.as_bytes()) }),
    }
}

fn unusable(request: &KeyRequest) -> Reason {
    Reason::KeyUnusable { url: request.url.clone(), why: "is not a set of JSON Web Keys" }
}
