//! What admins do with people: invite them, say what they may do, reset what they sign in with, and disable them.

use std::sync::Arc;

use postrider_core::id::{EnvironmentId, PersonId};
use postrider_core::names::Invalid;
use postrider_core::person::{ENVIRONMENTS, Email, Environments, Person};
use postrider_core::role::Role;
use postrider_core::scope::{Identity, SystemScope};
use postrider_core::session::Session;
use postrider_store::{CreateError, PersonError, Who};

use super::links::{self, Issued};
use super::{Error, sessions};
use crate::context::Context;
use crate::service::fields::{Checks, display_name};
use crate::service::{access, audit};

/// A person to be invited.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Their address.
    pub email: String,
    /// A name for people; their address when there is none.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Where.
    pub environments: Environments,
}

/// Changes to a person; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// A name for people.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Where.
    pub environments: Option<Environments>,
    /// Whether they cannot sign in.
    pub disabled: Option<bool>,
}

/// All people, oldest first, disabled ones too.
pub async fn list(context: &Context, identity: Identity) -> Result<Vec<Person>, Error> {
    Ok(context.store.people(identity.instance()?).await?)
}

/// One person.
pub async fn get(context: &Context, identity: Identity, id: PersonId) -> Result<Person, Error> {
    identity.instance()?;
    let known = context.store.person(SystemScope::assume(), Who::Id(id)).await?;
    let person = known.ok_or(access::Error::Missing("user"))?.person;
    audit::about("user", person.id);
    Ok(person)
}

/// The sessions of a person, the newest first.
pub async fn sessions(context: &Context, identity: Identity, id: PersonId) -> Result<Vec<Session>, Error> {
    get(context, identity, id).await?;
    Ok(sessions::valid(context, id).await?)
}

/// Adds a person, and gives the link with which they choose a password. The link is in this answer and nowhere else.
pub async fn invite(
    context: &Context,
    identity: Identity,
    invitation: Invitation,
) -> Result<(Person, Issued), Error> {
    let scope = identity.instance()?;
    let Invitation { email, name, role, environments } = invitation;
    let mut checks = Checks::default();
    let email = checks.check("email", email.parse::<Email>());
    checks.check("name", name.as_deref().map_or(Ok(()), display_name));
    checks.check("environments", check_environments(context, &environments).await?);
    checks.finish()?;
    let Some(email) = email else { return Err(access::Error::Missing("user").into()) };
    let person = Person {
        id: PersonId::make(&context.ids, &*context.clock, &*context.rng),
        name: name.unwrap_or_else(|| email.to_string()),
        email,
        role,
        environments,
        has_password: false,
        subject: None,
        disabled_at: None,
        created_at: context.now(),
    };
    audit::about("user", person.id);
    let (kept, issued) = links::new(context);
    match context.store.create_person(scope, person.clone(), Some(kept)).await {
        Ok(()) => Ok((person, issued)),
        Err(CreateError::Taken(_)) => Err(Error::Taken),
        Err(CreateError::TooMany { limit }) => Err(Error::TooMany { limit }),
        Err(CreateError::Store(error)) => Err(error.into()),
        Err(other) => Err(postrider_store::Error::Engine(other.into()).into()),
    }
}

/// Changes a person. Who is disabled has no session and no link any more when this returns.
pub async fn change(
    context: &Context,
    identity: Identity,
    id: PersonId,
    changes: Changes,
) -> Result<Person, Error> {
    let scope = identity.instance()?;
    let mut checks = Checks::default();
    checks.check("name", changes.name.as_deref().map_or(Ok(()), display_name));
    if let Some(environments) = &changes.environments {
        checks.check("environments", check_environments(context, environments).await?);
    }
    checks.finish()?;
    let before = get(context, identity, id).await?;
    let now = context.now();
    let change = Arc::new(move |person: &mut Person| {
        if let Some(name) = &changes.name {
            person.name.clone_from(name);
        }
        if let Some(environments) = &changes.environments {
            person.environments.clone_from(environments);
        }
        person.role = changes.role.unwrap_or(person.role);
        person.disabled_at = match changes.disabled {
            None => person.disabled_at,
            Some(false) => None,
            Some(true) => person.disabled_at.or(Some(now)),
        };
    });
    match context.store.change_person(scope, id, change).await {
        Ok(person) => {
            let person = person.ok_or(access::Error::Missing("user"))?;
            audit::changed(&before, &person);
            Ok(person)
        }
        Err(PersonError::LastAdmin) => Err(Error::LastAdmin),
        Err(PersonError::Store(error)) => Err(error.into()),
        Err(other) => Err(postrider_store::Error::Engine(other.into()).into()),
    }
}

/// Takes a person's password and ends their sessions; gives the link with which they choose another password.
pub async fn reset(context: &Context, identity: Identity, id: PersonId) -> Result<(Person, Issued), Error> {
    let scope = identity.instance()?;
    if !get(context, identity, id).await?.is_active() {
        return Err(Error::Disabled);
    }
    let (kept, issued) = links::new(context);
    let person = context.store.reset_person(scope, id, kept).await?;
    Ok((person.ok_or(access::Error::Missing("user"))?, issued))
}

async fn check_environments(
    context: &Context,
    environments: &Environments,
) -> Result<Result<(), Invalid>, postrider_store::Error> {
    let Environments::Only(some) = environments else { return Ok(Ok(())) };
    if some.is_empty() {
        return Ok(Err(Invalid::too_short("must name at least one environment")));
    }
    if some.len() > ENVIRONMENTS {
        return Ok(Err(Invalid::too_long(format!("must name at most {ENVIRONMENTS} environments"))));
    }
    let known = context.store.environments(SystemScope::assume().instance()).await?;
    let is_known = |id: &EnvironmentId| known.iter().any(|environment| environment.id == *id);
    Ok(if some.iter().all(is_known) { Ok(()) } else { Err(Invalid::value("there is no such environment")) })
}
