//! The form that sends a request on.

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use crate::bins::page::{self, Edited, Finding, Sent};
use crate::bins::told;
use crate::bins::viewer::Viewer;
use crate::context::Context;
use crate::service::bins::replay::{Order, ReplayError, replay};
use crate::ui::form::Form;

/// Sends, and shows the page with what came back.
pub(super) async fn send(context: &Context, viewer: &Viewer, number: u64, form: &Form) -> Response {
    let Some(kept) = context.bins.request(&viewer.name, number) else { return told::not_found() };
    let edited = Edited {
        method: form.get("method").trim().to_ascii_uppercase(),
        url: form.get("url").trim().to_owned(),
        headers: form.lines("headers", b""),
        body: form.lines("body", &kept.arrived.body),
        as_it_came: form.has("as_it_came"),
    };
    let body = if edited.as_it_came { kept.arrived.body.clone() } else { Bytes::from(edited.body.clone()) };
    let sent = match pairs(&edited.headers) {
        Ok(headers) => {
            let order = Order { method: edited.method.clone(), url: edited.url.clone(), headers, body };
            replay(&context.bins, &context.policy, &viewer.name, order).await
        }
        Err(error) => Err(error),
    };
    let finding = Finding::Replay(Sent { edited, outcome: sent.map_err(|error| error.to_string()) });
    page::with(context, viewer, Some(number), &finding).into_response()
}

/// Lines of `Name: value`; empty ones are none.
fn pairs(text: &str) -> Result<Vec<(String, String)>, ReplayError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let pair = |(number, line): (usize, &str)| {
        let (name, value) = line.split_once(':').ok_or(ReplayError::Header(number + 1))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    lines.map(pair).collect()
}
