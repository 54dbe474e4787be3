//! Its signing key and its own headers: shown once when asked for, replaced, and otherwise withheld.

use std::collections::BTreeMap;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::secret::SigningKey;

use super::frame::{Tab, page};
use super::{Known, Named};
use crate::context::Context;
use crate::service::endpoints::{self, HeaderChanges, Rotation};
use crate::service::fields::InvalidFields;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::typed;
use crate::ui::form::Form;
use crate::ui::page::see;
use crate::ui::parts::{ago, copy};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// How long a replaced key may go on signing.
const GRACES: [(&str, &str); 5] = [
    ("86400", "for a day"),
    ("3600", "for an hour"),
    ("259200", "for 3 days"),
    ("604800", "for a week"),
    ("0", "not at all: it was stolen"),
];

/// What the part shows beside the endpoint itself.
#[derive(Default)]
struct Scene<'a> {
    /// The signing key, where somebody has just asked for it.
    key: Option<&'a SigningKey>,
    rotation: Filled,
    header: Filled,
}

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let known = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &known, &Scene::default()))
}

/// Shows the signing key, once.
pub(super) async fn reveal(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    act::form(&visitor, &context, request).await?;
    let (whose, endpoint) = named.parts();
    let asking = endpoints::secret(&context, visitor.identity(), whose.owner(), &endpoint);
    let key = act::done(&visitor, &context, "endpoint.get_secret", asking).await?;
    let known = named.find(&context, &visitor).await?;
    Ok(answer(&visitor, &known, &Scene { key: Some(&key), ..Scene::default() }))
}

