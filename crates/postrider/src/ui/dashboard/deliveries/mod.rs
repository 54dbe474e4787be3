//! The list of deliveries: searched, followed, and sent again.
//!
//! The whole view is in the address: `q` is the search, `after` the place where an older page begins. The first page
//! follows what happens unless the search itself ends in the past.

mod act;
mod facets;
mod live;
mod page;
mod replay;
mod row;
mod volume;

pub(super) use row::{name, outcome, owner};

use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use postrider_core::query::Place;
use postrider_store::{Edge, Page as Rows};

use super::Shared;
use super::failure::Failure;
use super::saved;
use crate::context::Context;
use crate::service::search;
use crate::ui::signed_in::SignedIn;

/// Rows of a page.
const ROWS: usize = 50;
/// How long the list looks, and how long the counts beside it. With the chart, which is waited for while counting
/// ([`volume`]), the whole page takes less than a tenth of a second.
const LISTING: Duration = Duration::from_millis(40);
const COUNTING: Duration = Duration::from_millis(30);

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/deliveries";
    Router::new()
        .route(PATH, get(show))
        .route(&format!("{PATH}/live"), get(live::serve))
        .route(&format!("{PATH}/resend"), post(act::resend))
        .route(&format!("{PATH}/replay"), get(replay::show).post(replay::begin))
}

/// What the address asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    /// The search, as it was written.
    q: String,
    /// Where the page begins; the newest where none is named.
    after: Option<Place>,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => value.trim().clone_into(&mut asked.q),
                "after" => asked.after = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }
}

/// The address of the list with this search, at `path`.
fn address(path: &str, q: &str, after: Option<Place>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !q.is_empty() {
        query.append_pair("q", q);
    }
    if let Some(after) = after {
        query.append_pair("after", &after.to_string());
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let identity = visitor.identity();
    let rows = Rows { limit: ROWS, edge: asked.after.map(Edge::After), order: None };
    let listed = search::deliveries(&context, identity, &asked.q, rows, LISTING).await;
    let listed = match listed {
        Err(search::Error::Access(error)) => return Err(error.into()),
        Err(search::Error::Query(error)) => Err(error),
        Ok(listed) => Ok(listed),
    };
    let saved = saved::of(&visitor, &context).await;
    let Ok(found) = &listed else {
        return Ok(page::of(&visitor, &asked, (&listed, &saved), None, None).into_response());
    };
    // Counts and the chart are a help beside the list. A list that is there is shown without them.
    let query = asked.q.parse().unwrap_or_default();
    let (facets, volume) = tokio::join!(
        search::facets(&context, identity, &asked.q, COUNTING),
        volume::of(&context, identity, &query, found.found.rows.first()),
    );
    Ok(page::of(&visitor, &asked, (&listed, &saved), facets.ok().as_ref(), volume.as_ref()).into_response())
}
