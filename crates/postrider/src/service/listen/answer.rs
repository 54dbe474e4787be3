//! The answer of a listener as what a provider hears.
//!
//! Only what a provider reads goes back: the status, text or JSON, and a few headers. Nothing that a browser would run or
//! remember.

use postrider_core::id::MessageId;
use postrider_core::inbound::Reply;
use postrider_core::source::Source;

use super::ack::LocalAnswer;
use crate::context::Context;

/// Headers that go back. Sorted.
const HEADERS: [&str; 5] =
    ["cache-control", "content-language", "retry-after", "www-authenticate", "x-slack-no-retry"];

/// Tells listeners that the source has received something. Where that is one message whose provider they may answer,
/// waits for their answer, for a bounded time.
pub async fn told(
    context: &Context,
    source: &Source,
    received: Option<(MessageId, String)>,
) -> Option<Reply> {
    let place = (source.environment, source.app);
    let awaited = received
        .filter(|_| source.settings.sync)
        .and_then(|(message, event_type)| context.listeners.expect(place, &event_type, message));
    context.listeners.tell(place.0, place.1);
    awaited?.wait().await.map(reply)
}

/// What of an answer goes back to who asked.
#[must_use]
pub fn reply(answer: LocalAnswer) -> Reply {
    let LocalAnswer { status, headers, body } = answer;
    let value = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.clone())
    };
    let content_type = value("content-type").filter(|value| is_plain(value));
    let headers = HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect();
    let body = if content_type.is_some() { body.to_vec() } else { Vec::new() };
    Reply { status, content_type, headers, body }
}

/// Whether it is text or JSON, which nothing runs. Of several types in one value, browsers take the last.
fn is_plain(content_type: &str) -> bool {
    if content_type.contains(',') {
        return false;
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "text/plain"
        || kind == "application/json"
        || (kind.starts_with("application/") && kind.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn nothing_that_a_browser_would_run_goes_back() {
        assert!(HEADERS.is_sorted());
        for (kind, goes) in [
            ("text/plain", true),
            ("application/json; charset=utf-8", true),
            ("application/problem+json", true),
            ("text/html", false),
            ("text/plain;a, text/html", false),
            ("application/javascript", false),
            ("image/svg+xml", false),
            ("", false),
        ] {
            let headers = [("Content-Type", kind), ("Set-Cookie", "a=b"), ("Retry-After", "7")];
            let answer = LocalAnswer {
                status: 503,
                headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
                body: Bytes::from_static(b"<b>"),
            };
            let reply = reply(answer);
            assert_eq!(
                (reply.status, reply.content_type.is_some(), reply.body.len()),
                (503, goes, 3 * usize::from(goes)),
                "{kind}"
            );
            assert_eq!(reply.headers, [("retry-after".to_owned(), "7".to_owned())]);
        }
    }
}
