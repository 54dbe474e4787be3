//! Signing in with a password, and out again.

use std::time::Duration;

use postrider_core::password::BYTES_MAX;
use postrider_core::person::Email;
use postrider_core::scope::SystemScope;
use postrider_core::session::Ticket;
use postrider_store::{Ending, Error as StoreError, Who};
use zeroize::Zeroizing;

use super::Busy;
use super::sessions::{self, Client, Entered};
use crate::context::Context;

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address, the password, or both; or the person is disabled or has no password. Which of these is not said.
    #[error("this e-mail address and this password do not belong together")]
    Wrong,
    /// They were wrong too often.
    #[error("too many attempts: try again in {} s", .retry_after.as_secs().max(1))]
    TooOften {
        /// After which time there may be another one.
        retry_after: Duration,
    },
    /// Too many passwords are being checked.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs a person in: what the cookie of their session holds.
pub async fn with_password(
    context: &Context,
    email: &str,
    password: Zeroizing<String>,
    client: &Client,
) -> Result<Ticket, Error> {
    let outcome = try_password(context, email, password, client).await;
    if let Err(Error::Wrong | Error::TooOften { .. }) = outcome {
        // Without the address: people type their passwords there, too.
        metrics::counter!("postrider_sign_in_failures_total").increment(1);
        tracing::warn!("somebody failed to sign in with a password");
    }
    outcome
}

async fn try_password(
    context: &Context,
    email: &str,
    password: Zeroizing<String>,
    client: &Client,
) -> Result<Ticket, Error> {
    let people = &context.people;
    let email = email.parse::<Email>().ok();
    // What is no address counts as one account.
    let account = email.as_ref().map_or("", Email::as_str);
    let begun = people.attempts.begin(account, client.address, context.now());
    begun.map_err(|retry_after| Error::TooOften { retry_after })?;
    let known = match &email {
        Some(email) => context.store.person(SystemScope::assume(), Who::Email(email.clone())).await?,
        None => None,
    };
    let (person, hash) = match known.filter(|known| known.person.is_active()) {
        Some(known) => (Some(known.person), known.password),
        None => (None, None),
    };
    let is_short = password.len() <= BYTES_MAX;
    let is_right = is_short && people.passwords.matches(password, hash).await?;
    let Some(person) = person.filter(|_| is_right) else { return Err(Error::Wrong) };
    let ticket = sessions::begin(context, &person, client).await?.ok_or(Error::Wrong)?;
    people.attempts.succeeded(account, client.address, context.now());
    Ok(ticket)
}

/// Ends the session that somebody is in.
pub async fn out(context: &Context, entered: &Entered) -> Result<(), StoreError> {
    sessions::end_own(context, entered, Ending::One(entered.session.id)).await?;
    Ok(())
}
