//! The face that providers see: `/in/TOKEN`, and anything below it.
//!
//! Any method, any content type. The token is looked up first; then the body is read, to a ceiling that is known before
//! it is (413), and never in part. What `service` says is answered as the provider expects; our own trouble is a 503 with
//! `Retry-After`, so that the provider comes again. An unknown token is 404, as any path that is not there, and never
//! 410, which some providers take for the end of the subscription.
//!
//! Not behind the guard of the API: a webhook of another server like this one is what is meant to come here. Loops are
//! found by a count that goes with what is forwarded.

mod answer;
mod relayed;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::request::Parts;
use postrider_core::reception::{Octets, Received};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::body::{self, Unread};
use crate::context::Context;
use crate::server::{Peer, Written};
use crate::service::sources::{self, Incoming, Inlet, Outcome, ReceiveError};

/// When a provider should come again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Where sources are.
const PLACE: &str = "/in/";

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    context: Context,
    /// Requests under way at once; their own, so that neither the API nor providers can crowd the other out.
    places: Arc<Semaphore>,
}

/// The addresses of all sources.
pub fn router(context: Context) -> Router {
    let places = Arc::new(Semaphore::new(context.limits.requests.min(Semaphore::MAX_PERMITS)));
    Router::new().route("/in/{*address}", any(receive)).with_state(Shared { context, places })
}

async fn receive(State(shared): State<Shared>, request: Request) -> Response {
    let began = Instant::now();
    let (result, response) = answer(&shared, request).await;
    metrics::counter!("postrider_received_total", "result" => result).increment(1);
    metrics::histogram!("postrider_receive_seconds").record(began.elapsed().as_secs_f64());
    response
}

/// The answer, and a word for what it is.
async fn answer(shared: &Shared, request: Request) -> (&'static str, Response) {
    let Shared { context, places } = shared;
    let Ok(_place) = places.try_acquire() else { return ("overloaded", answer::come_again(RETRY_AFTER)) };
    let (parts, body) = request.into_parts();
    let (token, tail) = address(parts.uri.path());
    if relayed::is_for(context, token) {
        return ("relayed", relayed::relay(context, token, &parts, body).await);
    }
    let inlet = match context.inlets.find(token, context.now()).await {
        Ok(Some(inlet)) => inlet,
        Ok(None) => return ("unknown", answer::not_found()),
        Err(error) => return ("trouble", trouble(&error.into())),
    };
    let mut held = context.memory.hold();
    let announced = body::announced(&parts.headers);
    let bytes = match body::read(body, announced, context.limits.receive_bytes, &mut held).await {
        Ok(bytes) => bytes,
        Err(Unread::TooLarge) => return ("too_large", answer::too_large(context.limits.receive_bytes)),
        Err(Unread::TooSlow) => return ("unread", answer::too_slow()),
        Err(Unread::BrokenOff) => return ("unread", answer::broken_off()),
        Err(Unread::Crowded) => return ("overloaded", answer::come_again(RETRY_AFTER)),
    };
    outcome(context, &inlet, incoming(context, &parts, tail, bytes)).await
}

async fn outcome(context: &Context, inlet: &Arc<Inlet>, incoming: Incoming) -> (&'static str, Response) {
    let is_head = incoming.received.method == "HEAD";
    match sources::receive(context, inlet, incoming).await {
        Ok(Outcome::Taken(reply)) => ("taken", answer::of(reply, is_head)),
        Ok(Outcome::Handshake(reply)) => ("handshake", answer::of(reply, is_head)),
        Ok(Outcome::Refused(reply)) => ("refused", answer::of(reply, is_head)),
        Ok(Outcome::Loop) => ("loop", answer::looped()),
        Err(error) => ("trouble", trouble(&error)),
    }
}

/// The token in a path below [`PLACE`], and what is behind it.
fn address(path: &str) -> (&str, &str) {
    let rest = path.strip_prefix(PLACE).unwrap_or_default();
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

fn incoming(context: &Context, parts: &Parts, tail: &str, body: Bytes) -> Incoming {
    let path_and_query = parts.uri.path_and_query().map_or(PLACE, http::uri::PathAndQuery::as_str);
    Incoming {
        url: format!("{}{path_and_query}", context.public_url()),
        received: Received {
            method: parts.method.as_str().to_owned(),
            tail: tail.to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: headers(parts),
            remote: parts.extensions.get::<Peer>().map(|Peer(address)| *address),
        },
        body,
    }
}

/// The headers in the order and case of the wire; where those were not noted, as the parser has them.
fn headers(parts: &Parts) -> Vec<(String, Octets)> {
    let written = parts.extensions.get::<Written>().and_then(|head| head.headers(&parts.headers));
    if let Some(headers) = written {
        let octets = |(name, value): (String, Bytes)| (name, Octets(Bytes::copy_from_slice(&value)));
        return headers.into_iter().map(octets).collect();
    }
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), Octets(Bytes::copy_from_slice(value.as_bytes())))
    };
    parts.headers.iter().map(header).collect()
}

/// Our own trouble, told once here.
fn trouble(error: &ReceiveError) -> Response {
    use postrider_store::Error as StoreError;
    match error {
        ReceiveError::Gone => return answer::not_found(),
        ReceiveError::Store(StoreError::Overloaded { retry_after }) => {
            return answer::come_again((*retry_after).max(Duration::from_secs(1)));
        }
        ReceiveError::Store(StoreError::Full | StoreError::Closed) => {}
        error => tracing::error!(error = error as &dyn std::error::Error, "failed to receive"),
    }
    answer::come_again(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_token_and_what_is_behind_it() {
        for (path, expected) in [
            ("/in/abc", ("abc", "")),
            ("/in/abc/", ("abc", "/")),
            ("/in/abc/a/b", ("abc", "/a/b")),
            ("/in//a", ("", "/a")),
            ("/in/abc%2Fd", ("abc%2Fd", "")),
        ] {
            assert_eq!(address(path), expected, "{path}");
        }
    }
}