/// Replaces the signing key, and shows the new one to who may see it.
pub(super) async fn rotate(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::ManageSecrets)?;
    let (whose, endpoint) = named.parts();
    let identity = visitor.identity();
    let rotated = match rotation(&form) {
        Ok(rotation) => {
            let rotating =
                endpoints::rotate_secret(&context, identity, whose.owner(), &endpoint, rotation, None);
            act::done(&visitor, &context, "endpoint.rotate_secret", rotating).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let known = named.find(&context, &visitor).await?;
    match rotated {
        Ok(key) => Ok(answer(&visitor, &known, &Scene { key: Some(&key), ..Scene::default() })),
        Err(endpoints::Error::Invalid(invalid)) => Ok(answer(
            &visitor,
            &known,
            &Scene { rotation: Filled::typed(&form, &invalid), ..Scene::default() },
        )),
        Err(error) => Err(error.into()),
    }
}

fn rotation(form: &Form) -> Result<Rotation, InvalidFields> {
    let grace_seconds = typed::number(form.get("gracePeriodSeconds"))
        .map_err(|invalid| InvalidFields::one("gracePeriodSeconds", invalid))?;
    Ok(Rotation { key: typed::text(form.get("key")), grace_seconds })
}

/// Sets a header, or removes those that are named.
pub(super) async fn headers(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::ManageEndpoints)?;
    let (whose, endpoint) = named.parts();
    let changes = match changes(&form) {
        Ok(changes) => {
            let identity = visitor.identity();
            let changing = endpoints::change_headers(&context, identity, whose.owner(), &endpoint, &changes);
            act::done(&visitor, &context, "endpoint.patch_headers", changing).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    match changes {
        Ok(()) => Ok(see(&format!("{}/security", named.path(&visitor)))),
        Err(endpoints::Error::Invalid(invalid)) => {
            let known = named.find(&context, &visitor).await?;
            Ok(answer(
                &visitor,
                &known,
                &Scene { header: Filled::typed(&form, &invalid), ..Scene::default() },
            ))
        }
        Err(error) => Err(error.into()),
    }
}

fn changes(form: &Form) -> Result<HeaderChanges, InvalidFields> {
    let delete: Vec<_> = form.all("remove").map(str::to_owned).collect();
    if !delete.is_empty() {
        return Ok(HeaderChanges { set: BTreeMap::new(), delete });
    }
    let name = typed::text(form.get("headers"));
    let name = name.ok_or_else(|| InvalidFields::one("headers", Invalid::value("must have a name")))?;
    let value = form.get("value").trim().to_owned();
    Ok(HeaderChanges { set: BTreeMap::from([(name, Some(value))]), delete: Vec::new() })
}

fn answer(visitor: &SignedIn, known: &Known, scene: &Scene<'_>) -> Response {
    let content = html! {
        div.halves {
            (secret(visitor, known, scene))
            (header_card(visitor, known, scene))
        }
    };
    let page = page(visitor, known, Tab::Security, &content);
    let is_wrong = scene.rotation.is_wrong() || scene.header.is_wrong();
    if is_wrong { page.with_status(StatusCode::UNPROCESSABLE_ENTITY) } else { page }.into_response()
}

fn secret(visitor: &SignedIn, known: &Known, scene: &Scene<'_>) -> Markup {
    let (rights, path) = (visitor.identity().rights(), known.path(visitor));
    let keys = &known.endpoint.keys;
    html! {
        section.card aria-labelledby="secret" {
            h2 #secret { "Signing secret" }
            @if let Some(public) = keys.current.public() {
                p { "Receivers verify with the public key " code { (public) } " " (copy(&public, "Copy the public key")) }
            }
            @match scene.key {
                Some(key) => div role="status" {
                    @let text = key.expose();
                    p { code { (text) } " " (copy(&text, "Copy the secret")) }
                    p.hint { "It is shown this once. That somebody looked is in the audit log." }
                }
                None if rights.has(Right::ReadSecrets) => form method="post" action={ (path) "/secret" } {
                    (token(visitor))
                    button type="submit" { "Show the secret" }
                }
                None => p.hint { "Your role does not see secrets." }
            }
            @for old in &keys.old {
                p.hint { "A key from before still signs beside it. It ends " (ago(old.expires_at)) "." }
            }
            @if rights.has(Right::ManageSecrets) {
                h3 { "Replace it" }
                p.hint { "For a while every request has two signatures, one of each key. A receiver that knows either of them goes on; give it the new one before the old one ends." }
                (scene.rotation.summary(&["key", "gracePeriodSeconds"]))
                form.stack method="post" action={ (path) "/rotate" } {
                    (token(visitor))
                    (scene.rotation.secret("key", "New secret", "Left empty, one is made. Or your own: whsec_ and 24 to 64 bytes in Base64."))
                    (scene.rotation.choice("gracePeriodSeconds", "The old one goes on signing", "", &GRACES))
                    p { button type="submit" { "Replace" } }
                }
            }
        }
    }
}

fn header_card(visitor: &SignedIn, known: &Known, scene: &Scene<'_>) -> Markup {
    let may = visitor.identity().rights().has(Right::ManageEndpoints);
    let path = format!("{}/headers", known.path(visitor));
    html! {
        section.card aria-labelledby="headers-title" {
            h2 #headers-title { "Own headers" }
            @if known.endpoint.headers.is_empty() { p.hint { "None. A header of your own goes with every attempt, such as one that lets it through the receiver's gateway." } }
            @else {
                table.things {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } @if may { th scope="col" { span.visually-hidden { "Remove" } } } } }
                    tbody {
                        @for name in known.endpoint.headers.keys() {
                            tr {
                                td.wide { code { (visible(name, false)) } }
                                td.tight { span.quiet { "withheld" } }
                                @if may {
                                    td.tight {
                                        form method="post" action=(path) {
                                            (token(visitor))
                                            input type="hidden" name="remove" value=(name);
                                            button type="submit" { "Remove" span.visually-hidden { " " (name) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if may {
                h3 { "Set a header" }
                (scene.header.summary(&["headers"]))
                form.stack method="post" action=(path) {
                    (token(visitor))
                    (scene.header.line("headers", "Name", "One that is there already is replaced."))
                    (scene.header.secret("value", "Value", "It is kept sealed and never shown again."))
                    p { button type="submit" { "Set" } }
                }
            }
        }
    }
}
