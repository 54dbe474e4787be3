//! Sources: where other services send to us.

mod page;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use maud::html;
use postrider_core::id::SourceId;
use postrider_store::{Edge, Page as Rows};

use super::Shared;
use super::failure::Failure;
use crate::context::Context;
use crate::service::sources;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{ago, copy, older};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Rows of a page.
const ROWS: usize = 50;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/sources";
    Router::new().route(PATH, get(list)).route(&format!("{PATH}/{{source}}"), get(page::show))
}

async fn list(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let after = pairs.find(|(name, _)| name == "after").and_then(|(_, value)| value.parse::<SourceId>().ok());
    let rows = Rows { limit: ROWS, edge: after.map(Edge::After), order: None };
    let listed = sources::list(&context, visitor.identity(), rows).await?;
    let next = listed.next.map(|next| format!("{}?after={next}", visitor.path(Place::Sources)));
    // Whoever knows the address of a source can send to it.
    let body = html! {
        @if listed.rows.is_empty() {
            div.empty {
                h2 { "Nothing is received yet" }
                p { "A source is an address that a provider sends to. What comes there is verified by the provider's own scheme, kept, and sent on to endpoints." }
                pre tabindex="0" { "curl " (context.public_url()) "/ingest/api/v1/source \\\n  -H 'authorization: Bearer KEY' -H 'content-type: application/json' \\\n  -d '{\"name\": \"payments\", \"type\": \"stripe\", \"config\": {\"secret\": \"whsec_…\"}}'" }
            }
        } @else {
            table.things {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Type" } th.off-small scope="col" { "Address" }
                    th scope="col" { "Deliveries" } th.number scope="col" { "Made" }
                } }
                tbody { @for addressed in &listed.rows {
                    @let source = &addressed.source;
                    tr {
                        td.wide {
                            @let name = if source.name.is_empty() { &source.kind } else { &source.name };
                            a.row href={ (visitor.path(Place::Sources)) "/" (source.id) } { (visible(name, false)) }
                            span.sub { (source.id) }
                        }
                        td.tight { (visible(&source.kind, false)) }
                        td.off-small {
                            @match (&addressed.address, &source.settings.cron) {
                                (_, Some(_)) => span.quiet { "by a schedule" },
                                (Some(address), None) => { code { (address) } (copy(address, "Copy the address")) },
                                (None, None) => span.quiet { "withheld from your role" },
                            }
                        }
                        td.tight { a href={ (visitor.path(Place::Deliveries)) "?q=source%3A" (source.id) } { "Deliveries" } }
                        td.number { (ago(source.created_at)) }
                    }
                } }
            }
            (older(next.as_deref()))
        }
    };
    Ok(Frame::new(&visitor, Place::Sources).page(&body).into_response())
}

impl From<sources::Error> for Failure {
    fn from(error: sources::Error) -> Self {
        match error {
            sources::Error::Access(error) => error.into(),
            error => Self::new(StatusCode::BAD_REQUEST, "Not like this", format!("{error}.")),
        }
    }
}
