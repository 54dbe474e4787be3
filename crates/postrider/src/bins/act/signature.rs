//! The form of the signature panel. The secret in it is used for one check and is in no answer.

use std::collections::BTreeMap;

use axum::response::{IntoResponse as _, Response};

use crate::bins::page::{self, Checked, Finding};
use crate::bins::told;
use crate::bins::viewer::Viewer;
use crate::context::Context;
use crate::service::bins::signature::{Question, check as examine};
use crate::ui::form::Form;

/// Lines of settings that are read.
const SETTINGS: usize = 64;

/// Checks, and shows the page with what was found.
pub(super) fn check(context: &Context, viewer: &Viewer, form: &Form) -> Response {
    let number = form.get("request").parse().ok();
    let Some(kept) = number.and_then(|number| context.bins.request(&viewer.name, number)) else {
        return told::not_found();
    };
    let setting = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    let settings: BTreeMap<_, _> = form.get("settings").lines().take(SETTINGS).filter_map(setting).collect();
    let question =
        Question { preset: form.get("preset"), secret: form.get("secret"), url: form.get("url"), settings };
    let finding = Finding::Signature(Checked {
        preset: form.get("preset").to_owned(),
        url: form.get("url").to_owned(),
        settings: form.get("settings").to_owned(),
        outcome: examine(&kept, &question).map_err(|error| error.to_string()),
    });
    page::with(context, viewer, number, &finding).into_response()
}
