//! Taking requests away: the bytes of one, or all as an archive, JSON, or a script of curl commands.
//!
//! What is made of all is never whole in memory, and few read it at once: it may be many times what the bin has.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use super::viewer::Viewer;
use super::{json, told};
use crate::context::Context;
use crate::service::bins::{curl, har};
use crate::ui::page::download;

/// Answers a `GET` below `/-/`.
pub(super) fn serve(context: &Context, viewer: &Viewer, path: &str) -> Response {
    let parts: Vec<_> = path.split('/').collect();
    match parts[..] {
        ["requests"] => json::serve(context, viewer),
        ["requests", number, form] => one(context, viewer, number, form),
        ["export", form] => all(context, viewer, form),
        _ => told::not_found(),
    }
}

fn one(context: &Context, viewer: &Viewer, number: &str, form: &str) -> Response {
    let found = number.parse().ok().and_then(|number| context.bins.request(&viewer.name, number));
    match (found, form) {
        (Some(kept), "raw") => download(&format!("{number}.bin"), kept.arrived.body.clone()),
        (Some(kept), "curl") => {
            download(&format!("{number}.sh"), Bytes::from(curl::command(&kept, context.public_url()) + "\n"))
        }
        _ => told::not_found(),
    }
}

fn all(context: &Context, viewer: &Viewer, form: &str) -> Response {
    let Some(place) = context.bins.export() else {
        return told::come_again("Too many bins are being exported.", Duration::from_secs(5));
    };
    let (overview, origin) = (context.bins.overview(&viewer.name), context.public_url().to_owned());
    let (end, body) = match form {
        "har" => ("har", body(har::archive(overview.requests, origin), place)),
        "json" => ("json", body(json::pieces(&viewer.name, overview), place)),
        "curl" => ("sh", body(curl::script(overview.requests, origin), place)),
        _ => return told::not_found(),
    };
    download(&format!("bin-{}.{end}", viewer.name), body)
}

/// A body that makes each piece when there is room for it, and keeps its place until it ends or is dropped.
fn body(pieces: impl Iterator<Item = String> + Send + 'static, place: OwnedSemaphorePermit) -> Body {
    let pieces = pieces.map(move |piece| {
        let _held = &place;
        Ok::<_, Infallible>(piece)
    });
    Body::from_stream(stream::iter(pieces))
}
