//! The list of endpoints, of all applications: which get nothing, which fail, and how the last day went.

mod page;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::Shared;
use super::endpoint::Day;
use super::failure::Failure;
use super::thing::Whose;
use crate::context::Context;
use crate::service::endpoints::{self, Spot, Which};
use crate::ui::signed_in::SignedIn;
use postrider_core::app::Ref;

/// Rows of a page. Each takes a look at its own numbers.
const ROWS: usize = 25;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/dashboard/{environment}/endpoints", get(show))
}

/// What the address asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    which: Which,
    after: Option<Spot>,
}

/// The choices with their names in addresses.
const CHOICES: [(Which, &str, &str); 3] = [
    (Which::All, "all", "All"),
    (Which::Failing, "failing", "Failing"),
    (Which::Disabled, "disabled", "Paused or disabled"),
];

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "show" => {
                    let choice = CHOICES.iter().find(|(_, name, _)| *name == value);
                    asked.which = choice.map(|(which, ..)| *which).unwrap_or_default();
                }
                "after" => asked.after = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }

    /// The name of what is shown.
    fn name(&self) -> &'static str {
        CHOICES.iter().find(|(which, ..)| *which == self.which).map_or("all", |(_, name, _)| name)
    }
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let found = endpoints::everywhere(&context, visitor.identity(), asked.which, ROWS, asked.after).await?;
    let mut days = Vec::with_capacity(found.rows.len());
    for (app, endpoint) in &found.rows {
        days.push(Day::read(&context, visitor.identity(), &Whose::App(Ref::Id(app.id)), endpoint.id).await?);
    }
    Ok(page::of(&visitor, &asked, &found, &days).into_response())
}
