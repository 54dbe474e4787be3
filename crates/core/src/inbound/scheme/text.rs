//! Schemes as TOML: flat keys with defaults, of which a plain preset needs three.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{
    Condition, Encoding, Format, Jwt, JwtAlgorithm, JwtKeys, Kind, Rule, Scheme, Signature, Stamp,
    StampFormat, StampFrom, Token,
};
use crate::inbound::json_path::JsonPath;
use crate::inbound::key::{Algorithm, Hash, KeyForm};
use crate::inbound::message::Part;
use crate::inbound::place::Place;
use crate::inbound::settings::Text;

/// Something that is written as one string.
#[derive(Debug, Clone)]
pub(in crate::inbound) struct Parsed<T>(pub T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Hmac,
    Digest,
    Ed25519,
    EcdsaP256Der,
    EcdsaP256Fixed,
    RsaPkcs1,
    RsaPss,
    Jwt,
    Token,
    Basic,
    Sns,
    Paypal,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FormatName {
    Plain,
    Pairs,
    Positional,
}

/// One rule as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::inbound) struct RuleText {
    #[serde(default = "defaults::kind")]
    kind: KindName,
    when: Option<Parsed<Condition>>,
    #[serde(default = "defaults::hash")]
    hash: Hash,
    #[serde(default = "defaults::key")]
    key: KeyForm,
    #[serde(default)]
    signature: Vec<Parsed<Place>>,
    #[serde(default = "defaults::format")]
    format: FormatName,
    #[serde(default)]
    prefix: String,
    #[serde(default = "defaults::delimiter")]
    delimiter: String,
    #[serde(default = "defaults::separator")]
    separator: String,
    #[serde(default = "defaults::keys")]
    keys: Vec<Parsed<Text>>,
    timestamp_key: Option<String>,
    group: Option<String>,
    #[serde(default = "defaults::encoding")]
    encoding: Encoding,
    #[serde(default = "defaults::message")]
    message: Vec<Parsed<Part>>,
    timestamp: Option<String>,
    #[serde(default = "defaults::timestamp_format")]
    timestamp_format: StampFormat,
    body_hash: Option<String>,
    each: Option<Parsed<JsonPath>>,
    algorithm: Option<JwtAlgorithm>,
    jwks: Option<String>,
    #[serde(default)]
    claims: BTreeMap<String, Parsed<Text>>,
    max_age_s: Option<u64>,
    #[serde(default)]
    require_exp: bool,
}

mod defaults {
    use super::{Encoding, FormatName, Hash, KeyForm, KindName, Parsed, Part, StampFormat, Text};

    pub(super) const fn kind() -> KindName {
        KindName::Hmac
    }
    pub(super) const fn hash() -> Hash {
        Hash::Sha256
    }
    pub(super) const fn key() -> KeyForm {
        KeyForm::Utf8
    }
    pub(super) const fn format() -> FormatName {
        FormatName::Plain
    }
    pub(super) fn delimiter() -> String {
        ",".to_owned()
    }
    pub(super) fn separator() -> String {
        "=".to_owned()
    }
    pub(super) fn keys() -> Vec<Parsed<Text>> {
        vec![Parsed(Text::Fixed("v1".to_owned()))]
    }
    pub(super) const fn encoding() -> Encoding {
        Encoding::Hex
    }
    pub(super) fn message() -> Vec<Parsed<Part>> {
        vec![Parsed(Part::Body)]
    }
    pub(super) const fn timestamp_format() -> StampFormat {
        StampFormat::UnixS
    }
}

impl FromStr for Condition {
    type Err = <Place as FromStr>::Err;

    /// `PLACE`, or `!PLACE` for its absence.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (present, place) = text.strip_prefix('!').map_or((true, text), |place| (false, place));
        Ok(Self { place: place.parse()?, present })
    }
}

