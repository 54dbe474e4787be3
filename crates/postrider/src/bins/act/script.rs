//! Reading and setting what a bin answers: as JSON by a client, as lines by the form.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};

use crate::bins::page::{self, Finding};
use crate::bins::viewer::Viewer;
use crate::bins::{answer_json, told};
use crate::body;
use crate::context::Context;
use crate::service::bins::{Script, Then, json, lines};
use crate::service::fields::InvalidFields;
use crate::ui::form::{self, Form};
use crate::ui::page::see;

/// The script as it would be set.
pub(in crate::bins) fn show(context: &Context, viewer: &Viewer) -> Response {
    answer_json(StatusCode::OK, json::write(&context.bins.overview(&viewer.name).script))
}

/// Sets it, or takes it away.
pub(in crate::bins) async fn change(context: &Context, viewer: &Viewer, request: Request) -> Response {
    if !form::is_from_here(request.headers()) {
        return told::not_from_here();
    }
    if !viewer.may_act() {
        let detail = "A shared link shows a bin and changes nothing in it.";
        return told::told(StatusCode::FORBIDDEN, "read_only", detail);
    }
    let script = if request.method() == Method::DELETE {
        Script::default()
    } else {
        let mut held = context.memory.hold();
        let announced = body::announced(request.headers());
        let Ok(bytes) = body::read(request.into_body(), announced, json::BYTES, &mut held).await else {
            let detail = "The script is too large, or did not come whole.";
            return told::told(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail);
        };
        match json::read(&bytes) {
            Ok(script) => script,
            Err(invalid) => return told::invalid(&invalid),
        }
    };
    match set(context, viewer, script) {
        Ok(true) => show(context, viewer),
        Ok(false) => told::told(StatusCode::INSUFFICIENT_STORAGE, "full", NO_ROOM),
        Err(invalid) => told::invalid(&invalid),
    }
}

const NO_ROOM: &str =
    "There is no room for this script: the scripts of all bins take half of the memory for bins.";

/// Sets it from the form of the page.
pub(super) fn change_by_form(context: &Context, viewer: &Viewer, form: &Form) -> Response {
    let then = if form.get("then") == "cycle" { Then::Cycle } else { Then::Repeat };
    let text = form.get("steps");
    let set =
        lines::read(text, then, form.has("capture_get")).and_then(|script| set(context, viewer, script));
    let why = match set {
        Ok(true) => return see(&viewer.base),
        Ok(false) => NO_ROOM.to_owned(),
        Err(invalid) => told::sentence(&invalid),
    };
    let page = page::with(context, viewer, None, &Finding::Script { text: text.to_owned(), why });
    page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response()
}

fn set(context: &Context, viewer: &Viewer, script: Script) -> Result<bool, InvalidFields> {
    script.check(context.bins.settings().any_content_type)?;
    Ok(context.bins.set_script(&viewer.name, script))
}
