//! Whether an ID token is genuine, for us, and of now.
//!
//! The algorithms are ours to choose (RS256 and ES256), never the token's; what a token refers to is not fetched; one
//! that must be understood in a way that nobody here knows (`crit`) is refused.

use serde_json::{Map, Value};

use crate::inbound::jwt::{Jwk, JwtAlgorithm, KeySet, Token};
use crate::person::{Email, Subject};
use crate::time::Timestamp;

/// Bytes of a token.
const TOKEN_BYTES: usize = 16 * 1024;
/// Keys of a set that are looked at.
const KEYS: usize = 100;
/// Characters of a subject, as the specification has it.
const SUBJECT_CHARS: usize = 255;
/// How far the clocks of the provider and ours may be apart.
const LEEWAY_S: i64 = 60;

/// What a token must be.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'e> {
    /// Who it must be from.
    pub issuer: &'e str,
    /// Whom it must be for.
    pub client_id: &'e str,
    /// What it must repeat.
    pub nonce: &'e str,
    /// Now.
    pub now: Timestamp,
}

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is no token.
    #[error("the ID token is malformed")]
    Malformed,
    /// It is signed by an algorithm that is not taken.
    #[error("the ID token is not signed with RS256 or ES256")]
    Algorithm,
    /// What was fetched holds no keys.
    #[error("the provider's keys cannot be read")]
    Keys,
    /// None of the provider's keys is that of the token. They may have been exchanged since they were fetched.
    #[error("the ID token is signed with a key that the provider does not publish")]
    UnknownKey,
    /// The signature is not that of its key.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// A claim is missing, or is not what it must be.
    #[error("the ID token's claim `{0}` is missing or not what it must be")]
    Claim(&'static str),
}

/// What a genuine token says of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// Who they are to the provider.
    pub subject: Subject,
    /// Their address, if the provider says that it is theirs.
    pub email: Option<Email>,
    /// Their name.
    pub name: Option<String>,
    all: Map<String, Value>,
}

/// Checks a token with the provider's published keys.
pub fn verify(token: &str, key_set: &[u8], expected: Expected<'_>) -> Result<Claims, Invalid> {
    if token.len() > TOKEN_BYTES {
        return Err(Invalid::Malformed);
    }
    let token = Token::read(token.as_bytes()).ok_or(Invalid::Malformed)?;
    let algorithm = [JwtAlgorithm::Rs256, JwtAlgorithm::Es256];
    let algorithm = algorithm.into_iter().find(|known| known.name() == token.header.alg);
    let algorithm = algorithm.ok_or(Invalid::Algorithm)?;
    if token.header.crit.is_some() {
        return Err(Invalid::Malformed);
    }
    check_claims(&token, expected)?;
    let set: KeySet = serde_json::from_slice(key_set).map_err(|_| Invalid::Keys)?;
    let key = key_of(&set, token.header.kid.as_deref()).ok_or(Invalid::UnknownKey)?;
    if !key.matches(algorithm, &token) {
        return Err(Invalid::Signature);
    }
    Claims::of(token.claims, expected.issuer)
}

/// The key that a token names; the only one, where it names none.
fn key_of<'s>(set: &'s KeySet, kid: Option<&str>) -> Option<&'s Jwk> {
    match (kid, set.keys.as_slice()) {
        (Some(kid), keys) => keys.iter().take(KEYS).find(|key| key.kid.as_deref() == Some(kid)),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

fn check_claims(token: &Token<'_>, expected: Expected<'_>) -> Result<(), Invalid> {
    let text = |claim: &str| token.claims.get(claim).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(Invalid::Claim("iss"));
    }
    let audience = match token.claims.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !audience.contains(&expected.client_id) {
        return Err(Invalid::Claim("aud"));
    }
    // A token for several is only for the one that asked for it.
    let party = token.claims.get("azp").map(Value::as_str);
    if party.map_or(audience.len() > 1, |party| party != Some(expected.client_id)) {
        return Err(Invalid::Claim("azp"));
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(Invalid::Claim("nonce"));
    }
    let now = expected.now.as_seconds();
    let end = token.number("exp").ok_or(Invalid::Claim("exp"))?;
    if end.saturating_add(LEEWAY_S) <= now {
        return Err(Invalid::Claim("exp"));
    }
    let is_early = |claim| match token.claims.get(claim) {
        Some(_) => token.number(claim).is_none_or(|start| now.saturating_add(LEEWAY_S) < start),
        None => false,
    };
    match ["iat", "nbf"].into_iter().find(|claim| is_early(claim)) {
        Some(claim) => Err(Invalid::Claim(claim)),
        None => Ok(()),
    }
}

impl Claims {
    fn of(all: Map<String, Value>, issuer: &str) -> Result<Self, Invalid> {
        let text = |claim: &str| all.get(claim).and_then(Value::as_str);
        let is_plain = |text: &&str| !text.is_empty() && !text.chars().any(char::is_control);
        let subject = text("sub").filter(is_plain).filter(|text| text.chars().count() <= SUBJECT_CHARS);
        let subject = subject.ok_or(Invalid::Claim("sub"))?;
        // Providers that let people write any address into their account say so, if they are honest, by this.
        let is_theirs = match all.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        };
        Ok(Self {
            subject: Subject { issuer: issuer.to_owned(), subject: subject.to_owned() },
            email: text("email").filter(|_| is_theirs).and_then(|email| email.parse().ok()),
            name: text("name").filter(is_plain).map(str::to_owned),
            all,
        })
    }

    /// The texts of a claim, which may be one, or a list: what groups and roles come as. A path of names with dots leads
    /// into objects, unless there is a claim with the whole name.
    #[must_use]
    pub fn texts(&self, path: &str) -> Vec<&str> {
        let nested = || {
            let mut names = path.split('.');
            let first = self.all.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        };
        match self.all.get(path).or_else(nested) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn for_test(all: Value) -> Self {
        let Value::Object(all) = all else { panic!("claims are an object") };
        Self::of(all, "https://id.example").unwrap()
    }
}

#[cfg(test)]
mod tests;
