//! `/dashboard`: the first environment that the visitor may see.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::html;

use super::door;
use crate::ui::page::see;
use crate::ui::signed_in::{HOME, Visitor};

/// Leads there.
pub(super) async fn show(visitor: Visitor) -> Response {
    if let Some(first) = visitor.environments().first() {
        return see(&format!("{HOME}/{}/overview", first.id));
    }
    let content = html! {
        p { "You may see none of the environments that are there. An admin can change that." }
        form method="post" action="/sign-out" {
            input type="hidden" name="csrf" value=(visitor.csrf());
            button type="submit" { "Sign out" }
        }
    };
    door::page("Nothing to see", None, &content).with_status(StatusCode::FORBIDDEN).into_response()
}
