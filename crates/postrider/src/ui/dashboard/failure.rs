//! What a visitor is told when a page or an act fails.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::html;
use postrider_core::scope::Denied;

use crate::service::access;
use crate::service::fields::InvalidFields;
use crate::ui::Page;

/// Why there is no page.
#[derive(Debug)]
pub(in crate::ui) struct Failure {
    status: StatusCode,
    title: &'static str,
    sentence: String,
}

impl Failure {
    /// With a status and words of its own.
    pub(in crate::ui) fn new(status: StatusCode, title: &'static str, sentence: impl Into<String>) -> Self {
        Self { status, title, sentence: sentence.into() }
    }

    /// Values that are refused, where no form is there to show them in.
    pub(in crate::ui) fn refused(invalid: &InvalidFields) -> Self {
        let sentence = crate::ui::sign_in::sentence(invalid);
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Not possible", sentence)
    }

    /// What the state of things does not allow.
    pub(in crate::ui) fn not_possible(error: &(dyn std::error::Error + 'static)) -> Self {
        let sentence = format!("{}.", crate::ui::sign_in::capitalised(&error.to_string()));
        Self::new(StatusCode::CONFLICT, "Not possible", sentence)
    }

    /// A form that is not from a page of ours, or from an old one.
    pub(in crate::ui) fn not_ours() -> Self {
        let sentence = "The form was not sent from a page of this server, or the session has changed since the page was \
            opened. Go back, reload the page, and try again. Nothing was done.";
        Self::new(StatusCode::FORBIDDEN, "Not from here", sentence)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        access::Error::from(denied).into()
    }
}

impl From<access::Error> for Failure {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::Denied(denied) => {
                Self::new(StatusCode::FORBIDDEN, "Not allowed", format!("Nothing was done: {denied}."))
            }
            access::Error::Missing(what) => Self::new(
                StatusCode::NOT_FOUND,
                "Not there",
                format!(
                    "There is no such {what} here. It may have been deleted, or belong to another environment."
                ),
            ),
            access::Error::Crowded(_) | access::Error::TooFast { .. } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too much at once",
                format!("{error}. Try again in a moment."),
            ),
            access::Error::Store(error) => {
                tracing::warn!(%error, "failed to make a page");
                let sentence = "The server could not use its database. Try again in a moment.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", sentence)
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = html! {
            header.banner { p.brand { a href="/dashboard" { "Postrider" } } h1 { (self.title) } }
            main #main.narrow { p { (self.sentence) } p { a href="/dashboard" { "To the dashboard" } } }
        };
        Page::new(self.title, &[], &body).with_status(self.status).into_response()
    }
}
