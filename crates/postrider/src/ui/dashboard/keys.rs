//! API keys: made, listed, revoked. A key is shown once, right after it was made.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::id::KeyId;
use postrider_core::key::{Key, Token};
use postrider_core::scope::Reach as Reached;
use serde::Deserialize;

use super::Shared;
use super::failure::Failure;
use crate::context::Context;
use crate::service::keys::{self, NewKey, Reach};
use crate::service::{access, audit};
use crate::ui::Page;
use crate::ui::form::Form;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::parts::{Kind, ago, exact, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

pub(super) fn router() -> Router<Shared> {
    const PATH: &str = "/dashboard/{environment}/keys";
    Router::new().route(PATH, get(list).post(create)).route(&format!("{PATH}/{{key}}/revoke"), post(revoke))
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Filled {
    name: String,
    app: String,
    wrong: Option<String>,
}

async fn list(visitor: SignedIn, State(context): State<Context>) -> Result<Response, Failure> {
    let keys = keys::list(&context, visitor.instance()?).await?;
    Ok(page(&context, &visitor, &keys, &Filled::default(), None).into_response())
}

async fn create(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    let identity = visitor.instance()?;
    let environment = visitor.environment().id;
    let app = form.get("app").trim();
    let reach = match (form.get("reach"), app) {
        ("instance", _) => Reach::Instance,
        ("app", app) if !app.is_empty() => Reach::App(environment, Ref::parse(app)),
        _ => Reach::Environment(environment),
    };
    let new = NewKey { reach, name: form.get("name").trim().to_owned(), expires_at: None };
    let made =
        audit::doing(&context, "key.create", visitor.doer(), keys::create(&context, identity, new)).await;
    let keys = keys::list(&context, identity).await?;
    let wrong = match made {
        Ok((key, token)) => {
            return Ok(
                page(&context, &visitor, &keys, &Filled::default(), Some((&key, &token))).into_response()
            );
        }
        Err(keys::Error::Invalid(invalid)) => invalid.to_string(),
        Err(keys::Error::Access(access::Error::Missing(what))) => {
            format!("There is no such {what} in this environment.")
        }
        Err(keys::Error::Access(error)) => return Err(error.into()),
    };
    let filled = Filled { name: form.get("name").to_owned(), app: app.to_owned(), wrong: Some(wrong) };
    let page = page(&context, &visitor, &keys, &filled, None).with_status(StatusCode::UNPROCESSABLE_ENTITY);
    Ok(page.into_response())
}

#[derive(Debug, Deserialize)]
struct Named {
    key: String,
}

async fn revoke(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    Form::read_signed(&visitor, &context, request).await.map_err(|_| Failure::not_ours())?;
    let id: KeyId = named.key.parse().map_err(|_| access::Error::Missing("key"))?;
    let act = keys::revoke(&context, visitor.instance()?, id);
    audit::doing(&context, "key.revoke", visitor.doer(), act).await?;
    Ok(see(&visitor.path(Place::Keys)))
}

fn page(
    context: &Context,
    visitor: &SignedIn,
    keys: &[Key],
    filled: &Filled,
    made: Option<(&Key, &Token)>,
) -> Page {
    let path = visitor.path(Place::Keys);
    let body = html! {
        @if let Some((key, token)) = made {
            section.card.made role="status" {
                h2 { "The key “" (visible(&key.name, false)) "”" }
                p { "It is shown this once: nobody can read it again. Keep it where secrets are kept." }
                div.copied {
                    pre #token tabindex="0" { (token.expose()) }
                    copy-text hidden from="token" { button type="button" { "Copy" } }
                }
            }
        }
        (form(visitor, &path, filled))
        table.things {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Begins with" } th scope="col" { "Reaches" }
                th scope="col" { "State" } th.number scope="col" { "Made" } th { span.visually-hidden { "Act" } }
            } }
            tbody { @for key in keys.iter().rev() { (row(context, visitor, &path, key)) } }
        }
    };
    Frame::new(visitor, Place::Keys).page(&body)
}

fn row(context: &Context, visitor: &SignedIn, path: &str, key: &Key) -> Markup {
    let is_valid = key.is_valid(context.now());
    html! {
        tr {
            td.wide { strong { (visible(&key.name, false)) } span.sub { (key.id) } }
            td.tight { code { (visible(&key.hint, false)) "…" } }
            td { (reached(visitor, key)) }
            td.tight {
                @match (key.revoked_at, key.expires_at) {
                    (Some(at), _) => { (pill(Kind::Waiting, "Revoked")) span.sub { (exact(at)) } }
                    (None, Some(end)) if !is_valid => { (pill(Kind::Waiting, "Expired")) span.sub { (exact(end)) } }
                    (None, Some(end)) => { (pill(Kind::Good, "Valid")) span.sub { "until " (exact(end)) } }
                    (None, None) => (pill(Kind::Good, "Valid")),
                }
            }
            td.number { (ago(key.created_at)) }
            td.tight {
                @if is_valid {
                    form method="post" action={ (path) "/" (key.id) "/revoke" } {
                        input type="hidden" name="csrf" value=(visitor.csrf());
                        button.danger type="submit" aria-label={ "Revoke " (key.name) } { "Revoke" }
                    }
                }
            }
        }
    }
}

fn reached(visitor: &SignedIn, key: &Key) -> Markup {
    let named = |id| {
        visitor
            .environments()
            .iter()
            .find(|environment| environment.id == id)
            .map(|found| found.name.as_str())
    };
    match key.identity.reach() {
        Reached::Instance => html! { "the whole server" },
        Reached::Environment(id) => html! { "environment " (visible(named(id).unwrap_or("(gone)"), false)) },
        Reached::App(_, app) => {
            html! { "application " a href={ (visitor.path(Place::Applications)) "/" (app) } { (app) } }
        }
    }
}

fn form(visitor: &SignedIn, path: &str, filled: &Filled) -> Markup {
    html! {
        details.panel open[filled.wrong.is_some()] {
            summary { "Make a key" }
            form.fields method="post" action=(path) {
                input type="hidden" name="csrf" value=(visitor.csrf());
                @if let Some(wrong) = &filled.wrong { p.alert.whole role="alert" { (visible(wrong, false)) } }
                label for="name" { "Name" }
                input #name name="name" value=(filled.name) required maxlength="256" placeholder="What uses it";
                label for="reach" { "Reaches" }
                select #reach name="reach" {
                    option value="environment" { "everything in this environment" }
                    option value="app" { "one application of it" }
                    option value="instance" { "environments, people and keys, but no data" }
                }
                label for="app" { "Application" }
                input #app name="app" value=(filled.app) placeholder="its id or uid, for a key of one application";
                span {} button.primary type="submit" { "Make the key" }
            }
        }
    }
}

impl From<keys::Error> for Failure {
    fn from(error: keys::Error) -> Self {
        match error {
            keys::Error::Access(error) => error.into(),
            keys::Error::Invalid(error) => {
                Self::new(StatusCode::BAD_REQUEST, "Not like this", error.to_string())
            }
        }
    }
}
