//! Signing in with the identity provider: the way there, and back.

use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;

use super::answer::No;
use super::{client, cookie};
use crate::context::Context;
use crate::service::people::oidc::{self, Answer};
use crate::ui::page::see;
use crate::ui::signed_in::{next_of, own_path};
use crate::ui::visitor;

const TITLE: &str = "Not signed in";
/// Stands in the cookie between what the flow takes and where the person goes afterwards.
const BETWEEN: char = '~';

/// Sends the browser to the provider.
pub(super) async fn begin(State(context): State<Context>, request: Request) -> Response {
    let next = next_of(request.uri());
    match oidc::begin(&context).await {
        Ok(way) => {
            let mut response = see(&way.url);
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            cookie::keep_way(&context, &mut response, &format!("{}{BETWEEN}{next}", *way.cookie));
            response
        }
        Err(error) => No::from(error).alone(TITLE),
    }
}

/// Takes the provider's answer.
pub(super) async fn finish(State(context): State<Context>, request: Request) -> Response {
    let client = client(&request);
    let kept = visitor::cookie(request.headers(), cookie::way(&context)).unwrap_or_default().to_owned();
    let (flow, next) = kept.split_once(BETWEEN).unwrap_or((&kept, ""));
    let answer = answer(request.uri());
    drop(request);
    let mut response = match oidc::finish(&context, flow, answer, &client).await {
        Ok(ticket) => {
            let mut response = see(own_path(&decoded(next)));
            cookie::keep_session(&context, &mut response, &ticket);
            response
        }
        Err(error) => No::from(error).alone(TITLE),
    };
    cookie::forget_way(&context, &mut response);
    response
}

fn decoded(next: &str) -> String {
    let pair = format!("n={next}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn answer(uri: &Uri) -> Answer {
    let mut answer = Answer::default();
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => answer.state = value.into_owned(),
            "code" => answer.code = value.into_owned(),
            "iss" => answer.issuer = Some(value.into_owned()),
            _ => {}
        }
    }
    answer
}
