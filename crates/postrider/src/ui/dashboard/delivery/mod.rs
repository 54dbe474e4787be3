//! The page of one delivery: why it stands where it does, everything that went over the wire, and what can be done.

mod act;
mod attempt;
mod compare;
mod curl;
mod edit;
mod page;
mod signature;
mod timeline;
mod told;

pub(in crate::ui) use page::{Scene, Viewer};

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use postrider_core::app::Ref;
use postrider_core::id::AttemptId;
use serde::Deserialize;

pub(super) use told::status;

use super::Shared;
use super::failure::Failure;
use super::thing::Whose;
use crate::context::Context;
use crate::service::inspect;
use crate::ui::frame::{Frame, Place};
use crate::ui::signed_in::SignedIn;

const PATH: &str = "/dashboard/{environment}/deliveries/{owner}/{message}/{endpoint}";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(PATH, get(show))
        .route(&format!("{PATH}/resend"), post(act::resend))
        .route(&format!("{PATH}/skip"), post(act::skip))
        .route(&format!("{PATH}/signature"), post(signature::check))
        .route(&format!("{PATH}/edit"), get(edit::show).post(edit::send))
}

/// What the path names.
#[derive(Debug, Deserialize)]
struct Named {
    owner: String,
    message: String,
    endpoint: String,
}

/// Which part of an attempt is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum View {
    #[default]
    Answer,
    Request,
    Compare,
    Signature,
    Curl,
}

impl View {
    const ALL: [Self; 5] = [Self::Answer, Self::Request, Self::Compare, Self::Signature, Self::Curl];

    const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Request => "request",
            Self::Compare => "compare",
            Self::Signature => "signature",
            Self::Curl => "curl",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Answer => "Answer",
            Self::Request => "Request",
            Self::Compare => "Compare",
            Self::Signature => "Signature",
            Self::Curl => "Copy as curl",
        }
    }
}

/// What the address asks for beyond the delivery.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct Asked {
    /// The attempt that is shown; the newest where none is named.
    attempt: Option<AttemptId>,
    /// The one that it is compared with; the one before it where none is named.
    with: Option<AttemptId>,
    /// How it is shown.
    view: View,
}

impl Asked {
    pub(in crate::ui) fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "attempt" => asked.attempt = value.parse().ok(),
                "with" => asked.with = value.parse().ok(),
                "view" => {
                    asked.view = View::ALL.into_iter().find(|view| view.name() == value).unwrap_or_default();
                }
                _ => {}
            }
        }
        asked
    }
}

/// The path of a delivery's page. An application's or a source's id, a message's and an endpoint's need no escaping.
pub(in crate::ui) fn path(
    environment: impl std::fmt::Display,
    owner: impl std::fmt::Display,
    message: impl std::fmt::Display,
    endpoint: impl std::fmt::Display,
) -> String {
    format!("/dashboard/{environment}/deliveries/{owner}/{message}/{endpoint}")
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let whose = Whose::named(&named.owner);
    let (message, endpoint) = (Ref::parse(&named.message), Ref::parse(&named.endpoint));
    let inspected =
        inspect::delivery(&context, visitor.identity(), whose.owner(), &message, &endpoint).await?;
    let asked = Asked::read(&query.unwrap_or_default());
    let viewer = Viewer::signed_in(&visitor, &inspected);
    let scene = Scene { viewer, inspected: &inspected, asked: &asked, now: context.now(), checked: None };
    let frame = Frame::new(&visitor, Place::Deliveries).of(&scene.title(), scene.heading());
    Ok(frame.page(&scene.content()).into_response())
}
