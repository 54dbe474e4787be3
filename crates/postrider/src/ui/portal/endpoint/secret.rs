//! The signing secret of an endpoint: shown when asked for, and replaced.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::endpoint::Endpoint;
use postrider_core::rights::Right;
use postrider_core::secret::SigningKey;

use super::{Named, Tab, page};
use crate::context::Context;
use crate::service::endpoints::{self, Rotation};
use crate::ui::Page;
use crate::ui::parts::exact;
use crate::ui::portal::customer::Customer;
use crate::ui::portal::failure::Failure;
use crate::ui::portal::frame::{csrf, lacking};

/// The page, without the secret.
pub(super) async fn show(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let endpoint = named.find(&context, &customer).await?;
    Ok(shown(&customer, &endpoint, None).into_response())
}

/// The page with the secret. A form asks for it, so that no address shows it.
pub(super) async fn reveal(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    customer.read(&context, request).await?;
    let (app, wanted) = (customer.app(), named.endpoint());
    let act = endpoints::secret(&context, customer.identity(), &app, &wanted);
    let key = customer.doing(&context, "endpoint.get_secret", act).await?;
    let endpoint = named.find(&context, &customer).await?;
    Ok(shown(&customer, &endpoint, Some(&key)).into_response())
}

/// Replaces it. The one before still signs too for a day.
pub(super) async fn rotate(
    customer: Customer,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    customer.read(&context, request).await?;
    let (app, wanted) = (customer.app(), named.endpoint());
    let act =
        endpoints::rotate_secret(&context, customer.identity(), &app, &wanted, Rotation::default(), None);
    let key = customer.doing(&context, "endpoint.rotate_secret", act).await?;
    let endpoint = named.find(&context, &customer).await?;
    let key = customer.may(Right::ReadSecrets).then_some(&key);
    Ok(shown(&customer, &endpoint, key).into_response())
}

fn shown(customer: &Customer, endpoint: &Endpoint, key: Option<&SigningKey>) -> Page {
    let content = html! {
        section.card.sheet {
            h2 { "Signing secret" }
            p.why { "Each request is signed with it. Verify the signature, and you know that a request is genuine." }
            @match key {
                Some(key) => (open(key)),
                None => @match lacking(customer, Right::ReadSecrets, "Showing it is not allowed here.") {
                    Some(why_not) => (why_not),
                    None => form.actions method="post" action=(Tab::Secret.path(endpoint.id)) {
                        (csrf(customer))
                        button type="submit" { "Show the secret" }
                    },
                },
            }
        }
        @if customer.may(Right::ManageSecrets) { (rotation(customer, endpoint)) }
    };
    page(customer, endpoint, Tab::Secret, &content)
}

fn open(key: &SigningKey) -> Markup {
    html! {
        div.copied {
            pre #secret tabindex="0" { (key.expose()) }
            copy-text hidden from="secret" { button type="button" { "Copy" } }
        }
        @if let Some(public) = key.public() {
            p { "The public key, which is enough to verify with:" }
            div.copied {
                pre #public tabindex="0" { (public) }
                copy-text hidden from="public" { button type="button" { "Copy" } }
            }
        }
    }
}

fn rotation(customer: &Customer, endpoint: &Endpoint) -> Markup {
    html! {
        section.card.sheet {
            h2 { "Replace it" }
            @for old in &endpoint.keys.old { p.hint { "The secret before this one signs too until " (exact(old.expires_at)) "." } }
            details.panel {
                summary { "Replace the secret …" }
                form method="post" action={ (Tab::Secret.path(endpoint.id)) "/rotate" } {
                    (csrf(customer))
                    p { "A new secret is made. For a day requests are signed with both, so that you can change over without missing any." }
                    button type="submit" { "Replace the secret" }
                }
            }
        }
    }
}
