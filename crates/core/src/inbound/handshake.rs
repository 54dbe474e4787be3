//! Requests that are no events: challenges that prove an address, pings, and methods that a provider does not use.
//!
//! Two things can go wrong here. Some providers have us answer a challenge with a mac under the very secret that signs
//! events, so a public address that answers anything would sign forged events for anyone: such challenges must be
//! signed themselves, or be written in letters that no event can consist of. And some send the secret in their first
//! request, which anyone can send: a secret is learned only while the source waits for one.

use super::preset::Preset;
use super::request::Request;
use super::secret::Secret;
use super::settings::Settings;
use super::verdict::{Reason, Verdict};
use super::verifier::Verifier;

use exchange::Exchange;
pub(super) use reply::Ack;
pub use reply::Reply;

mod exchange;
mod reply;

/// What to answer instead of taking the request for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The reply.
    pub reply: Reply,
    /// What else it brings about.
    pub effect: Option<Effect>,
}

/// What a handshake brings about beside its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The provider has made up a secret. Only while the source awaits it; keep it before replying.
    LearnSecret(Secret),
    /// A verified request asks to GET this address, which is on the provider's own host.
    ConfirmSubscription {
        /// The address.
        url: String,
    },
}

/// A provider's way to prove an address, or to ask whether it is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Handshake {
    Asana,
    Braintree,
    Discord,
    Ebay,
    /// The value of this query parameter, as text.
    EchoQuery(String),
    Front,
    LinkedIn,
    MetaHub,
    Monday,
    MsGraph,
    Notion,
    Okta,
    RingCentral,
    Slack,
    Smartcar,
    Sns,
    Strava,
    Twitch,
    XCrc,
    Zoom,
}

/// A name that is no handshake's.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no handshake")]
pub(super) struct UnknownHandshake(String);

impl std::str::FromStr for Handshake {
    type Err = UnknownHandshake;

    fn from_str(name: &str) -> Result<Self, UnknownHandshake> {
        if let Some(parameter) = name.strip_prefix("echo_query:") {
            return Ok(Self::EchoQuery(parameter.to_owned()));
        }
        Ok(match name {
            "asana" => Self::Asana,
            "braintree" => Self::Braintree,
            "discord" => Self::Discord,
            "ebay" => Self::Ebay,
            "front" => Self::Front,
            "linkedin" => Self::LinkedIn,
            "meta_hub" => Self::MetaHub,
            "monday" => Self::Monday,
            "msgraph" => Self::MsGraph,
            "notion" => Self::Notion,
            "okta" => Self::Okta,
            "ringcentral" => Self::RingCentral,
            "slack" => Self::Slack,
            "smartcar" => Self::Smartcar,
            "sns" => Self::Sns,
            "strava" => Self::Strava,
            "twitch" => Self::Twitch,
            "x_crc" => Self::XCrc,
            "zoom" => Self::Zoom,
            _ => return Err(UnknownHandshake(name.to_owned())),
        })
    }
}

impl Verifier {
    /// What to answer to a request that is no event, `verdict` being what [`Verifier::check`] said of it. `None` for an
    /// event, which is to be kept or refused as the verdict says.
    ///
    /// `awaiting` says that the source waits for a provider that makes up the secret; only then is one learned. Where
    /// a challenge is answered with a mac, it is that of the first secret.
    #[must_use]
    pub fn handshake(&self, request: &Request<'_>, verdict: &Verdict, awaiting: bool) -> Option<Answer> {
        let exchange = Exchange { verifier: self, request, verdict, awaiting };
        let handshakes = &self.preset().handshakes;
        handshakes.iter().find_map(|handshake| exchange.answer(handshake)).or_else(|| {
            let methods = &self.preset().methods;
            if methods.iter().any(|method| method == request.method) {
                return None;
            }
            Some(Answer::from(match request.method {
                "HEAD" => Reply::empty(200),
                _ => Reply::empty(405).header("allow", &methods.join(", ")),
            }))
        })
    }

    /// What the provider wants to hear after the event is durable, with what the source has set for it.
    #[must_use]
    pub fn ack(&self, request: &Request<'_>) -> Reply {
        self.preset().ack.reply(request, self.settings())
    }
}

impl Preset {
    /// What the provider wants to hear after the event is durable.
    #[must_use]
    pub fn ack(&self, request: &Request<'_>) -> Reply {
        self.ack.reply(request, &Settings::default())
    }

    /// Whether the provider makes up the secret and tells it by a handshake.
    #[must_use]
    pub fn tells_its_secret(&self) -> bool {
        self.handshakes.iter().any(|handshake| matches!(handshake, Handshake::Asana | Handshake::Notion))
    }

    /// How the provider is told that its request failed: without a word why, which is for the source's owner.
    #[must_use]
    pub fn refusal(&self, reason: &Reason) -> Reply {
        let malformed = self.refusal_malformed.filter(|_| reason.is_malformed());
        Reply::empty(malformed.unwrap_or(self.refusal))
    }
}

impl Handshake {
    /// Whether it answers with a mac under the secret that signs events.
    pub(super) const fn signs(&self) -> bool {
        matches!(self, Self::Braintree | Self::LinkedIn | Self::Smartcar | Self::XCrc | Self::Zoom)
    }

    /// Whether a challenge is written as this provider writes them. The letters are chosen so that nothing that is
    /// signed in an event can be one; what is one all the same is not accepted as an event.
    pub(super) fn could_sign(&self, challenge: &[u8]) -> bool {
        let hex = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(byte);
        match self {
            Self::Braintree => (20..=32).contains(&challenge.len()) && challenge.iter().all(hex),
            Self::LinkedIn => {
                let dashes = [8, 13, 18, 23];
                challenge.len() == 36
                    && challenge.iter().enumerate().all(|(at, byte)| {
                        if dashes.contains(&at) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
                    })
            }
            Self::Smartcar | Self::XCrc | Self::Zoom => {
                (1..=256).contains(&challenge.len()) && challenge.iter().all(token)
            }
            _ => false,
        }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { reply, effect: None }
    }
}
