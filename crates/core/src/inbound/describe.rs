//! Presets in words: for documentation, and for people who ask why a request does not verify.

use std::fmt::Write as _;

use super::message::Part;
use super::paypal;
use super::place::Place;
use super::preset::Preset;
use super::scheme::{
    Condition, Encoding, Format, Jwt, JwtKeys, Kind, Rule, Signature, Stamp, StampFormat, StampFrom,
};
use super::settings::Text;
use super::verdict::Reason;

/// How a provider signs, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Where the proof stands and how it is written.
    pub signature: String,
    /// Where the provider's time stands, where it sends one.
    pub timestamp: Option<String>,
    /// What is signed; what else is proved, for tokens.
    pub message: String,
    /// Whether the source's public URL is signed, and has to be right.
    pub needs_url: bool,
}

/// The steps of a check, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The request is of a form that the provider signs.
    Request,
    /// The signature or token is there and readable.
    Signature,
    /// The timestamp is there, readable and fresh.
    Timestamp,
    /// All that is signed is there.
    Message,
    /// The provider's key is there and usable.
    Key,
    /// The signature is right.
    Secret,
}

impl Reason {
    /// The step that failed; those before it passed.
    #[must_use]
    pub fn step(&self) -> Step {
        match self {
            Self::NotApplicable | Self::EmptyBatch => Step::Request,
            Self::TooOld { .. } | Self::InFuture { .. } => Step::Timestamp,
            Self::Missing { place } | Self::Doubled { place } | Self::Malformed { place, .. }
                if place.contains("timestamp") =>
            {
                Step::Timestamp
            }
            Self::Missing { .. }
            | Self::Malformed { .. }
            | Self::Doubled { .. }
            | Self::Algorithm { .. }
            | Self::Claim { .. } => Step::Signature,
            Self::NotAForm | Self::BodyHash { .. } | Self::Topic { .. } => Step::Message,
            Self::KeyAddress { .. }
            | Self::KeyFetch { .. }
            | Self::KeyUnusable { .. }
            | Self::UnknownKey { .. } => Step::Key,
            Self::Item { reason, .. } => reason.step(),
            Self::NoMatch { .. }
            | Self::Expired
            | Self::Reserialised { .. }
            | Self::UrlMismatch { .. }
            | Self::WrongToken { .. }
            | Self::HandshakeAnswer => Step::Secret,
        }
    }
}

impl Preset {
    /// How the provider signs, in words; of several ways, the first.
    #[must_use]
    pub fn describe(&self) -> Description {
        let first = self.scheme.rules.first();
        let needs_url = self.scheme.rules.iter().any(Rule::signs_url);
        let (signature, timestamp, message) = match first.map(|rule| &rule.kind) {
            Some(Kind::Signature(signature)) => {
                let timestamp = signature.timestamp.as_ref().map(Stamp::describe);
                (signature.describe(), timestamp, signature.describe_message())
            }
            Some(Kind::Token(token)) => {
                (format!("{}, a shared token", list(&token.from)), None, "nothing".to_owned())
            }
            Some(Kind::Basic(token)) => {
                (format!("{}, user name and password", list(&token.from)), None, "nothing".to_owned())
            }
            Some(Kind::Jwt(jwt)) => (jwt.describe(), None, jwt.describe_message()),
            Some(Kind::Sns) => (
                "body field `Signature`, RSA by the certificate at `SigningCertURL`".to_owned(),
                Some("body field `Timestamp`, RFC 3339".to_owned()),
                "the fields of the envelope with their names".to_owned(),
            ),
            Some(Kind::Paypal) => (
                "header `paypal-transmission-sig`, RSA-SHA256 by the certificate at `paypal-cert-url`"
                    .to_owned(),
                Some("header `paypal-transmission-time`, RFC 3339".to_owned()),
                "transmission id `|` time `|` webhook id `|` CRC-32 of the body".to_owned(),
            ),
            Some(Kind::None) | None => ("none".to_owned(), None, "nothing".to_owned()),
        };
        Description { signature, timestamp, message, needs_url }
    }

    /// The headers without which a request of this provider cannot be checked, of the first way to sign.
    #[must_use]
    pub fn required_headers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for place in self.required_places() {
            if let Place::Header(Text::Fixed(name)) = place
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        if matches!(self.scheme.rules.first().map(|rule| &rule.kind), Some(Kind::Paypal)) {
            names.extend(paypal::HEADERS);
        }
        names
    }

