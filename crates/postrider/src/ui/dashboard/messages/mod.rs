//! The list of messages, searched as deliveries are, and the form that publishes one to try things out.
//!
//! The whole view is in the address: `q` is the search, `after` the place where an older page begins; `publish` opens the
//! form instead.

mod page;
mod publish;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
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

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/dashboard/{environment}/messages", get(show).post(publish::publish))
}

/// What the address asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    /// The search, as it was written.
    q: String,
    /// Where the page begins; the newest where none is named.
    after: Option<Place>,
    /// Whether the form is meant, and for which application.
    publish: Option<String>,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => value.trim().clone_into(&mut asked.q),
                "after" => asked.after = value.parse().ok(),
                "publish" => asked.publish = Some(value.into_owned()),
                _ => {}
            }
        }
        asked
    }
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    if let Some(app) = &asked.publish {
        return publish::show(&visitor, &context, app).await;
    }
    let rows = Rows { limit: ROWS, edge: asked.after.map(Edge::After), order: None };
    let listed = search::messages(&context, visitor.identity(), &asked.q, rows).await;
    let listed = match listed {
        Err(search::Error::Access(error)) => return Err(error.into()),
        Err(search::Error::Query(error)) => Err(error),
        Ok(listed) => Ok(listed),
    };
    let saved = saved::of(&visitor, &context).await;
    Ok(page::of(&visitor, &asked, &listed, &saved).into_response())
}
