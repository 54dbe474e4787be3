//! The visitor's own account: name, password, and where they are signed in.

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::id::SessionId;
use postrider_core::session::Session;
use postrider_store::Ending;
use zeroize::Zeroizing;

use super::Shared;
use super::failure::Failure;
use super::people::{sessions_table, token};
use crate::context::Context;
use crate::service::people::{account, sessions};
use crate::service::{access, audit};
use crate::ui::Page;
use crate::ui::form::Form;
use crate::ui::frame::{Frame, Place};
use crate::ui::page::see;
use crate::ui::sign_in::{capitalised, sentence};
use crate::ui::signed_in::{SIGN_IN, SignedIn};

/// The page.
pub(super) fn router() -> Router<Shared> {
    const PAGE: &str = "/dashboard/{environment}/account";
    Router::new()
        .route(PAGE, get(show))
        .route(&format!("{PAGE}/name"), post(rename))
        .route(&format!("{PAGE}/password"), post(change_password))
        .route(&format!("{PAGE}/sessions"), post(end_sessions))
}

/// What became of the last act.
enum Told {
    Nothing,
    Done(&'static str),
    Wrong(String),
}

async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let told = match query.as_deref() {
        Some("done=name") => Told::Done("Your name is changed."),
        Some("done=password") => Told::Done("Your password is changed, and all other sessions have ended."),
        Some("done=sessions") => Told::Done("Signed out there."),
        _ => Told::Nothing,
    };
    Ok(page(&visitor, &context, &told).await?.into_response())
}

async fn rename(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = read(&visitor, &context, request).await?;
    let name = form.get("name").trim().to_owned();
    let act = account::rename(&context, visitor.entered(), name);
    let done = audit::doing(&context, "account.rename", visitor.as_ref().doer(), act).await;
    answer(&visitor, &context, done, "name").await
}

async fn change_password(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = read(&visitor, &context, request).await?;
    let [present, new] = ["present", "password"].map(|name| Zeroizing::new(form.get(name).to_owned()));
    let act = account::change_password(&context, visitor.entered(), present, new);
    let done = audit::doing(&context, "account.password", visitor.as_ref().doer(), act).await;
    answer(&visitor, &context, done, "password").await
}

/// Ends the session that the form names, or all but this one.
async fn end_sessions(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = read(&visitor, &context, request).await?;
    let ending = match form.get("session") {
        "others" => Ending::AllBut(Some(visitor.session().id)),
        id => Ending::One(id.parse::<SessionId>().map_err(|_| access::Error::Missing("session"))?),
    };
    let act = sessions::end_own(&context, visitor.entered(), ending);
    let ended = audit::doing(&context, "session.end", visitor.as_ref().doer(), act).await;
    ended.map_err(access::Error::from)?;
    let is_own = ending == Ending::One(visitor.session().id);
    let next = if is_own { SIGN_IN.to_owned() } else { visitor.path(Place::Account) + "?done=sessions" };
    Ok(see(&next))
}

async fn read(visitor: &SignedIn, context: &Context, request: Request) -> Result<Form, Failure> {
    Form::read_signed(visitor, context, request).await.map_err(|_| Failure::not_ours())
}

async fn answer(
    visitor: &SignedIn,
    context: &Context,
    done: Result<(), account::Error>,
    what: &str,
) -> Result<Response, Failure> {
    let (status, wrong) = match done {
        Ok(()) => return Ok(see(&format!("{}?done={what}", visitor.path(Place::Account)))),
        Err(account::Error::Store(error)) => return Err(access::Error::from(error).into()),
        Err(account::Error::Invalid(invalid)) => (StatusCode::UNPROCESSABLE_ENTITY, sentence(&invalid)),
        Err(error) => {
            let status = match &error {
                account::Error::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
                account::Error::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, capitalised(&error.to_string()) + ".")
        }
    };
    Ok(page(visitor, context, &Told::Wrong(wrong)).await?.with_status(status).into_response())
}

async fn page(visitor: &SignedIn, context: &Context, told: &Told) -> Result<Page, Failure> {
    let sessions = sessions::own(context, visitor.entered()).await.map_err(access::Error::from)?;
    let body = html! {
        @match told {
            Told::Nothing => {},
            Told::Done(sentence) => p role="status" { (sentence) },
            Told::Wrong(sentence) => p.alert role="alert" { (sentence) },
        }
        div.halves {
            (who(visitor))
            (password(visitor))
        }
        (where_signed_in(visitor, &sessions))
    };
    Ok(Frame::new(visitor, Place::Account).page(&body))
}

fn who(visitor: &SignedIn) -> Markup {
    let person = visitor.user();
    html! {
        section.card aria-labelledby="who" {
            h2 #who { "Who you are" }
            dl.facts.aside {
                div { dt { "Address" } dd { (person.email.as_str()) } }
                div { dt { "Role" } dd { (visitor.role().name()) } }
            }
            form.stack method="post" action={ (visitor.path(Place::Account)) "/name" } {
                (token(visitor))
                div.field { label for="name" { "Name" } input #name name="name" value=(person.name) autocomplete="name" required; }
                p { button type="submit" { "Save" } }
            }
        }
    }
}

fn password(visitor: &SignedIn) -> Markup {
    html! {
        section.card aria-labelledby="password-title" {
            h2 #password-title { "Password" }
            @if visitor.user().has_password {
                form.stack method="post" action={ (visitor.path(Place::Account)) "/password" } {
                    (token(visitor))
                    input type="hidden" name="username" value=(visitor.user().email.as_str()) autocomplete="username";
                    div.field { label for="present" { "Present password" } input #present type="password" name="present" autocomplete="current-password" required; }
                    div.field {
                        label for="password" { "New password" }
                        input #password type="password" name="password" autocomplete="new-password" required
                            minlength=(postrider_core::password::CHARS_MIN) aria-describedby="password-hint";
                        p.hint #password-hint { "At least " (postrider_core::password::CHARS_MIN) " characters. All other sessions end." }
                    }
                    p { button type="submit" { "Change it" } }
                }
            } @else {
                p.hint { "You have none: you sign in with the identity provider, or with links. An admin can give you a link with which you choose one." }
            }
        }
    }
}

fn where_signed_in(visitor: &SignedIn, sessions: &[Session]) -> Markup {
    html! {
        section.stack aria-labelledby="sessions" {
            h2 #sessions { "Where you are signed in" }
            (sessions_table(sessions, Some((visitor.session(), visitor))))
            @if sessions.len() > 1 {
                form method="post" action={ (visitor.path(Place::Account)) "/sessions" } {
                    (token(visitor))
                    input type="hidden" name="session" value="others";
                    button type="submit" { "Sign out everywhere else" }
                }
            }
        }
    }
}