    fn required_places(&self) -> Vec<&Place> {
        match self.scheme.rules.first().map(|rule| &rule.kind) {
            Some(Kind::Signature(signature)) => {
                let stamp = signature.timestamp.as_ref().and_then(|stamp| match &stamp.from {
                    StampFrom::Place(place) => Some(place),
                    StampFrom::Signature => None,
                });
                let signed = signature.message.iter().filter_map(|part| match part {
                    Part::Value(place) => Some(place),
                    _ => None,
                });
                signature.from.iter().take(1).chain(stamp).chain(signed).collect()
            }
            Some(Kind::Token(token) | Kind::Basic(token)) => token.from.iter().take(1).collect(),
            Some(Kind::Jwt(jwt)) => jwt.from.iter().take(1).collect(),
            Some(Kind::Sns | Kind::Paypal | Kind::None) | None => Vec::new(),
        }
    }

    /// Whether we can sign as this provider does, given its secret.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        self.scheme.rules.iter().any(|rule| match &rule.kind {
            Kind::Signature(signature) => !signature.algorithm.is_asymmetric(),
            Kind::Token(_) | Kind::Basic(_) => true,
            Kind::Jwt(jwt) => matches!(jwt.keys, JwtKeys::Secret),
            Kind::Sns | Kind::Paypal | Kind::None => false,
        })
    }
}

impl Rule {
    fn signs_url(&self) -> bool {
        let url = |part: &Part| matches!(part, Part::Url | Part::UrlPort | Part::UrlUnescaped | Part::Path);
        matches!(&self.kind, Kind::Signature(signature) if signature.message.iter().any(url))
    }

    /// When the rule applies, if not always.
    pub(super) fn condition(&self) -> Option<String> {
        let Condition { place, present } = self.when.as_ref()?;
        Some(format!("{} the {place}", if *present { "with" } else { "without" }))
    }
}

fn list(places: &[Place]) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

impl Signature {
    fn describe(&self) -> String {
        let encoding = match self.encoding {
            Encoding::Hex => "hex",
            Encoding::Base64 => "base64",
        };
        let form = match &self.format {
            Format::Plain { prefix } if prefix.is_empty() => encoding.to_owned(),
            Format::Plain { prefix } => format!("{encoding} after `{prefix}`"),
            Format::Positional { delimiter } => {
                format!("timestamp and {encoding} signatures, `{delimiter}` between them")
            }
            Format::Pairs { separator, keys, .. } => {
                let key = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
                format!("{encoding} behind `{key}{separator}`")
            }
        };
        format!("{}, {}, {form}", list(&self.from), self.algorithm.name())
    }

    fn describe_message(&self) -> String {
        let mut text = String::new();
        for part in &self.message {
            let sep = if text.is_empty() { "" } else { " " };
            let part = part.describe();
            write!(text, "{sep}{part}").expect("a string takes every write");
        }
        if let Some(each) = &self.each {
            write!(text, ", for each of `{each}`").expect("a string takes every write");
        }
        text
    }
}

impl Stamp {
    fn describe(&self) -> String {
        let format = match self.format {
            StampFormat::UnixS => "seconds",
            StampFormat::UnixMs => "milliseconds",
            StampFormat::Rfc3339 => "RFC 3339",
            StampFormat::Nonce => "no time but a nonce",
        };
        match &self.from {
            StampFrom::Signature => format!("beside the signature, {format}"),
            StampFrom::Place(place) => format!("{place}, {format}"),
        }
    }
}

impl Part {
    fn describe(&self) -> String {
        match self {
            Self::Body => "body".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Method => "method".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::UrlPort => "URL with or without its default port".to_owned(),
            Self::UrlUnescaped => "URL with some escapes decoded".to_owned(),
            Self::Path => "path".to_owned(),
            Self::FormSorted => "sorted form fields".to_owned(),
            Self::Secret => "secret".to_owned(),
            Self::BodySha256 => "SHA-256 of the body in hex".to_owned(),
            Self::Literal(text) => format!("`{text}`"),
            Self::Value(place) => place.to_string(),
            Self::Optional { before, place, after, .. } => format!("[`{before}` {place} `{after}`]"),
        }
    }
}

impl Jwt {
    fn describe(&self) -> String {
        let keys = match &self.keys {
            JwtKeys::Secret => "under the secret".to_owned(),
            JwtKeys::Set(url) => format!("by the keys at <{url}>"),
            JwtKeys::Plaid => "by a key that Plaid's API gives out".to_owned(),
        };
        format!("{}, {} token {keys}", list(&self.from), self.algorithm.name())
    }

    fn describe_message(&self) -> String {
        match &self.body_hash {
            Some(claim) => format!("SHA-256 of the body, as the claim `{claim}`"),
            None => "nothing of the body: the token says who sends".to_owned(),
        }
    }
}
