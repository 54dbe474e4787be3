//! What is received, as a stream of events or as a page.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use postrider_core::id::{MessageId, first_row_at};
use postrider_core::scope::Identity;
use serde::Serialize;

use super::model::{EndOut, HeardOut, HeardPageOut, ReadyOut};
use super::query::ListenQuery;
use super::{TAG, problem};
use crate::api::answer;
use crate::api::caller::{Caller, bearer};
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::config::Secret;
use crate::context::Context;
use crate::server::Streaming;
use crate::service::listen::{self, End, Item, Since, Tail};

/// How long a browser waits before it comes again, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";
/// The name of the content type.
const EVENT_STREAM: &str = "text/event-stream";
/// Says to proxies that the answer is not to be collected.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Listens to sources
///
/// With `Accept: text/event-stream`, an answer that does not end: first an event `ready`, which names the connection and
/// says how much waits, then an event `request` for each received request, whose `id` is its cursor, and a comment every 15
/// seconds. It ends with an event `end` when the server stops, when the key is revoked or expires, and after an hour; come
/// again with the last id. Requests may come again: what came up to 75 seconds before the cursor does, and whoever comes
/// again leaves out what it has. Without it, also with `*/*`, one page of what waits.
#[utoipa::path(
    get,
    path = "/ingest/api/v1/listen",
    operation_id = "ingest_listener.listen",
    tag = TAG,
    params(ListenQuery),
    responses((status = 200, description = "What was received.", body = HeardPageOut)),
)]
pub(crate) async fn listen(
    Caller(identity): Caller,
    State(context): State<Context>,
    headers: HeaderMap,
    Query(query): Query<ListenQuery>,
) -> Result<Response, Problem> {
    let since = query.since(headers.get("last-event-id").and_then(|value| value.to_str().ok()))?;
    let (limit, is_stream) = (query.limit()?, wants_stream(&headers));
    if !is_stream {
        query.check_is_page()?;
    }
    let wanted = query.wanted();
    // Before anything is looked at: what comes from now on is behind it.
    let now = at(&context);
    let tail =
        listen::listen(&context, identity, wanted, since).await.map_err(|error| problem("query", error))?;
    if !is_stream {
        return page(tail, since, now, limit).await;
    }
    let cursor = match since {
        Since::After(message) => message,
        Since::At(_) | Since::Beginning | Since::Now => at(&context),
    };
    let key = bearer(&headers).map(|token| Secret::from(token.to_owned()));
    Ok(events(Listening { context, identity, key, tail }, cursor))
}

/// Whether the caller takes a stream, which it must say: who takes anything may not know that it would not end.
fn wants_stream(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(EVENT_STREAM)
    })
}

/// A cursor of this moment.
fn at(context: &Context) -> MessageId {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&first_row_at(context.now()).to_be_bytes());
    MessageId::from_bytes(bytes)
}

/// A page. Its cursor is never before the caller's, and when there is no more, all that came before `now` is behind it.
async fn page(mut tail: Tail, since: Since, now: MessageId, limit: usize) -> Result<Response, Problem> {
    let found = tail.page(since, limit).await.map_err(|error| problem("query", error))?;
    let data: Vec<_> = found.heard.into_iter().map(HeardOut::from).collect();
    let asked = if let Since::After(message) = since { message } else { now };
    let behind_all = || data.iter().map(|heard| heard.id).fold(asked.max(now), Ord::max);
    let cursor = found.more_from.unwrap_or_else(behind_all).to_string();
    Ok(answer::reply(StatusCode::OK, &HeardPageOut { data, cursor, done: found.more_from.is_none() }))
}

/// Somebody who listens with a key, which may be revoked or expire meanwhile.
struct Listening {
    context: Context,
    identity: Identity,
    /// `None` for who needs none.
    key: Option<Secret>,
    tail: Tail,
}

impl Listening {
    /// What comes next, after a look at the key; and who hears what comes then.
    async fn next(mut self) -> Option<(Item, Option<Self>)> {
        let item = self.tail.next().await?;
        let item = match self.is_let_in().await {
            Ok(true) => item,
            Ok(false) => Item::End(End::Key),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "failed to look at a listener's key"
                );
                Item::End(End::Trouble)
            }
        };
        let goes_on = !matches!(item, Item::End(_));
        Some((item, goes_on.then_some(self)))
    }

    async fn is_let_in(&self) -> Result<bool, postrider_store::Error> {
        let Some(key) = &self.key else { return Ok(true) };
        let identity = self.context.keyring.identify(key.expose(), self.context.now()).await?;
        Ok(identity == Some(self.identity))
    }
}

/// Each piece is made when the connection has room for it: nothing is kept for a client that does not read.
fn events(listening: Listening, cursor: MessageId) -> Response {
    let ready = ReadyOut::new(listening.tail.listener(), cursor.to_string(), listening.tail.backlog());
    let first = Bytes::from([RETRY.as_bytes(), &event("ready", None, &ready)].concat());
    let pieces = stream::unfold((Some(first), Some(listening)), async |(first, listening)| {
        if let Some(first) = first {
            return Some((Ok::<_, Infallible>(first), (None, listening)));
        }
        let (item, listening) = listening?.next().await?;
        let piece = match item {
            Item::Message(heard) => {
                let heard = HeardOut::from(*heard);
                event("request", Some(heard.id), &heard)
            }
            Item::Beat => b": beat\n\n".to_vec(),
            Item::End(end) => event("end", None, &EndOut::from(end)),
        };
        Some((Ok(Bytes::from(piece)), (None, listening)))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    response.headers_mut().insert(NO_BUFFERING, HeaderValue::from_static("no"));
    response.extensions_mut().insert(Streaming);
    response
}

/// One event. The data is JSON without line ends.
fn event(name: &str, id: Option<MessageId>, data: &impl Serialize) -> Vec<u8> {
    let mut out = id.map(|id| format!("id: {id}\n")).unwrap_or_default().into_bytes();
    out.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
    answer::write(data, &mut out);
    out.extend_from_slice(b"\n\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_a_stream_says_so() {
        for (accept, expected) in [
            (None, false),
            (Some("application/json"), false),
            (Some("text/event-stream"), true),
            (Some("Text/Event-Stream;q=1, application/json"), true),
            (Some("*/*"), false),
        ] {
            let headers = accept.map(|value| (header::ACCEPT, HeaderValue::from_static(value)));
            assert_eq!(wants_stream(&headers.into_iter().collect()), expected, "{accept:?}");
        }
    }
}
