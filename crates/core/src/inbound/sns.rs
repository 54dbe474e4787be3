//! Checks notifications of AWS SNS.
//!
//! The key is in a certificate whose address the request names, so the address must be on Amazon's own host. Every
//! customer of Amazon has topics that are signed with the same key: a signature proves nothing unless the topic is one
//! that the source names. The names of accepted topics are therefore this preset's secrets.

use std::time::Duration;

use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde::Deserialize;
use url::Url;

use super::der::{self, PublicKey};
use super::encoding;
use super::fetched::{Fetched, KeyRequest};
use super::jwt::{Outcome, supplied};
use super::place::View;
use super::request::Request;
use super::secret::Secret;
use super::signature::fresh;
use super::verdict::{Proof, Reason, shown};
use crate::time::Timestamp;

const CACHE: Duration = Duration::from_secs(24 * 3_600);

/// What SNS posts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    r#type: String,
    message: String,
    message_id: String,
    timestamp: String,
    topic_arn: String,
    subject: Option<String>,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    signature: String,
    signature_version: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
}

/// The proof that a notification is of one of the topics that `secrets` name.
pub(super) fn check(
    view: &View<'_>,
    secrets: &[(usize, &Secret)],
    tolerance: Duration,
    now: Timestamp,
    fetched: &Fetched,
) -> Result<Outcome, Reason> {
    let malformed = |place: &str, what| Reason::Malformed { place: place.to_owned(), what };
    if view.request.header("x-amz-sns-rawdelivery")?.is_some_and(|raw| raw == b"true") {
        return Err(malformed("body", "is delivered raw, which SNS does not sign: switch raw delivery off"));
    }
    let envelope: Envelope = serde_json::from_slice(view.request.body)
        .map_err(|_| malformed("body", "is not a notification of SNS"))?;
    let topic = secrets.iter().find(|(_, secret)| secret.expose() == envelope.topic_arn);
    let Some((number, _)) = topic else {
        return Err(Reason::Topic { topic: shown(envelope.topic_arn.as_bytes()) });
    };
    let signed_at: Timestamp =
        envelope.timestamp.parse().map_err(|_| malformed("body field `Timestamp`", "is not a time"))?;
    fresh(Some(signed_at), tolerance, now)?;
    let signature = encoding::base64(envelope.signature.as_bytes())
        .ok_or_else(|| malformed("body field `Signature`", "is not base64"))?;
    let algorithm: &dyn VerificationAlgorithm = match envelope.signature_version.as_str() {
        "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        "2" => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(malformed("body field `SignatureVersion`", "is neither 1 nor 2")),
    };
    let is_pem = |url: &Url| url.path().rsplit_once('.').is_some_and(|(_, ending)| ending == "pem");
    let Some(address) = pinned(&envelope.signing_cert_url).filter(is_pem) else {
        return Err(Reason::KeyAddress { url: shown(envelope.signing_cert_url.as_bytes()) });
    };
    let request = KeyRequest::new(address.into(), CACHE);
    let Some(pem) = supplied(&request, fetched)? else { return Ok(Outcome::NeedsKey(request)) };
    let key = match der::certified_key(pem, now) {
        Ok(PublicKey::Rsa(key)) => UnparsedPublicKey::new(algorithm, key),
        Ok(_) => return Err(Reason::KeyUnusable { url: request.url, why: "has no RSA key" }),
        Err(why) => return Err(Reason::KeyUnusable { url: request.url, why }),
    };
    let matches =
        envelope.messages().iter().any(|message| key.verify(message.as_bytes(), &signature).is_ok());
    if !matches {
        return Err(Reason::NoMatch { secrets: 1 });
    }
    Ok(Outcome::Proof(Proof { secret: Some(*number), timestamp: Some(signed_at) }))
}

impl Envelope {
    /// What may have been signed: names and values, each on a line of its own.
    fn messages(&self) -> Vec<String> {
        let id = ("MessageId", &self.message_id);
        let tail = [("TopicArn", &self.topic_arn), ("Type", &self.r#type)];
        let text = |fields: &[(&str, &String)]| -> String {
            fields.iter().flat_map(|(name, value)| [*name, "\n", value.as_str(), "\n"]).collect()
        };
        let mut notification = vec![("Message", &self.message), id];
        notification.extend(self.subject.as_ref().map(|subject| ("Subject", subject)));
        notification.push(("Timestamp", &self.timestamp));
        notification.extend(tail);
        let mut confirmation = vec![("Message", &self.message), id];
        confirmation.extend(self.subscribe_url.as_ref().map(|url| ("SubscribeURL", url)));
        confirmation.push(("Timestamp", &self.timestamp));
        confirmation.extend(self.token.as_ref().map(|token| ("Token", token)));
        confirmation.extend(tail);
        match self.r#type.as_str() {
            "Notification" => vec![text(&notification)],
            "SubscriptionConfirmation" => vec![text(&confirmation)],
            // Amazon's own validators disagree about this one.
            "UnsubscribeConfirmation" => vec![text(&confirmation), text(&notification)],
            _ => Vec::new(),
        }
    }
}

/// The address where a verified request asks its subscription to be confirmed, if it is on Amazon's host.
pub(super) fn confirmation(request: &Request<'_>) -> Option<String> {
    let envelope: Envelope = serde_json::from_slice(request.body).ok()?;
    if envelope.r#type != "SubscriptionConfirmation" {
        return None;
    }
    pinned(&envelope.subscribe_url?).map(String::from)
}

/// An https address on `sns.REGION.amazonaws.com` or its Chinese twin, without a port or a user.
fn pinned(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.scheme() == "https" && url.port().is_none() && url.username().is_empty();
    let region = url.host_str()?.strip_prefix("sns.")?;
    let region = region.strip_suffix(".cn").unwrap_or(region).strip_suffix(".amazonaws.com")?;
    let valid = region.len() >= 3 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && url.password().is_none() && valid).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amazons_own_addresses_are_fetched() {
        for (url, allowed) in [
            ("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem", true),
            ("https://sns.cn-north-1.amazonaws.com.cn/a.pem", true),
            ("http://sns.us-east-1.amazonaws.com/a.pem", false),
            ("https://sns.us-east-1.amazonaws.com:8443/a.pem", false),
            ("https://u@sns.us-east-1.amazonaws.com/a.pem", false),
            ("https://sns.us-east-1.amazonaws.com.evil.example/a.pem", false),
            ("https://sns.us-east-1.amazonaws.com@evil.example/a.pem", false),
            ("https://sns.a.b.amazonaws.com/a.pem", false),
            ("https://sns.x.amazonaws.com/a.pem", false),
            ("https://evil.example/sns.us-east-1.amazonaws.com/a.pem", false),
            ("https://xsns.us-east-1.amazonaws.com/a.pem", false),
            ("sns.us-east-1.amazonaws.com/a.pem", false),
        ] {
            assert_eq!(pinned(url).is_some(), allowed, "{url}");
        }
    }
}
