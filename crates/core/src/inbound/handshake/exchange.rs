//! Each handshake, one function or arm for each provider.

use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::{Answer, Effect, Handshake, Reply};
use crate::inbound::encoding;
use crate::inbound::json_path::JsonPath;
use crate::inbound::message::body_sha256;
use crate::inbound::request::Request;
use crate::inbound::secret::Secret;
use crate::inbound::sns;
use crate::inbound::verdict::Verdict;
use crate::inbound::verifier::Verifier;

/// Bytes of a challenge that is echoed.
const CHALLENGE_BYTES: usize = 2_048;
/// Bytes of a body that can be a handshake: none is larger, and events should not be parsed once more to find out.
const BODY_BYTES: usize = 16 * 1024;

/// A request and what is known of it.
pub(super) struct Exchange<'a> {
    pub verifier: &'a Verifier,
    pub request: &'a Request<'a>,
    pub verdict: &'a Verdict,
    pub awaiting: bool,
}

impl Exchange<'_> {
    /// The answer, if the request is this handshake.
    pub(super) fn answer(&self, handshake: &Handshake) -> Option<Answer> {
        match handshake {
            Handshake::Asana => self.asana(),
            Handshake::Braintree => self.braintree(),
            Handshake::Discord => self.discord(),
            Handshake::Ebay => self.ebay(),
            Handshake::EchoQuery(name) => echo(&self.get()?.query(name)?),
            Handshake::Front => echo(&self.header("x-front-challenge")?),
            Handshake::LinkedIn => {
                let code = self.get()?.query("challengeCode")?;
                let mac = self.mac(&Handshake::LinkedIn, &code);
                signed(
                    mac,
                    |mac| json!({ "challengeCode": code, "challengeResponse": encoding::to_hex(mac) }),
                )
            }
            Handshake::MetaHub => self.hub(|challenge| Reply::text(200, challenge)),
            Handshake::Monday => self.monday(),
            Handshake::MsGraph => echo(&self.query("validationToken")?),
            Handshake::Notion => self.notion(),
            Handshake::Okta => {
                let challenge = self.get()?.header("x-okta-verification-challenge")?;
                Some(Reply::json(&json!({ "verification": challenge })).into())
            }
            Handshake::RingCentral => {
                let token = self.header("validation-token")?;
                Some(Reply::empty(200).header("validation-token", &token).into())
            }
            Handshake::Slack => {
                self.trusted()?;
                if self.json("type")? != "url_verification" {
                    return None;
                }
                echo(&self.json("challenge")?)
            }
            Handshake::Smartcar => {
                if self.json("eventType")? != "VERIFY" {
                    return None;
                }
                let mac = self.mac(&Handshake::Smartcar, &self.json("data.challenge")?);
                signed(mac, |mac| json!({ "challenge": encoding::to_hex(mac) }))
            }
            Handshake::Sns => {
                self.verified()?;
                let url = sns::confirmation(self.request)?;
                let effect = Some(Effect::ConfirmSubscription { url });
                Some(Answer { reply: Reply::empty(200), effect })
            }
            Handshake::Strava => self.hub(|challenge| Reply::json(&json!({ "hub.challenge": challenge }))),
            Handshake::Twitch => {
                self.trusted()?;
                if self.header("twitch-eventsub-message-type")? != "webhook_callback_verification" {
                    return None;
                }
                echo(&self.json("challenge")?)
            }
            Handshake::XCrc => {
                let mac = self.mac(&Handshake::XCrc, &self.get()?.query("crc_token")?);
                signed(mac, |mac| json!({ "response_token": format!("sha256={}", encoding::to_base64(mac)) }))
            }
            Handshake::Zoom => {
                self.verified()?;
                if self.json("event")? != "endpoint.url_validation" {
                    return None;
                }
                let token = self.json("payload.plainToken")?;
                let mac = self.mac(&Handshake::Zoom, &token);
                signed(mac, |mac| json!({ "plainToken": token, "encryptedToken": encoding::to_hex(mac) }))
            }
        }
    }

    /// The provider sends the secret in a header and wants it back.
    fn asana(&self) -> Option<Answer> {
        if self.request.values("x-hook-signature").next().is_some() {
            return None;
        }
        let text = self.header("x-hook-secret")?;
        let mut answer = self.learn(&text);
        if answer.reply.status == 200 {
            answer.reply = answer.reply.header("x-hook-secret", &text);
        }
        Some(answer)
    }

    /// The provider sends the secret in its first body.
    fn notion(&self) -> Option<Answer> {
        if self.request.values("x-notion-signature").next().is_some() {
            return None;
        }
        Some(self.learn(&self.json("verification_token")?))
    }

    /// Learns a secret while the source waits for one; the known one may come again.
    fn learn(&self, text: &str) -> Answer {
        let Ok(secret) = Secret::new(text) else { return Reply::empty(400).into() };
        let same = |known: &Secret| bool::from(known.expose().as_bytes().ct_eq(secret.expose().as_bytes()));
        if self.verifier.secrets().iter().any(same) {
            Reply::empty(200).into()
        } else if self.awaiting {
            Answer { reply: Reply::empty(200), effect: Some(Effect::LearnSecret(secret)) }
        } else {
            Reply::empty(403).into()
        }
    }

    fn braintree(&self) -> Option<Answer> {
        let challenge = self.get()?.query("bt_challenge")?;
        let public = self.verifier.settings().get("public_key").unwrap_or_default();
        match self.mac(&Handshake::Braintree, &challenge) {
            Some(mac) => echo(&format!("{public}|{}", encoding::to_hex(&mac))),
            None => Some(Reply::empty(400).into()),
        }
    }

    /// Interactions and webhook events count their kinds differently: a ping is 0 for events, and 1 without an `event`
    /// for interactions.
    fn discord(&self) -> Option<Answer> {
        self.verified()?;
        match self.json("type")?.as_str() {
            "0" => Some(Reply::empty(204).into()),
            "1" if self.raw("event").is_none() => Some(Reply::json(&json!({ "type": 1 })).into()),
            _ => None,
        }
    }

    fn ebay(&self) -> Option<Answer> {
        let code = self.get()?.query("challenge_code")?;
        let token = self.verifier.settings().get("verify_token")?;
        let url = self.request.url.split('?').next().unwrap_or_default();
        let hash = body_sha256(format!("{code}{token}{url}").as_bytes());
        Some(Reply::json(&json!({ "challengeResponse": hash })).into())
    }

    fn hub(&self, reply: impl FnOnce(&str) -> Reply) -> Option<Answer> {
        if self.get()?.query("hub.mode")? != "subscribe" {
            return None;
        }
        let known = self.verifier.settings().get("verify_token").unwrap_or_default();
        let given = self.query("hub.verify_token").unwrap_or_default();
        let right = !known.is_empty() && bool::from(known.as_bytes().ct_eq(given.as_bytes()));
        match self.query("hub.challenge") {
            Some(challenge) if right => Some(reply(&challenge).into()),
            _ => Some(Reply::empty(403).into()),
        }
    }

    fn monday(&self) -> Option<Answer> {
        let Value::Object(fields) = serde_json::from_slice(self.small_body()?).ok()? else {
            return None;
        };
        let challenge = fields.get("challenge")?.as_str()?;
        (fields.len() == 1).then(|| Reply::json(&json!({ "challenge": challenge })).into())
    }

    /// Goes on only for GET.
    fn get(&self) -> Option<&Self> {
        (self.request.method == "GET").then_some(self)
    }

    /// Goes on only if the request is verified.
    fn verified(&self) -> Option<()> {
        matches!(self.verdict, Verdict::Verified(_)).then_some(())
    }

    /// Goes on unless verification failed: for answers that need no secret, so that a source can be set up before it
    /// has one.
    fn trusted(&self) -> Option<()> {
        (!matches!(self.verdict, Verdict::Failed(_))).then_some(())
    }

    fn query(&self, name: &str) -> Option<String> {
        let value = self.request.query(name).ok()??.into_owned();
        (1..=CHALLENGE_BYTES).contains(&value.len()).then_some(value)
    }

    /// A header of visible characters: it may go into a header of ours.
    fn header(&self, name: &str) -> Option<String> {
        let value = self.request.header(name).ok()??;
        let visible = (1..=CHALLENGE_BYTES).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
        if visible { String::from_utf8(value.to_vec()).ok() } else { None }
    }

    fn json(&self, path: &str) -> Option<String> {
        let path: JsonPath = path.parse().ok()?;
        path.text(self.small_body()?).filter(|text| (1..=CHALLENGE_BYTES).contains(&text.len()))
    }

    fn raw(&self, path: &str) -> Option<&str> {
        path.parse::<JsonPath>().ok()?.raw(self.small_body()?)
    }

    fn small_body(&self) -> Option<&[u8]> {
        (self.request.method == "POST" && self.request.body.len() <= BODY_BYTES).then_some(self.request.body)
    }

    /// The mac of a challenge that this handshake may sign.
    fn mac(&self, handshake: &Handshake, challenge: &str) -> Option<Vec<u8>> {
        if handshake.could_sign(challenge.as_bytes()) {
            self.verifier.mac(challenge.as_bytes())
        } else {
            None
        }
    }
}

/// The challenge as text, which no browser takes for anything else.
#[expect(clippy::unnecessary_wraps, reason = "an arm of the match, like all others")]
fn echo(challenge: &str) -> Option<Answer> {
    Some(Reply::text(200, challenge).into())
}

/// The reply with the mac, or a refusal where there must be none.
#[expect(clippy::unnecessary_wraps, reason = "an arm of the match, like all others")]
fn signed(mac: Option<Vec<u8>>, reply: impl FnOnce(&[u8]) -> Value) -> Option<Answer> {
    Some(match mac {
        Some(mac) => Reply::json(&reply(&mac)).into(),
        None => Reply::empty(400).into(),
    })
}
