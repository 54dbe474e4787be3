//! The live view: what comes to a bin, as server-sent events.
//!
//! Every event has a batch of rows and, as its id, the number of the newest; a browser that comes again sends that as
//! `Last-Event-ID` and misses nothing that is still kept. Nothing waits for a slow reader: each batch is read from the bin
//! when there is room for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response, Sse};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::page::{caps, row};
use super::told;
use super::viewer::Viewer;
use crate::context::Context;
use crate::server::Streaming;
use crate::service::bins::Kept;

/// What comes within so long goes out together.
const BATCH: Duration = Duration::from_millis(250);
/// Rows of one batch.
const ROWS: usize = 200;
/// A comment keeps proxies from taking a quiet view for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After so long a view ends and comes again by itself: no connection is held for ever.
const AGE: Duration = Duration::from_secs(30 * 60);

struct View {
    context: Context,
    viewer: Viewer,
    after: u64,
    newest: watch::Receiver<u64>,
    end: Instant,
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

/// Begins a live view.
pub(super) fn serve(context: &Context, viewer: Viewer, request: &Request) -> Response {
    let Some((place, newest)) = context.bins.watch() else {
        return told::come_again("Too many live views are open.", Duration::from_secs(10));
    };
    let after = after(request.headers(), request.uri().query()).unwrap_or(*newest.borrow());
    let view = View {
        context: Arc::clone(context),
        viewer,
        after,
        newest,
        end: Instant::now() + AGE,
        is_over: false,
        _place: place,
    };
    let events = stream::unfold(view, async |mut view| Some((Ok::<_, Infallible>(view.next().await?), view)));
    let mut response = Sse::new(events).into_response();
    response.extensions_mut().insert(Streaming);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The last number that the viewer has seen.
fn after(headers: &HeaderMap, query: Option<&str>) -> Option<u64> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    last.or_else(|| pairs.find(|(name, _)| name == "after").and_then(|(_, value)| value.parse().ok()))
}

impl View {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        let bins = self.context.bins.clone();
        tokio::select! {
            event = self.wait() => event,
            () = bins.closing() => None,
        }
    }

    async fn wait(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let beat = Instant::now() + HEARTBEAT;
        loop {
            let (rows, oldest) = self.context.bins.after(&self.viewer.name, self.after, ROWS);
            // Asked after reading, so that nothing is shown that came when they were welcome no more.
            if !self.viewer.is_welcome(&self.context.bins) {
                return None;
            }
            if let Some(last) = rows.last() {
                self.after = last.number;
                return Some(self.batch(&rows, oldest));
            }
            let now = Instant::now();
            if now >= self.end {
                self.is_over = true;
                return Some(Event::default().event("again").data("{}"));
            }
            if now >= beat {
                return Some(Event::default().comment("still here"));
            }
            // Other bins' requests wake it, too, so that no wait may begin anew with one.
            match timeout_at(beat.min(self.end), self.newest.changed()).await {
                Ok(Ok(())) => sleep(BATCH).await,
                Ok(Err(_)) => return None,
                Err(_) => {}
            }
        }
    }

    fn batch(&self, rows: &[Arc<Kept>], oldest: Option<u64>) -> Event {
        let overview = self.context.bins.overview(&self.viewer.name);
        let data = json!({
            "requests": rows.iter().map(|kept| row::data(kept)).collect::<Vec<_>>(),
            "oldest": oldest.map(|number| number.to_string()),
            "caps": caps::sentence(&overview.caps),
        });
        Event::default().id(self.after.to_string()).event("requests").data(data.to_string())
    }
}
