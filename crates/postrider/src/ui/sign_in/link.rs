//! What somebody can do with a one-time link.
//!
//! The link's secret comes from the fragment of the address into a field of the page, and is handed in once to see what
//! it offers. Nothing is used up by looking: a link is used when a password is chosen, or somebody is signed in.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use zeroize::Zeroizing;

use super::answer::No;
use super::{CHOOSE, client, cookie, door};
use crate::context::Context;
use crate::service::people::links::{self, Error, First, PAGE};
use crate::service::people::{Client, Offer};
use crate::ui::Page;
use crate::ui::form::Form;
use crate::ui::page::see;
use crate::ui::signed_in::{HOME, Rejection, Visitor};

const TITLE: &str = "A link to sign in";

/// The page that takes the secret.
pub(super) async fn show() -> Response {
    let content = html! {
        open-bin {
            form method="post" action=(PAGE) {
                div.field {
                    label for="key" { "What stands behind “#key=” in the link" }
                    input #key type="password" name="key" autocomplete="off" required;
                }
                button type="submit" { "Go on" }
            }
        }
    };
    door::page(TITLE, None, &content).into_response()
}

/// Shows what the link offers, or signs in whom it is for.
pub(super) async fn open(
    State(context): State<Context>,
    visitor: Result<Visitor, Rejection>,
    request: Request,
) -> Response {
    let client = client(&request);
    let Ok(form) = Form::read(&context, request).await else {
        return No::not_ours().alone(TITLE);
    };
    let key = form.get("key");
    let offered = match links::look(&context, key).await {
        Ok(Offer::SignIn) => return entered(&context, links::sign_in(&context, key, &client).await),
        offered => offered,
    };
    match offered {
        Ok(offer) => offer_page(&offer, key, &form, None).into_response(),
        // Who opens their link a second time is in already.
        Err(Error::Spent) if visitor.is_ok() => see(HOME),
        Err(error) => No::from(error).alone(TITLE),
    }
}

/// Takes what was chosen.
pub(super) async fn choose(State(context): State<Context>, request: Request) -> Response {
    let client = client(&request);
    let Ok(form) = Form::read(&context, request).await else {
        return No::not_ours().alone(TITLE);
    };
    let key = form.get("key");
    let offer = match links::look(&context, key).await {
        Ok(offer) => offer,
        Err(error) => return No::from(error).alone(TITLE),
    };
    match take(&context, &offer, key, &form, &client).await {
        Err(Error::Invalid(invalid)) => {
            let no = No::from(Error::Invalid(invalid));
            let page = offer_page(&offer, key, &form, Some(&no.sentence));
            no.with(page)
        }
        outcome => entered(&context, outcome),
    }
}

async fn take(
    context: &Context,
    offer: &Offer,
    key: &str,
    form: &Form,
    client: &Client,
) -> Result<postrider_core::session::Ticket, Error> {
    let (name, password) = (form.get("name").to_owned(), Zeroizing::new(form.get("password").to_owned()));
    match offer {
        Offer::First => {
            let first = First { email: form.get("email").to_owned(), name, password };
            links::be_first(context, key, first, client).await
        }
        Offer::Password(_) => links::choose(context, key, name, password, client).await,
        Offer::SignIn => links::sign_in(context, key, client).await,
    }
}

fn entered(context: &Context, outcome: Result<postrider_core::session::Ticket, Error>) -> Response {
    match outcome {
        Ok(ticket) => {
            let mut response = see(HOME);
            cookie::keep_session(context, &mut response, &ticket);
            response
        }
        Err(error) => No::from(error).alone(TITLE),
    }
}

fn offer_page(offer: &Offer, key: &str, form: &Form, wrong: Option<&str>) -> Page {
    match offer {
        Offer::First => {
            let lead =
                html! { p { "You are the first here, and will be an admin. Others are invited by you." } };
            let email = door::field("email", "E-mail address", "email", "username", form.get("email"));
            choice("Welcome to Postrider", wrong, &lead, &email, form.get("name"), key)
        }
        Offer::Password(person) => {
            let lead = html! { p { "Choose a password. You sign in with it and your e-mail address." } };
            // So that a browser remembers both together.
            let email = html! {
                div.field {
                    label for="email" { "E-mail address" }
                    input #email type="email" value=(person.email.as_str()) autocomplete="username" readonly;
                }
            };
            let name = if form.has("name") { form.get("name") } else { person.shown_name() };
            choice("Choose a password", wrong, &lead, &email, name, key)
        }
        Offer::SignIn => door::closed(StatusCode::OK, TITLE, "This link signs you in."),
    }
}

fn choice(title: &str, wrong: Option<&str>, lead: &Markup, email: &Markup, name: &str, key: &str) -> Page {
    let content = html! {
        (lead)
        form method="post" action=(CHOOSE) {
            input type="hidden" name="key" value=(key);
            (email)
            (door::field("name", "Name", "text", "name", name))
            (door::new_password("password"))
            button type="submit" { "Go on" }
        }
    };
    door::page(title, wrong, &content)
}
