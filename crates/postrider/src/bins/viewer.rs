//! Who reads a bin: with its view key, by a shared link, or anybody where bins are open.
//!
//! The page is opened with the key in the fragment of its address, which browsers send to nobody. A script hands it over
//! once, and it becomes a cookie for the bin's path, which scripts cannot read.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use postrider_core::time::Timestamp;

use super::address::Door;
use super::{page, told};
use crate::context::Context;
use crate::service::bins::{Bins, Entry};
use crate::ui::form::Form;
use crate::ui::{self, visitor};

/// The cookie with a view key. Its path is that of the bin.
pub(super) const COOKIE: &str = "bin_key";

/// Somebody who reads a bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Viewer {
    /// The bin's name.
    pub(super) name: String,
    /// The path that its pages begin with.
    pub(super) base: String,
    /// When the link ends by which they came; they may change nothing then.
    pub(super) until: Option<Timestamp>,
}

/// Why somebody does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is nothing there.
    Missing,
    /// It takes the view key.
    Locked,
}

impl Viewer {
    /// Lets somebody in.
    pub(super) fn enter(bins: &Bins, door: Door<'_>, headers: &HeaderMap) -> Result<Self, Refused> {
        match door {
            Door::Shared(token) => {
                let (name, until) = bins.shared(token).ok_or(Refused::Missing)?;
                Ok(Self { name, base: format!("/bin/shared/{token}"), until: Some(until) })
            }
            Door::Bin(name) => match bins.entry(name, key(headers)) {
                Entry::Granted => {
                    Ok(Self { name: name.to_owned(), base: format!("/bin/{name}"), until: None })
                }
                Entry::Locked => Err(Refused::Locked),
                Entry::Missing => Err(Refused::Missing),
            },
        }
    }

    /// Whether they may change something.
    pub(super) fn may_act(&self) -> bool {
        self.until.is_none()
    }

    /// Whether they still may read: links end and are revoked.
    pub(super) fn is_welcome(&self, bins: &Bins) -> bool {
        match self.base.strip_prefix("/bin/shared/") {
            Some(token) => bins.shared(token).is_some(),
            None => true,
        }
    }
}

impl Refused {
    /// As a page with a field for the key, or as JSON.
    pub(super) fn answer(self, door: Door<'_>, wants_page: bool) -> Response {
        match (self, door) {
            (Self::Locked, Door::Bin(name)) if wants_page => page::locked(name, false).into_response(),
            (Self::Locked, _) => {
                let detail = "Send the bin's view key as `Authorization: Bearer …`.";
                told::told(StatusCode::UNAUTHORIZED, "authentication_failed", detail)
            }
            (Self::Missing, _) if wants_page => page::missing().into_response(),
            (Self::Missing, _) => told::not_found(),
        }
    }
}

/// The key in `Authorization: Bearer …`, or in the cookie.
fn key(headers: &HeaderMap) -> Option<&str> {
    let bearer = || headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ");
    bearer().or_else(|| visitor::cookie(headers, COOKIE))
}

/// Takes the key from the form of a locked page and makes it a cookie.
pub(super) async fn open(context: &Context, name: &str, request: Request) -> Response {
    let Ok(form) = Form::read(context, request).await else { return told::not_from_here() };
    let key = form.get("key");
    match context.bins.entry(name, Some(key)) {
        Entry::Missing => page::missing().into_response(),
        Entry::Locked => page::locked(name, true).into_response(),
        Entry::Granted => {
            let mut response = ui::page::see(&format!("/bin/{name}"));
            visitor::set_cookie(context, &mut response, COOKIE, key, &format!("/bin/{name}"));
            response
        }
    }
}
