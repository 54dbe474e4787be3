//! The protocol of smee.io: a channel is followed as a stream of events, and posted to.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{dress, told};
use crate::body::{self, Unread};
use crate::context::Context;
use crate::server::Streaming;
use crate::service::relay::{Following, Unreadable};

/// Bytes of a body.
const BODY_BYTES: usize = 1024 * 1024;
/// How often listeners get a sign of life.
const PING: Duration = Duration::from_secs(25);

/// Leads to a new channel. Clients ask with HEAD, which is answered in the same way.
pub(super) async fn new(State(context): State<Context>) -> Response {
    let name = context.relay.channels.name();
    let mut response = told(StatusCode::TEMPORARY_REDIRECT, "A new channel.");
    if let Ok(place) = HeaderValue::try_from(format!("{}/smee/{name}", context.public_url())) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Follows a channel.
pub(super) async fn follow(
    State(context): State<Context>,
    Path(channel): Path<String>,
    request: Request,
) -> Response {
    if let Err(error) = context.relay.channels.check(&channel) {
        return told(StatusCode::NOT_FOUND, &error.to_string());
    }
    if !wants_stream(request.headers()) {
        let text = format!(
            "Send webhooks to this address, and follow it with smee-client:\n\n  npx smee-client --url {}/smee/{channel} \
             --target http://127.0.0.1:3000/",
            context.public_url()
        );
        return told(StatusCode::OK, &text);
    }
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|value| value.to_str().ok()?.parse().ok());
    let raw = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "raw=true"));
    match context.relay.channels.follow(&channel, last) {
        Ok(following) => events(Events::new(following, raw, context.listeners.stopping())),
        Err(error) => told(StatusCode::TOO_MANY_REQUESTS, &error.to_string()),
    }
}

/// Posts to a channel.
pub(super) async fn post(
    State(context): State<Context>,
    Path(channel): Path<String>,
    request: Request,
) -> Response {
    if let Err(error) = context.relay.channels.check(&channel) {
        return told(StatusCode::NOT_FOUND, &error.to_string());
    }
    let (parts, body) = request.into_parts();
    let mut held = context.memory.hold();
    let bytes = match body::read(body, body::announced(&parts.headers), BODY_BYTES, &mut held).await {
        Ok(bytes) => bytes,
        Err(unread) => return unread_answer(unread),
    };
    match context.relay.channels.post(&channel, &pairs(&parts.headers), parts.uri.query(), bytes) {
        Ok(()) => {
            let mut response = Response::new(Body::empty());
            dress(&mut response, "text/plain; charset=utf-8");
            response
        }
        Err(error @ Unreadable::NotJson) => told(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(error @ Unreadable::Kind) => told(StatusCode::UNSUPPORTED_MEDIA_TYPE, &error.to_string()),
    }
}

fn unread_answer(unread: Unread) -> Response {
    let (status, sentence) = match unread {
        Unread::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
        Unread::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The body came too slowly."),
        Unread::Crowded => (StatusCode::SERVICE_UNAVAILABLE, "Too much is under way."),
        Unread::BrokenOff => (StatusCode::BAD_REQUEST, "The body ended before it was complete."),
    };
    told(status, sentence)
}

/// Headers with each byte of a value as the character of its number.
pub(super) fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/event-stream"))
}

/// What a listener is sent.
struct Events {
    following: Following,
    raw: bool,
    stop: CancellationToken,
    pings: Interval,
    begun: bool,
}

impl Events {
    fn new(following: Following, raw: bool, stop: CancellationToken) -> Self {
        let mut pings = interval(PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        Self { following, raw, stop, pings, begun: false }
    }

    /// The next event. Its id is that of the last message, so that a listener which comes again goes on behind it.
    async fn next(&mut self) -> Option<String> {
        let id = self.following.position();
        if !std::mem::replace(&mut self.begun, true) {
            return Some(format!("id: {id}\nevent: ready\ndata: {{}}\n\n"));
        }
        tokio::select! {
            () = self.stop.cancelled() => None,
            posted = self.following.next() => {
                let posted = posted?;
                Some(format!("id: {}\ndata: {}\n\n", posted.number, posted.text(self.raw)))
            }
            _ = self.pings.tick() => Some(format!("id: {id}\nevent: ping\ndata: {{}}\n\n")),
        }
    }
}

fn events(events: Events) -> Response {
    let pieces = stream::unfold(events, async |mut events| {
        let piece = events.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), events))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    dress(&mut response, "text/event-stream");
    response.extensions_mut().insert(Streaming);
    response
}
