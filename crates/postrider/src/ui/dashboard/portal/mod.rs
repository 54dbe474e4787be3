//! The portal as customers will see it: tried out in the operator's colours, and the text that puts it into a product.
//!
//! The look is in the address of the page. Showing it takes a session of an application, so that is an act of its own: it
//! opens one that may look and nothing more, and is in the audit log as every access to the portal.

mod page;
mod snippet;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use postrider_core::app::{App, Ref};
use postrider_core::id::AppId;
use postrider_core::role::Capability;
use postrider_store::{AppFilter, Order, Page as Rows};
use url::form_urlencoded::Serializer;

use super::failure::Failure;
use super::{Shared, act};
use crate::context::Context;
use crate::service::apps;
use crate::service::portal::{self, Access, PAGE};
use crate::ui::portal::Look;
use crate::ui::signed_in::SignedIn;

/// How long the session of a preview lasts: as short as one can be.
const SECONDS: u64 = 3_600;
/// Applications that are offered by name.
const OFFERED: usize = 50;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/portal";
    Router::new().route(PATH, get(show)).route(&format!("{PATH}/preview"), post(preview))
}

/// What the address asks for.
#[derive(Debug, Default)]
struct Asked {
    look: Look,
    /// As wide as a phone.
    is_narrow: bool,
}

/// What is shown beside the look.
#[derive(Debug, Default)]
struct Shown {
    /// The application as it was typed.
    app: String,
    /// What the frame shows, if it is open.
    frame: Option<String>,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let is_narrow = pairs.any(|(name, value)| name == "width" && value == "mobile");
        Self { look: Look::read(query), is_narrow }
    }
}

async fn show(
    visitor: SignedIn,
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let apps = offered(&shared.context, &visitor).await?;
    Ok(page::of(&visitor, &shared, &asked, &apps, &Shown::default()).into_response())
}

/// Opens a session that may look, and shows the portal in it.
async fn preview(
    visitor: SignedIn,
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, Failure> {
    let context = &shared.context;
    let form = act::form(&visitor, context, request).await?;
    let asked = Asked::read(&Serializer::new(String::new()).extend_pairs(form.fields()).finish());
    let app = form.get("app").trim().to_owned();
    let access = Access {
        expiry_seconds: Some(SECONDS),
        session: Some("dashboard-preview".to_owned()),
        capabilities: Some(vec![Capability::ViewBase]),
        ..Access::default()
    };
    let named: Ref<AppId> = Ref::parse(&app);
    // It has to be there: granting access to what is not would make it only where that is asked for.
    let granting = portal::grant(context, visitor.identity(), &named, access);
    let granted = act::done(&visitor, context, "authentication.app_portal_access", granting).await?;
    let (_, key) = granted.url.split_once('#').unwrap_or_default();
    let look = Look { is_preview: true, ..asked.look.clone() };
    // Whatever address customers know it under: the frame may show pages of this very server only.
    let frame = Some(format!("{PAGE}?{}#{key}", look.written()));
    let apps = offered(context, &visitor).await?;
    Ok(page::of(&visitor, &shared, &asked, &apps, &Shown { app, frame }).into_response())
}

/// The newest applications, for the field that takes one.
async fn offered(context: &Context, visitor: &SignedIn) -> Result<Vec<App>, Failure> {
    let rows = Rows { limit: OFFERED, edge: None, order: Some(Order::Descending) };
    Ok(apps::list(context, visitor.identity(), AppFilter::default(), rows).await?.rows)
}
