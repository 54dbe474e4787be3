//! A request as an endpoint gets it, for people who write the endpoint. It is signed with a secret that everybody may
//! know, so that code can be tried with it.

use maud::{Markup, html};
use postrider_core::environment::SignatureHeaders;
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::sign::Signer;
use postrider_core::time::Timestamp;

use crate::telemetry::build;
use crate::ui::json;
use crate::ui::text::visible;

/// The secret of all samples.
pub(crate) const SECRET: &str = "whsec_YSBzZWNyZXQgZm9yIHNhbXBsZXMgb25seQ==";
/// The id of all samples, and when they were sent.
pub(crate) const ID: &str = "msg_2fYpXlC9m8Zk3TqVwN5sR7uHdJa";
/// See [`ID`].
pub(crate) const SECONDS: i64 = 1_767_225_600;
/// Bytes of the body that are shown.
const SHOWN: usize = 16 * 1024;

/// A request with `body`, which an example made or gave.
#[derive(Debug)]
pub(crate) struct Sample<'b> {
    /// Its headers, in the order of sending.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Its body.
    pub(crate) body: &'b str,
}

impl<'b> Sample<'b> {
    /// The request with the headers that an environment sends.
    pub(crate) fn of(body: &'b str, names: SignatureHeaders) -> Self {
        let key = SigningKey::parse(SECRET).expect("a test signs a sample");
        let now = Timestamp::from_seconds(SECONDS);
        let signature = Signer::new(&SigningKeys::new(key), now).signature(ID, SECONDS, body.as_bytes());
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", format!("Postrider/{}", build::VERSION)),
        ];
        for [id, timestamp, signed] in header_names(names) {
            headers.push((id, ID.to_owned()));
            headers.push((timestamp, SECONDS.to_string()));
            headers.push((signed, signature.clone()));
        }
        Self { headers, body }
    }
}

/// The names of id, timestamp and signature, once for each set that is sent.
pub(crate) fn header_names(names: SignatureHeaders) -> &'static [[&'static str; 3]] {
    const WEBHOOK: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];
    match names {
        SignatureHeaders::Webhook => &[WEBHOOK],
        SignatureHeaders::Svix => &[SVIX],
        SignatureHeaders::Both => &[WEBHOOK, SVIX],
    }
}

/// A sample with its body laid out for reading. What is signed are the bytes that [`curl`] sends.
pub(crate) fn sample_request(sample: &Sample<'_>) -> Markup {
    html! {
        pre tabindex="0" {
            span.k { "POST" } " /your/endpoint HTTP/1.1\n"
            @for (name, value) in &sample.headers { span.k { (name) } ": " (visible(value, false)) "\n" }
            "\n"
            (json::pretty(sample.body.as_bytes(), SHOWN))
        }
    }
}

/// A command for a shell that sends the sample, byte for byte, to an endpoint on the same machine.
pub(crate) fn curl(sample: &Sample<'_>) -> String {
    let headers: String = sample
        .headers
        .iter()
        .flat_map(|(name, value)| [" \\\n  -H ".to_owned(), quoted(&format!("{name}: {value}"))])
        .collect();
    format!("curl -sS http://localhost:3000/webhooks{headers} \\\n  --data-binary {}", quoted(sample.body))
}

/// Text as one word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_signed_as_everything_else_is() {
        let body = r#"{"id":"in_1"}"#;
        let sample = Sample::of(body, SignatureHeaders::Both);
        let names: Vec<_> = sample.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "content-type",
                "user-agent",
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "svix-id",
                "svix-timestamp",
                "svix-signature"
            ]
        );
        let key = SigningKey::parse(SECRET).unwrap();
        let signer = Signer::new(&SigningKeys::new(key), Timestamp::default());
        assert_eq!(sample.headers[4].1, signer.signature(ID, SECONDS, body.as_bytes()));
        assert!(ID.parse::<postrider_core::id::MessageId>().is_ok());
    }
}
