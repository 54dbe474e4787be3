//! What all pages are made of: their frame, their looks, and the rules that browsers are held to.
//!
//! Pages are rendered here and work without any script; what a script adds is that they follow what happens. Everything
//! comes from this server: a [`Page`] is answered with a policy under which a browser loads nothing else and runs
//! nothing that stands in the page itself.
//!
//! Invariants:
//! - Text from outside reaches a page through maud, which escapes it, or through [`text::visible`], which also shows the
//!   characters that would hide or turn what is read.
//! - Bytes from outside are downloads ([`page::download`]), never documents.

pub(crate) mod assets;
pub(crate) mod catalog;
pub(crate) mod docs;
pub(crate) mod form;
pub(crate) mod frame;
#[cfg(test)]
pub(crate) mod hostile;
pub(crate) mod icon;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod parts;
pub(crate) mod portal;
pub(crate) mod signed_in;
pub(crate) mod text;
pub(crate) mod theme;
pub(crate) mod visitor;

mod dashboard;
mod licences;
mod sign_in;
mod source;

pub(crate) use page::Page;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;

use crate::app::health::Health;
use crate::config::Config;
use crate::context::Context;

/// The pages that every server has, and the files of all pages.
pub(crate) fn router(context: &Context, health: Arc<Health>, config: &Config) -> Router {
    let dashboard = dashboard::router(Arc::clone(context), health, config);
    let acting = sign_in::router(Arc::clone(context)).merge(dashboard);
    assets::router()
        // Whoever types the server's address is a person.
        .route("/", get(async || page::see(signed_in::HOME)))
        .merge(licences::router())
        .merge(source::router(Arc::clone(context)))
        .merge(acting.layer(from_fn(to_its_end)))
}

/// Lets what changes something run to its end though the browser hangs up meanwhile: it is written down when it is over,
/// and half of it would be nobody's wish.
pub(crate) async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let ended = tokio::spawn(next.run(request)).await;
    ended.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
