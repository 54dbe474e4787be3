//! What admins do with people, from their pages. Each act is in the audit log.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use postrider_core::id::PersonId;
use postrider_core::names::Invalid;
use postrider_core::scope::Identity;
use postrider_store::Ending;

use super::{Named, form, page};
use crate::context::Context;
use crate::service::audit;
use crate::service::fields::InvalidFields;
use crate::service::people::manage::{self, Changes, Invitation};
use crate::service::people::{Error, sessions};
use crate::ui::dashboard::failure::Failure;
use crate::ui::form::Form;
use crate::ui::frame::Place;
use crate::ui::page::see;
use crate::ui::sign_in::{capitalised, sentence};
use crate::ui::signed_in::SignedIn;

fn no_role() -> Failure {
    Failure::refused(&InvalidFields::one("role", Invalid::value("must be one of the roles of the form")))
}

async fn read(visitor: &SignedIn, context: &Context, request: Request) -> Result<(Identity, Form), Failure> {
    let form = Form::read_signed(visitor, context, request).await.map_err(|_| Failure::not_ours())?;
    Ok((visitor.instance()?, form))
}

/// Invites somebody, and shows the link.
pub(super) async fn invite(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let (identity, form) = read(&visitor, &context, request).await?;
    let name = Some(form.get("name").trim().to_owned()).filter(|name| !name.is_empty());
    let role = form::chosen_role(&form).ok_or_else(no_role)?;
    let environments = form::chosen_environments(&form, visitor.environments());
    let filled = page::Filled {
        email: form.get("email"),
        name: form.get("name"),
        role: Some(role),
        environments: environments.clone(),
        wrong: None,
    };
    let invitation = Invitation { email: form.get("email").to_owned(), name, role, environments };
    let act = manage::invite(&context, identity, invitation);
    let invited = audit::doing(&context, "user.create", visitor.as_ref().doer(), act).await;
    let people = manage::list(&context, identity).await?;
    let wrong = match invited {
        Ok((person, issued)) => {
            let made = Some((&person, &issued));
            return Ok(page::list(&visitor, &people, &page::Filled::default(), made).into_response());
        }
        Err(Error::Invalid(invalid)) => sentence(&invalid),
        Err(error @ (Error::Taken | Error::TooMany { .. })) => capitalised(&error.to_string()) + ".",
        Err(error) => return Err(error.into()),
    };
    let filled = page::Filled { wrong: Some(wrong), ..filled };
    let page = page::list(&visitor, &people, &filled, None).with_status(StatusCode::UNPROCESSABLE_ENTITY);
    Ok(page.into_response())
}

/// Changes what somebody may do.
pub(super) async fn change(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let (identity, form) = read(&visitor, &context, request).await?;
    let changes = Changes {
        name: Some(form.get("name").trim().to_owned()),
        role: Some(form::chosen_role(&form).ok_or_else(no_role)?),
        environments: Some(form::chosen_environments(&form, visitor.environments())),
        disabled: None,
    };
    changed(&visitor, &context, identity, named.id()?, changes).await
}

/// Keeps somebody out.
pub(super) async fn disable(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let (identity, _) = read(&visitor, &context, request).await?;
    let changes = Changes { disabled: Some(true), ..Changes::default() };
    changed(&visitor, &context, identity, named.id()?, changes).await
}

/// Lets somebody in again.
pub(super) async fn enable(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let (identity, _) = read(&visitor, &context, request).await?;
    let changes = Changes { disabled: Some(false), ..Changes::default() };
    changed(&visitor, &context, identity, named.id()?, changes).await
}

async fn changed(
    visitor: &SignedIn,
    context: &Context,
    identity: Identity,
    id: PersonId,
    changes: Changes,
) -> Result<Response, Failure> {
    let act = manage::change(context, identity, id, changes);
    let person = audit::doing(context, "user.patch", visitor.as_ref().doer(), act).await?;
    Ok(see(&page::one_path(visitor, &person)))
}

/// Takes somebody's password, and shows the link for another one.
pub(super) async fn reset(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let (identity, _) = read(&visitor, &context, request).await?;
    let act = manage::reset(&context, identity, named.id()?);
    let (person, issued) = audit::doing(&context, "user.reset", visitor.as_ref().doer(), act).await?;
    Ok(page::one(&visitor, &person, &[], Some(&issued)).into_response())
}

/// Ends all sessions of somebody.
pub(super) async fn sign_out(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let (identity, _) = read(&visitor, &context, request).await?;
    let id = named.id()?;
    let act = sessions::end(&context, identity, id, Ending::AllBut(None));
    audit::doing(&context, "user.end_sessions", visitor.as_ref().doer(), act).await?;
    Ok(see(&format!("{}/{id}", visitor.path(Place::People))))
}
