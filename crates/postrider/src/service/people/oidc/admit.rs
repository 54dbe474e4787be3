//! Which person a provider's claims are of, and whether they are let in.

use std::sync::Arc;

use postrider_core::id::PersonId;
use postrider_core::names;
use postrider_core::oidc::{Admission, Claims, Refused};
use postrider_core::person::{Environments, Person};
use postrider_core::role::Role;
use postrider_core::scope::SystemScope;
use postrider_store::{CreateError, PersonError, Who};

use super::Error;
use crate::context::Context;
use crate::service::people::sessions::{self, Client};

/// The person of these claims, as they are to be from now on.
pub(super) async fn person(
    context: &Context,
    admission: &Admission,
    claims: &Claims,
    client: &Client,
) -> Result<Person, Error> {
    let known = match find(context, Who::Subject(claims.subject.clone())).await? {
        None => match &claims.email {
            Some(email) => find(context, Who::Email(email.clone())).await?,
            None => None,
        },
        known => known,
    };
    match known {
        Some(known) if !known.is_active() => Err(Error::Disabled),
        Some(known) if known.subject.as_ref().is_some_and(|subject| *subject != claims.subject) => {
            // The address is of somebody else at the provider by now; who it was before must not be taken over.
            Err(Error::Refused(Refused::NoRole))
        }
        Some(known) => again(context, admission, claims, known, client).await,
        None => first(context, admission, claims, client).await,
    }
}

async fn find(context: &Context, who: Who) -> Result<Option<Person>, Error> {
    let known = context.store.person(SystemScope::assume(), who).await?;
    Ok(known.map(|known| known.person))
}

/// Somebody who was here before, or was invited.
async fn again(
    context: &Context,
    admission: &Admission,
    claims: &Claims,
    known: Person,
    client: &Client,
) -> Result<Person, Error> {
    admission.check_domain(claims).map_err(Error::Refused)?;
    let role =
        if admission.is_by_claim() { admission.admit(claims).map_err(Error::Refused)? } else { known.role };
    if role == known.role && known.subject.is_some() {
        return Ok(known);
    }
    let changed = match change(context, known.id, claims, role).await {
        // The installation keeps its last admin, whatever the provider says.
        Err(PersonError::LastAdmin) => {
            tracing::warn!(person.id = %known.id, "the identity provider takes the last admin's role, who keeps it");
            let kept = change(context, known.id, claims, known.role).await;
            kept.map_err(refused)?.unwrap_or_else(|| known.clone())
        }
        changed => changed.map_err(refused)?.ok_or(Error::Disabled)?,
    };
    if changed != known {
        sessions::record(context, "user.patch", (Some(&known), &changed), client).await;
    }
    Ok(changed)
}

async fn change(
    context: &Context,
    person: PersonId,
    claims: &Claims,
    role: Role,
) -> Result<Option<Person>, PersonError> {
    let subject = claims.subject.clone();
    let change = Arc::new(move |person: &mut Person| {
        person.role = role;
        person.subject = Some(subject.clone());
    });
    context.store.change_person(SystemScope::assume().instance(), person, change).await
}

fn refused(error: PersonError) -> Error {
    match error {
        PersonError::Store(error) => error.into(),
        PersonError::LastAdmin | PersonError::SubjectTaken => Error::Refused(Refused::NoRole),
    }
}

/// Somebody who comes for the first time, and whom nobody invited.
async fn first(
    context: &Context,
    admission: &Admission,
    claims: &Claims,
    client: &Client,
) -> Result<Person, Error> {
    let role = admission.admit(claims).map_err(Error::Refused)?;
    // Without an address that is theirs, nothing would tell them apart for people.
    let email = claims.email.clone().ok_or(Error::Refused(Refused::Domain))?;
    let name = claims.name.clone().filter(|name| names::line(name).is_ok());
    let person = Person {
        id: PersonId::make(&context.ids, &*context.clock, &*context.rng),
        name: name.unwrap_or_else(|| email.to_string()),
        email,
        role,
        environments: Environments::All,
        has_password: false,
        subject: Some(claims.subject.clone()),
        disabled_at: None,
        created_at: context.now(),
    };
    match context.store.create_person(SystemScope::assume().instance(), person.clone(), None).await {
        Ok(()) => {
            tracing::info!(person.id = %person.id, role = role.name(), "a person came from the identity provider");
            sessions::record(context, "user.create", (None, &person), client).await;
            Ok(person)
        }
        // They came twice at once.
        Err(CreateError::Taken(there)) if there.subject == person.subject => Ok(*there),
        Err(CreateError::Store(error)) => Err(error.into()),
        Err(CreateError::TooMany { .. }) => Err(Error::TooMany),
        Err(_) => Err(Error::Refused(Refused::NoRole)),
    }
}
