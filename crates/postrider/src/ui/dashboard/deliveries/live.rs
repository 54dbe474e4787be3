//! What happens, as server-sent events: rows that are new, and rows that have changed.
//!
//! The newest deliveries are searched again and again, as often as a person can follow and no harder than one page of the
//! list, and what differs from what this view has seen goes out as rendered rows. Nothing is kept between two views: one
//! that comes again gets the newest rows anew, which replace what stands there, so that a dropped stream loses nothing.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response, Sse};
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::html;
use postrider_core::delivery::State as Standing;
use postrider_core::id::AttemptId;
use postrider_core::query::Place;
use postrider_store::DeliveryHit;
use tokio::time::{Instant, sleep_until};

use super::{Asked, row};
use crate::context::Context;
use crate::server::Streaming;
use crate::service::search;
use crate::ui::dashboard::Shared;
use crate::ui::dashboard::views;
use crate::ui::signed_in::SignedIn;

/// How often to look.
const PAUSE: Duration = Duration::from_millis(250);
/// Rows that are looked at, and kept by the page.
const ROWS: usize = 200;
/// A comment keeps proxies from taking a quiet view for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After so long a view ends and comes again by itself, and whether it may is asked anew.
const AGE: Duration = Duration::from_secs(60);

/// What a row showed of a delivery.
type Shown = (Standing, u32, Option<AttemptId>);

struct View {
    context: Context,
    visitor: SignedIn,
    q: String,
    seen: HashMap<Place, Shown>,
    /// Not before this is looked again, however much happens.
    next_look: Instant,
    end: Instant,
    is_over: bool,
    _place: views::View,
}

/// Begins a live view.
pub(super) async fn serve(
    visitor: SignedIn,
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(place) = shared.views.take(visitor.user().id) else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")]).into_response();
    };
    let view = View {
        context: shared.context,
        visitor,
        q: Asked::read(&query.unwrap_or_default()).q,
        seen: HashMap::new(),
        next_look: Instant::now(),
        end: Instant::now() + AGE,
        is_over: false,
        _place: place,
    };
    let events = stream::unfold(view, async |mut view| Some((Ok::<_, Infallible>(view.next().await?), view)));
    let mut response = Sse::new(events).into_response();
    response.extensions_mut().insert(Streaming);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl View {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let beat = Instant::now() + HEARTBEAT;
        loop {
            sleep_until(self.next_look).await;
            self.next_look = Instant::now() + PAUSE;
            match search::newest(&self.context, self.visitor.identity(), &self.q, ROWS).await {
                Ok(found) => {
                    let news = self.news(found.rows);
                    if !news.is_empty() {
                        return Some(self.event(&news));
                    }
                }
                // The page says what is wrong with a search; a store that does not answer may do so later.
                Err(search::Error::Query(_)) => return None,
                Err(search::Error::Access(error)) => tracing::debug!(%error, "failed to follow deliveries"),
            }
            let now = Instant::now();
            if now >= self.end {
                self.is_over = true;
                return Some(Event::default().event("again").data("{}"));
            }
            if now >= beat {
                return Some(Event::default().comment("still here"));
            }
        }
    }

    /// What this view has not shown, or not as it is now.
    fn news(&mut self, rows: Vec<DeliveryHit>) -> Vec<DeliveryHit> {
        let mut now = HashMap::with_capacity(rows.len());
        let mut news = Vec::new();
        for hit in rows {
            let shown = (hit.delivery.state, hit.delivery.attempts, hit.last.as_ref().map(|last| last.id));
            now.insert(hit.place(), shown);
            if self.seen.get(&hit.place()) != Some(&shown) {
                news.push(hit);
            }
        }
        self.seen = now;
        news
    }

    /// The rows, the oldest first, as they are put on top of the list one by one.
    fn event(&self, news: &[DeliveryHit]) -> Event {
        let rows =
            html! { table { tbody { @for hit in news.iter().rev() { (row::of(&self.visitor, hit)) } } } };
        Event::default().event("rows").data(rows.into_string())
    }
}
