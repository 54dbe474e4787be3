//! Signing in with an address and a password.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use zeroize::Zeroizing;

use super::answer::No;
use super::{OIDC, client, cookie, door};
use crate::context::Context;
use crate::service::people::sign_in;
use crate::ui::Page;
use crate::ui::form::Form;
use crate::ui::page::see;
use crate::ui::signed_in::{HOME, SIGN_IN, Visitor, next_of, own_path};

/// The page; whoever is signed in goes where they wanted.
pub(super) async fn show(
    State(context): State<Context>,
    visitor: Result<Visitor, crate::ui::signed_in::Rejection>,
    request: Request,
) -> Response {
    let next = next_of(request.uri());
    match visitor {
        Ok(_) => see(&next),
        Err(_) => page(&context, &next, "", None).into_response(),
    }
}

/// Signs somebody in.
pub(super) async fn submit(State(context): State<Context>, request: Request) -> Response {
    let client = client(&request);
    let Ok(form) = Form::read(&context, request).await else {
        return No::not_ours().alone("Not signed in");
    };
    let (email, next) = (form.get("email"), own_path(form.get("next")));
    let password = Zeroizing::new(form.get("password").to_owned());
    match sign_in::with_password(&context, email, password, &client).await {
        Ok(ticket) => {
            let mut response = see(next);
            cookie::keep_session(&context, &mut response, &ticket);
            response
        }
        Err(error) => {
            let no = No::from(error);
            let page = page(&context, next, email, Some(&no.sentence));
            no.with(page)
        }
    }
}

fn page(context: &Context, next: &str, email: &str, wrong: Option<&str>) -> Page {
    let provider = context.people.oidc();
    let body = html! {
        form method="post" action=(SIGN_IN) {
            @if next != HOME { input type="hidden" name="next" value=(next); }
            (door::field("email", "E-mail address", "email", "username", email))
            (door::field("password", "Password", "password", "current-password", ""))
            button type="submit" { "Sign in" }
        }
        @if let Some(provider) = provider { (other_way(provider.name(), next)) }
        @else {
            p.hint { "No access yet, or no password any more? An admin can give you a link: " code { "postrider user invite" } " or " code { "postrider user reset" } " makes one too." }
        }
    };
    door::page("Sign in", wrong, &body)
}

fn other_way(name: &str, next: &str) -> Markup {
    let next = url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
    html! {
        p.or { "or" }
        a.button href={ (OIDC) "?next=" (next) } { "Sign in with " (name) }
    }
}
