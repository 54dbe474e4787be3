//! What people change of themselves.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::scope::SystemScope;
use postrider_store::{Ending, Error as StoreError, Who};
use zeroize::Zeroizing;

use super::Busy;
use super::links::check_password;
use super::sessions::Entered;
use crate::context::Context;
use crate::service::fields::{Checks, InvalidFields, display_name};

/// Why somebody cannot change what they want.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The present password is not this.
    #[error("this is not your present password")]
    Wrong,
    /// They were wrong too often.
    #[error("too many attempts: try again in {} s", .retry_after.as_secs().max(1))]
    TooOften {
        /// After which time there may be another one.
        retry_after: Duration,
    },
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// Too many passwords are being checked.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes the own name.
pub async fn rename(context: &Context, entered: &Entered, name: String) -> Result<(), Error> {
    display_name(&name).map_err(|invalid| InvalidFields::one("name", invalid))?;
    let change = Arc::new(move |person: &mut postrider_core::person::Person| person.name.clone_from(&name));
    let changed =
        context.store.change_person(SystemScope::assume().instance(), entered.person.id, change).await;
    match changed {
        Ok(_) => Ok(()),
        Err(postrider_store::PersonError::Store(error)) => Err(error.into()),
        // A name says nothing of either.
        Err(refused) => Err(StoreError::Engine(refused.into()).into()),
    }
}

/// Changes the own password, for whoever knows the present one. All other sessions end.
pub async fn change_password(
    context: &Context,
    entered: &Entered,
    present: Zeroizing<String>,
    new: Zeroizing<String>,
) -> Result<(), Error> {
    let (people, system) = (&context.people, SystemScope::assume());
    let email = &entered.person.email;
    let mut checks = Checks::default();
    checks.check("new", check_password(&new, Some(email)));
    checks.finish()?;
    let begun = people.attempts.begin(email.as_str(), None, context.now());
    begun.map_err(|retry_after| Error::TooOften { retry_after })?;
    let known = context.store.person(system, Who::Id(entered.person.id)).await?;
    let hash = known.and_then(|known| known.password);
    if !people.passwords.matches(present, hash).await? {
        return Err(Error::Wrong);
    }
    people.attempts.succeeded(email.as_str(), None, context.now());
    let hash = people.passwords.hash(new, Arc::clone(&context.rng)).await?;
    let ending = Ending::AllBut(Some(entered.session.id));
    context.store.set_password(system, entered.person.id, hash, ending).await?;
    Ok(())
}
