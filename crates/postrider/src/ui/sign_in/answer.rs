//! What somebody is told who is not signed in, and how it is said in HTTP.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};

use super::door;
use crate::service::fields::{FieldError, InvalidFields};
use crate::service::people::{links, oidc, sign_in};
use crate::ui::Page;

/// Why not.
pub(super) struct No {
    /// As a status.
    pub(super) status: StatusCode,
    /// As a sentence.
    pub(super) sentence: String,
    /// Seconds after which it may be tried again.
    retry_after: Option<u64>,
}

impl No {
    fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into(), retry_after: None }
    }

    /// A form that is not from a page of ours.
    pub(super) fn not_ours() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form was not sent from a page of this server. Nothing was done.",
        )
    }

    fn trouble(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(error, "failed to sign somebody in");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server cannot use its database now. Try again in a moment.",
        )
    }

    fn busy() -> Self {
        let sentence = "Too many people sign in at this moment. Try again in a few seconds.";
        Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, sentence) }
    }

    /// The answer, with this page in it.
    pub(super) fn with(self, page: Page) -> Response {
        let mut response = page.with_status(self.status).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn too_often(retry_after: Duration) -> Self {
        // Rounded up: to be told the truth, and not a moment too little.
        let seconds = retry_after.as_millis().div_ceil(1_000).max(1) as u64;
        let sentence = format!(
            "There were too many attempts. Wait {seconds} {} and try again.",
            if seconds == 1 { "second" } else { "seconds" }
        );
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, sentence) }
    }

    /// The answer, where there is nothing to fill in again.
    pub(super) fn alone(self, title: &str) -> Response {
        let page = door::closed(self.status, title, &self.sentence);
        self.with(page)
    }
}

impl From<sign_in::Error> for No {
    fn from(error: sign_in::Error) -> Self {
        match error {
            sign_in::Error::Wrong => {
                let sentence = "This e-mail address and this password do not belong together.";
                Self::new(StatusCode::UNAUTHORIZED, sentence)
            }
            sign_in::Error::TooOften { retry_after } => Self::too_often(retry_after),
            sign_in::Error::Busy(_) => Self::busy(),
            sign_in::Error::Store(error) => Self::trouble(&error),
        }
    }
}

impl From<links::Error> for No {
    fn from(error: links::Error) -> Self {
        match error {
            links::Error::Spent => Self::new(
                StatusCode::GONE,
                "This link was used before, or is not valid any more. Ask whoever gave it to you for another one.",
            ),
            links::Error::Invalid(invalid) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence(&invalid)),
            links::Error::Busy(_) => Self::busy(),
            links::Error::Store(error) => Self::trouble(&error),
        }
    }
}

impl From<oidc::Error> for No {
    fn from(error: oidc::Error) -> Self {
        let status = match &error {
            oidc::Error::Store(error) => return Self::trouble(error),
            oidc::Error::TooOften { retry_after } => return Self::too_often(*retry_after),
            oidc::Error::Off => StatusCode::NOT_FOUND,
            oidc::Error::Stray => StatusCode::BAD_REQUEST,
            oidc::Error::Denied | oidc::Error::Refused(_) | oidc::Error::Disabled => StatusCode::FORBIDDEN,
            oidc::Error::Provider(_) | oidc::Error::Token(_) => {
                let source = std::error::Error::source(&error);
                tracing::warn!(%error, source, "failed to sign somebody in with the identity provider");
                StatusCode::BAD_GATEWAY
            }
            oidc::Error::TooMany => StatusCode::CONFLICT,
        };
        Self::new(status, capitalised(&error.to_string()))
    }
}

/// All that is wrong with a form, in one sentence for each field.
pub(in crate::ui) fn sentence(invalid: &InvalidFields) -> String {
    let one = |error: &FieldError| {
        let field = error.at.first().map_or("the form", String::as_str);
        format!("{} {}.", capitalised(field), error.invalid.message)
    };
    invalid.0.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A sentence as it stands in a page.
pub(in crate::ui) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", chars.as_str())
}