/// What does not fit together, and the key that is to blame.
pub(in crate::inbound) type Misfit = (&'static str, String);

impl Scheme {
    /// The scheme of these rules, or the first thing that does not fit together.
    pub(in crate::inbound) fn from_text(tolerance: Duration, rules: Vec<RuleText>) -> Result<Self, Misfit> {
        let rules = rules.into_iter().map(Rule::from_text).collect::<Result<_, _>>()?;
        Ok(Self { tolerance, rules })
    }
}

impl Rule {
    fn from_text(text: RuleText) -> Result<Self, Misfit> {
        let when = text.when.clone().map(|condition| condition.0);
        Ok(Self { when, kind: Kind::from_text(text)? })
    }
}

impl Kind {
    fn from_text(text: RuleText) -> Result<Self, Misfit> {
        let algorithm = match text.kind {
            KindName::Hmac => Algorithm::Hmac(text.hash),
            KindName::Digest => Algorithm::Digest(text.hash),
            KindName::Ed25519 => Algorithm::Ed25519,
            KindName::EcdsaP256Der => Algorithm::EcdsaDer,
            KindName::EcdsaP256Fixed => Algorithm::EcdsaFixed,
            KindName::RsaPkcs1 => Algorithm::RsaPkcs1(text.hash),
            KindName::RsaPss if text.hash == Hash::Sha1 => {
                return Err(("hash", "PSS does not go with SHA-1".to_owned()));
            }
            KindName::RsaPss => Algorithm::RsaPss(text.hash),
            KindName::Jwt => return Jwt::from_text(text).map(|jwt| Self::Jwt(Box::new(jwt))),
            KindName::Token => return Token::from_text(text).map(Self::Token),
            KindName::Basic => return Token::from_text(text).map(Self::Basic),
            KindName::Sns => return Ok(Self::Sns),
            KindName::Paypal => return Ok(Self::Paypal),
            KindName::None => return Ok(Self::None),
        };
        Signature::from_text(text, algorithm).map(|signature| Self::Signature(Box::new(signature)))
    }
}

fn places(from: Vec<Parsed<Place>>) -> Result<Vec<Place>, Misfit> {
    if from.is_empty() {
        return Err(("signature", "must name at least one place".to_owned()));
    }
    Ok(from.into_iter().map(|place| place.0).collect())
}

impl Signature {
    fn from_text(text: RuleText, algorithm: Algorithm) -> Result<Self, Misfit> {
        let message: Vec<Part> = text.message.into_iter().map(|part| part.0).collect();
        let has_stamp = message.iter().any(|part| matches!(part, Part::Timestamp));
        let timestamp = match text.timestamp.as_deref() {
            None => None,
            Some("signature") => Some(StampFrom::Signature),
            Some(place) => Some(StampFrom::Place(
                place
                    .parse()
                    .map_err(|invalid: <Place as FromStr>::Err| ("timestamp", invalid.to_string()))?,
            )),
        };
        match (&timestamp, has_stamp) {
            (None, true) => {
                return Err(("timestamp", "the message has one, so it must be said where".to_owned()));
            }
            (Some(_), false) => return Err(("message", "does not cover the timestamp".to_owned())),
            _ => {}
        }
        let beside = matches!(timestamp, Some(StampFrom::Signature));
        let has_key = text.timestamp_key.is_some() || text.format == FormatName::Positional;
        if beside != (has_key && text.format != FormatName::Plain) {
            return Err((
                "timestamp",
                "stands beside the signature only in `pairs` with `timestamp_key`, or in \
                                      `positional`"
                    .to_owned(),
            ));
        }
        let body_hash = text.body_hash.map(|place| place.parse::<Place>()).transpose();
        let body_hash = body_hash.map_err(|invalid| ("body_hash", invalid.to_string()))?;
        if matches!(algorithm, Algorithm::Digest(_))
            != message.iter().any(|part| matches!(part, Part::Secret))
        {
            return Err(("message", "a digest hashes the secret, and only a digest does".to_owned()));
        }
        for (name, value) in [("delimiter", &text.delimiter), ("separator", &text.separator)] {
            if value.is_empty() {
                return Err((name, "must not be empty".to_owned()));
            }
        }
        let format = match text.format {
            FormatName::Plain => Format::Plain { prefix: text.prefix },
            FormatName::Positional => Format::Positional { delimiter: text.delimiter },
            FormatName::Pairs => Format::Pairs {
                delimiter: text.delimiter,
                separator: text.separator,
                keys: text.keys.into_iter().map(|key| key.0).collect(),
                timestamp: text.timestamp_key,
                group: text.group,
            },
        };
        Ok(Self {
            algorithm,
            key: text.key,
            from: places(text.signature)?,
            format,
            encoding: text.encoding,
            message,
            timestamp: timestamp.map(|from| Stamp { from, format: text.timestamp_format }),
            body_hash,
            each: text.each.map(|path| path.0),
        })
    }
}

impl Token {
    fn from_text(text: RuleText) -> Result<Self, Misfit> {
        Ok(Self { from: places(text.signature)?, prefix: text.prefix, each: text.each.map(|path| path.0) })
    }
}

impl Jwt {
    fn from_text(text: RuleText) -> Result<Self, Misfit> {
        let algorithm =
            text.algorithm.ok_or(("algorithm", "a token's algorithm must be pinned".to_owned()))?;
        let keys = match (algorithm, text.jwks) {
            (JwtAlgorithm::Hs256, None) => JwtKeys::Secret,
            (JwtAlgorithm::Hs256, Some(_)) => {
                return Err(("jwks", "published keys must not be used as a shared secret".to_owned()));
            }
            (_, Some(name)) if name == "plaid" => JwtKeys::Plaid,
            (_, Some(url)) if url.starts_with("https://") => JwtKeys::Set(url),
            _ => return Err(("jwks", "must be an https address, or `plaid`".to_owned())),
        };
        Ok(Self {
            algorithm,
            from: places(text.signature)?,
            prefix: text.prefix,
            keys,
            claims: text.claims.into_iter().map(|(name, value)| (name, value.0)).collect(),
            body_hash: text.body_hash,
            max_age: text.max_age_s.map(Duration::from_secs),
            require_exp: text.require_exp,
        })
    }
}
