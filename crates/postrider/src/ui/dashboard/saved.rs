//! Saved searches: links beside the box that searches, a form that saves what is searched for, and one that removes.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::id::SavedSearchId;
use postrider_core::limits;
use postrider_core::rights::Right;
use postrider_core::saved::{List, SavedSearch};
use serde::Deserialize;

use super::Shared;
use super::act;
use super::failure::Failure;
use crate::context::Context;
use crate::service::{access, saved};
use crate::ui::frame::Place;
use crate::ui::icon::{Icon, icon};
use crate::ui::page::see;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/searches";
    Router::new().route(PATH, post(save)).route(&format!("{PATH}/{{search}}/remove"), post(remove))
}

/// The saved searches, for who looks at a list that is searched. A list is shown without them where they cannot be had.
pub(super) async fn of(visitor: &SignedIn, context: &Context) -> Vec<SavedSearch> {
    saved::list(context, visitor.identity()).await.unwrap_or_default()
}

const fn place(list: List) -> Place {
    match list {
        List::Deliveries => Place::Deliveries,
        List::Messages => Place::Messages,
    }
}

fn path(visitor: &SignedIn) -> String {
    format!("/dashboard/{}/searches", visitor.environment().id)
}

/// Where the search is used.
fn address(visitor: &SignedIn, list: List, query: &str) -> String {
    let q: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    format!("{}?q={q}", visitor.path(place(list)))
}

/// The links, and for who may act what saves and removes. `q` is what the list is searched for, empty or wrong where there
/// is nothing to save.
pub(super) fn links(visitor: &SignedIn, all: &[SavedSearch], list: List, q: Option<&str>) -> Markup {
    let may_act = visitor.identity().rights().has(Right::Send);
    let to_save =
        q.filter(|q| may_act && !q.is_empty() && !all.iter().any(|one| one.list == list && one.query == *q));
    let used = all.iter().find(|one| one.list == list && Some(one.query.as_str()) == q);
    html! {
        @if !all.is_empty() || to_save.is_some() {
            div.saved role="group" aria-label="Saved searches" {
                @for one in all { (link(&address(visitor, one.list, &one.query), one, used.is_some_and(|used| used.id == one.id))) }
                @if let Some(q) = to_save {
                    details {
                        summary { "Save this search" }
                        form.actions method="post" action=(path(visitor)) {
                            input type="hidden" name="csrf" value=(visitor.csrf());
                            input type="hidden" name="list" value=(list.name());
                            input type="hidden" name="q" value=(q);
                            label { "Name " input name="name" maxlength=(limits::SAVED_SEARCH_CHARS) required autocomplete="off"; }
                            button type="submit" { "Save" }
                            span.hint { "Everybody in this environment sees it. One of the same name is replaced." }
                        }
                    }
                }
                @if let (Some(used), true) = (used, may_act) {
                    form method="post" action={ (path(visitor)) "/" (used.id) "/remove" } {
                        input type="hidden" name="csrf" value=(visitor.csrf());
                        button type="submit" { (icon(Icon::X)) "Remove this saved search" }
                    }
                }
            }
        }
    }
}

fn link(address: &str, one: &SavedSearch, is_used: bool) -> Markup {
    html! {
        a.chip href=(address) aria-current=[is_used.then_some("true")] {
            (visible(&one.name, false))
            @if one.list == List::Messages { span.sub { " messages" } }
        }
    }
}

async fn save(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    let list = List::ALL.into_iter().find(|list| list.name() == form.get("list")).unwrap_or(List::Deliveries);
    let (name, q) = (form.get("name").trim(), form.get("q").trim());
    let act = saved::save(&context, visitor.identity(), name, list, q);
    act::done(&visitor, &context, "saved_search.create", act).await?;
    Ok(see(&address(&visitor, list, q)))
}

#[derive(Debug, Deserialize)]
struct Named {
    search: String,
}

async fn remove(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(Named { search }): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    let search: SavedSearchId = search.parse().map_err(|_| access::Error::Missing("saved search"))?;
    let act = saved::forget(&context, visitor.identity(), search);
    act::done(&visitor, &context, "saved_search.delete", act).await?;
    Ok(see(&visitor.path(Place::Deliveries)))
}

impl From<saved::Error> for Failure {
    fn from(error: saved::Error) -> Self {
        match error {
            saved::Error::Access(error) => error.into(),
            saved::Error::Invalid(invalid) => Self::refused(&invalid),
            error @ saved::Error::TooMany { .. } => Self::new(
                StatusCode::CONFLICT,
                "Too many",
                format!("Nothing was saved: {error}. Remove one first."),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::time::Timestamp;

    use super::*;
    use crate::ui::hostile::stays_text;

    #[test]
    fn names_and_queries_stay_text() {
        stays_text("the link of a saved search", |text| {
            let one = SavedSearch {
                id: SavedSearchId::from_bytes([1; 20]),
                name: text.to_owned(),
                list: List::Messages,
                query: text.to_owned(),
                created_at: Timestamp::from_seconds(1_800_000_000),
            };
            link("/deliveries?q=x", &one, true)
        });
    }
}
