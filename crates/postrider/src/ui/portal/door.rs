//! The way in, and out.
//!
//! Answers of [`open`] are for the script of the door, which is a page of this server: the token in them is what it holds
//! where no cookie comes back.

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::html;
use serde_json::json;

use super::Shared;
use super::customer::{Customer, cookie, token};
use super::failure::Failure;
use super::frame::{Kind, Place, failure, page};
use super::look::{self, Look};
use crate::context::Context;
use crate::server::Peer;
use crate::service::portal::{self, PAGE};
use crate::ui::Page;
use crate::ui::form::Form;

/// The longest way to a page that is kept.
const NEXT_BYTES: usize = 1_024;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(PAGE, get(show))
        .route(&format!("{PAGE}/open"), post(open))
        .route(&format!("{PAGE}/session"), get(session))
        .route(&format!("{PAGE}/logout"), post(logout))
}

/// The door. Its script does the rest.
async fn show(RawQuery(query): RawQuery) -> Page {
    let look = Look::read(&query.unwrap_or_default());
    let inner = html! {
        main #main.narrow tabindex="-1" aria-busy="true" {
            h1 { "Webhooks" }
            p #door-status role="status" { "Opening …" }
            noscript { p.alert { "These pages need JavaScript to open. Please switch it on, and open them again." } }
        }
    };
    page("Webhooks", &look, Kind::Door, &inner)
}

/// Exchanges the one-time key for a session.
async fn open(State(shared): State<Shared>, request: Request) -> Result<Response, Failure> {
    let Shared { context, embedders } = shared;
    let address = request.extensions().get::<Peer>().map(|Peer(address)| *address);
    let form = Form::read(&context, request).await.map_err(|_| Failure::not_ours())?;
    let host = Some(form.get("host")).filter(|host| embedders.allow(host)).map(str::to_owned);
    let Some(opened) = portal::open(&context, form.get("key"), address).await? else {
        let answer = Json(json!({ "host": host }));
        return Ok((StatusCode::UNAUTHORIZED, answer).into_response());
    };
    let query = form.get("look");
    let next = next(query);
    let written = Look { host: host.clone(), ..Look::read(query) }.written();
    let token = opened.token.expose();
    let answer = Json(json!({ "token": token, "host": host, "look": written, "next": next }));
    let mut response = answer.into_response();
    let lasts = opened.session.expires_at().since(context.now()).as_secs();
    keep(&context, &mut response, cookie(&context), token, lasts);
    keep(&context, &mut response, look::COOKIE, &written, lasts);
    Ok(response)
}

/// Whether the browser's cookie, or the token, opens pages.
async fn session(State(context): State<Context>, headers: HeaderMap) -> Result<Response, Failure> {
    let is_open = portal::session(&context, token(&context, &headers)).await?.is_some();
    Ok(Json(json!({ "open": is_open })).into_response())
}

/// Ends the session.
async fn logout(
    customer: Customer,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let own = token(&context, request.headers()).to_owned();
    customer.read(&context, request).await?;
    let holder = context.keyring.holder(&own, context.now()).await?;
    let act = portal::logout(&context, holder);
    customer
        .doing(&context, "authentication.logout", act)
        .await
        .map_err(|error| Failure::refused(error.to_string()))?;
    let mut response = failure(&Failure::ended(), customer.look()).into_response();
    keep(&context, &mut response, cookie(&context), "", 0);
    Ok(response)
}

/// The page that an address asks for with `next`, if it is one of the portal; the endpoints otherwise. What follows a host
/// in a browser's eyes is refused, however it is spelled.
fn next(query: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let asked =
        pairs.find(|(name, _)| name == "next").map(|(_, value)| value.into_owned()).unwrap_or_default();
    let is_plain = asked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_way = asked.len() > 1 && asked.starts_with('/') && asked.len() <= NEXT_BYTES && is_plain;
    // Dots would lead out of the portal.
    let leads_out = asked.split(['/', '?']).any(|part| matches!(part, "." | ".."));
    let is_own =
        is_way && !asked.starts_with("//") && !leads_out && !asked.to_ascii_lowercase().contains("%2e");
    if is_own { format!("{PAGE}{asked}") } else { Place::Endpoints.path().to_owned() }
}

/// Has the browser keep something for the portal alone, where no script can read it. With TLS it goes with requests from
/// inside of another site's page too, and is kept for that site by itself.
fn keep(context: &Context, response: &mut Response, name: &str, value: &str, seconds: u64) {
    let is_secure = context.public_url().starts_with("https://");
    let rest = if is_secure { "; Secure; SameSite=None; Partitioned" } else { "; SameSite=Lax" };
    // Browsers take a cookie with this prefix only for all of the host.
    let path = if name.starts_with("__Host-") { "/" } else { PAGE };
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly{rest}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_portal_come_next() {
        for (asked, expected) in [
            ("/activity", "/portal/activity"),
            ("/endpoints/ep_1/test?type=a", "/portal/endpoints/ep_1/test?type=a"),
            ("", "/portal/endpoints"),
            ("/", "/portal/endpoints"),
            ("activity", "/portal/endpoints"),
            ("//evil.example", "/portal/endpoints"),
            ("/\\evil.example", "/portal/endpoints"),
            ("/../dashboard", "/portal/endpoints"),
            ("/%2e%2E/dashboard", "/portal/endpoints"),
            ("https://evil.example", "/portal/endpoints"),
            ("/ä", "/portal/endpoints"),
        ] {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            assert_eq!(next(&query.append_pair("next", asked).finish()), expected, "{asked}");
        }
    }
}
