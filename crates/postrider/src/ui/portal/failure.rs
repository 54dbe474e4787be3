//! What a customer is told when a page or an act fails. It becomes a page where it is known how pages look.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use postrider_core::scope::Denied;

use crate::service::access;
use crate::service::{analytics, apps, deliveries, endpoints, event_types, replay, tasks};

/// Why there is no page.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) sentence: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, title: &'static str, sentence: impl Into<String>) -> Self {
        Self { status, title, sentence: sentence.into() }
    }

    /// The session is over, or there never was one.
    pub(super) fn ended() -> Self {
        let sentence = "Your session here has ended. Open these pages from where you came from again.";
        Self::new(StatusCode::UNAUTHORIZED, "Signed out", sentence)
    }

    /// Nothing here has this name.
    pub(super) fn missing(what: &str) -> Self {
        let sentence = format!("There is no such {what} here. It may have been deleted.");
        Self::new(StatusCode::NOT_FOUND, "Not there", sentence)
    }

    /// A form that is not from a page of the session.
    pub(super) fn not_ours() -> Self {
        let sentence = "The form was not sent from a page of this session. Reload the page and try again. Nothing was done.";
        Self::new(StatusCode::FORBIDDEN, "Not from here", sentence)
    }

    /// Values were refused where no form can show it.
    pub(super) fn refused(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Not possible", sentence)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Not allowed", format!("Nothing was done: {denied}."))
    }
}

impl From<access::Error> for Failure {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::Denied(denied) => denied.into(),
            access::Error::Missing(what) => Self::missing(what),
            access::Error::Crowded(_) | access::Error::TooFast { .. } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too much at once",
                format!("{error}. Try again in a moment."),
            ),
            access::Error::Store(error) => error.into(),
        }
    }
}

impl From<postrider_store::Error> for Failure {
    fn from(error: postrider_store::Error) -> Self {
        tracing::warn!(%error, "failed to make a page of the portal");
        let sentence = "The server could not use its database. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", sentence)
    }
}

/// Errors that are `Access`, or else a sentence of their own.
macro_rules! told {
    ($($module:ident)+) => {
        $(impl From<$module::Error> for Failure {
            fn from(error: $module::Error) -> Self {
                match error {
                    $module::Error::Access(error) => error.into(),
                    error => Self::refused(format!("Nothing was done: {error}.")),
                }
            }
        })+
    };
}

told!(analytics apps deliveries endpoints event_types replay tasks);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
