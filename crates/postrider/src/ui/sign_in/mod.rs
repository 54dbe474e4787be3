//! The door of the dashboard: signing in with a password, with an identity provider, with a link, and out again.
//!
//! All of it works without a script, except that a link's secret is taken from the fragment of the address by one; without
//! it, a person puts it into a field.
//!
//! A form here carries no token, since there is no session yet that could have one: that it is from a page of ours is
//! what the browser says. A page elsewhere could otherwise sign a visitor in as somebody else.

mod answer;
mod cookie;
mod door;
mod home;
mod link;
mod oidc;
mod out;
mod password;

use axum::Router;
use axum::extract::Request;
use axum::routing::{get, post};
use http::header;

pub(super) use answer::{capitalised, sentence};

use super::signed_in::{HOME, SIGN_IN};
use crate::context::Context;
use crate::server::Peer;
use crate::service::people::{Client, links, oidc as provider};

/// Where the way to the identity provider begins.
const OIDC: &str = "/sign-in/oidc";
/// Where a link's choices are sent.
const CHOOSE: &str = "/sign-in/link/choose";

/// The pages.
pub(super) fn router(context: Context) -> Router {
    Router::new()
        .route(SIGN_IN, get(password::show).post(password::submit))
        .route(links::PAGE, get(link::show).post(link::open))
        .route(CHOOSE, post(link::choose))
        .route(OIDC, get(oidc::begin))
        .route(provider::CALLBACK, get(oidc::finish))
        .route("/sign-out", post(out::submit))
        .route(HOME, get(home::show))
        .with_state(context)
}

/// Where a request comes from.
fn client(request: &Request) -> Client {
    let agent = request.headers().get(header::USER_AGENT).map(header::HeaderValue::as_bytes);
    Client {
        agent: agent.map(|agent| String::from_utf8_lossy(agent).into_owned()).unwrap_or_default(),
        address: request.extensions().get::<Peer>().map(|Peer(address)| *address),
    }
}
