//! One-time links: for the first admin, for a person who is invited or whose password was reset, and for signing in.
//!
//! A link holds its secret in the fragment of its address, which browsers send to nobody: a proxy's log, or the page that
//! somebody goes to next, does not have it. It works once, within [`LINK_LENGTH`].

use postrider_core::id::PersonId;
use postrider_core::names::Invalid;
use postrider_core::password;
use postrider_core::person::{Email, Environments, Person};
use postrider_core::role::Role;
use postrider_core::scope::SystemScope;
use postrider_core::session::{LINK_LENGTH, Link, Purpose, Ticket};
use postrider_core::time::Timestamp;
use postrider_store::{Chosen, CreateError, Error as StoreError, NewLink, Who};
use zeroize::Zeroizing;

use super::Busy;
use super::sessions::{self, Client};
use crate::context::Context;
use crate::service::fields::{Checks, InvalidFields, display_name};

/// Where links lead to, on this server.
pub const PAGE: &str = "/sign-in/link";

/// A link, to be handed to whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Where it leads, its secret included.
    pub url: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// What a link offers to whoever has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// To be the first admin.
    First,
    /// To choose a password.
    Password(Person),
    /// To be signed in.
    SignIn,
}

/// Why a link cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was used, has expired, or never was one.
    #[error("this link was used before, or is not valid any more")]
    Spent,
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who the first admin says they are.
#[derive(Debug, Clone)]
pub struct First {
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// The password that they have chosen.
    pub password: Zeroizing<String>,
}

/// A link for the first admin; `None` when somebody is there.
pub async fn for_first(context: &Context) -> Result<Option<Issued>, StoreError> {
    issue(context, Purpose::First).await
}

/// A link that signs in whoever tries the server on their own machine, as an admin. Nothing else signs that person in. None
/// once there are other people.
pub async fn for_developer(context: &Context) -> Result<Option<Issued>, StoreError> {
    let (system, email) = (SystemScope::assume(), developer());
    if let Some(known) = context.store.person(system, Who::Email(email.clone())).await? {
        return to_sign_in(context, known.person.id).await;
    }
    if context.store.has_people(system).await? {
        return Ok(None);
    }
    let person = Person {
        id: PersonId::make(&context.ids, &*context.clock, &*context.rng),
        email,
        name: "Developer".to_owned(),
        role: Role::Admin,
        environments: Environments::All,
        has_password: false,
        subject: None,
        disabled_at: None,
        created_at: context.now(),
    };
    let id = person.id;
    match context.store.create_person(system.instance(), person, None).await {
        Ok(()) => to_sign_in(context, id).await,
        Err(CreateError::Store(error)) => Err(error),
        Err(refused) => Err(StoreError::Engine(refused.into())),
    }
}

/// The address of a developer: no mail goes there.
fn developer() -> Email {
    "developer@localhost".parse().expect("it has the form of an address")
}

/// A link that signs a person in; `None` when they are disabled or not there.
async fn to_sign_in(context: &Context, person: PersonId) -> Result<Option<Issued>, StoreError> {
    issue(context, Purpose::SignIn(person)).await
}

async fn issue(context: &Context, purpose: Purpose) -> Result<Option<Issued>, StoreError> {
    let (kept, issued) = new(context);
    let link = Link { purpose, expires_at: kept.expires_at };
    let made = context.store.make_link(SystemScope::assume(), kept.hash, link, context.now()).await?;
    Ok(made.then_some(issued))
}

/// A link as it is stored, and as it is handed out.
pub(super) fn new(context: &Context) -> (NewLink, Issued) {
    let ticket = Ticket::generate(&*context.rng);
    let expires_at = context.now().after(LINK_LENGTH);
    let url = format!("{}{PAGE}#key={}", context.public_url(), ticket.expose());
    (NewLink { hash: ticket.hash(), expires_at }, Issued { url, expires_at })
}

/// What the link with this secret offers.
pub async fn look(context: &Context, key: &str) -> Result<Offer, Error> {
    let ticket = Ticket::read(key).ok_or(Error::Spent)?;
    let link = context.store.link(SystemScope::assume(), ticket.hash()).await?;
    let link = link.filter(|link| context.now() < link.expires_at).ok_or(Error::Spent)?;
    match link.purpose {
        Purpose::First if context.store.has_people(SystemScope::assume()).await? => Err(Error::Spent),
        Purpose::First => Ok(Offer::First),
        Purpose::SignIn(_) => Ok(Offer::SignIn),
        Purpose::Password(person) => {
            let known = context.store.person(SystemScope::assume(), Who::Id(person)).await?;
            known.map(|known| Offer::Password(known.person)).ok_or(Error::Spent)
        }
    }
}

/// Makes the first admin and signs them in.
pub async fn be_first(context: &Context, key: &str, first: First, client: &Client) -> Result<Ticket, Error> {
    let First { email, name, password } = first;
    let ticket = Ticket::read(key).ok_or(Error::Spent)?;
    let mut checks = Checks::default();
    let email = checks.check("email", email.parse::<Email>());
    checks.check("name", display_name(&name));
    checks.check("password", check_password(&password, email.as_ref()));
    checks.finish()?;
    let Some(email) = email else { return Err(Error::Spent) };
    if look(context, key).await? != Offer::First {
        return Err(Error::Spent);
    }
    let hash = context.people.passwords.hash(password, std::sync::Arc::clone(&context.rng)).await?;
    let now = context.now();
    let person = Person {
        id: PersonId::make(&context.ids, &*context.clock, &*context.rng),
        email,
        name,
        role: Role::Admin,
        environments: Environments::All,
        has_password: true,
        subject: None,
        disabled_at: None,
        created_at: now,
    };
    let made =
        context.store.create_first_person(SystemScope::assume(), ticket.hash(), person.clone(), hash, now);
    if !made.await? {
        return Err(Error::Spent);
    }
    tracing::info!(person.id = %person.id, "the first admin has introduced themselves");
    sessions::record(context, "user.create", (None, &person), client).await;
    sessions::begin(context, &person, client).await?.ok_or(Error::Spent)
}

/// Gives a person the name and the password that they have chosen, and signs them in. Their other sessions end.
pub async fn choose(
    context: &Context,
    key: &str,
    name: String,
    password: Zeroizing<String>,
    client: &Client,
) -> Result<Ticket, Error> {
    let ticket = Ticket::read(key).ok_or(Error::Spent)?;
    let Offer::Password(person) = look(context, key).await? else { return Err(Error::Spent) };
    let mut checks = Checks::default();
    checks.check("name", display_name(&name));
    checks.check("password", check_password(&password, Some(&person.email)));
    checks.finish()?;
    let password = context.people.passwords.hash(password, std::sync::Arc::clone(&context.rng)).await?;
    finish(context, &ticket, Some((person, Chosen { name, password })), client).await
}

/// Signs in whom the link is for.
pub async fn sign_in(context: &Context, key: &str, client: &Client) -> Result<Ticket, Error> {
    let ticket = Ticket::read(key).ok_or(Error::Spent)?;
    finish(context, &ticket, None, client).await
}

async fn finish(
    context: &Context,
    ticket: &Ticket,
    chosen: Option<(Person, Chosen)>,
    client: &Client,
) -> Result<Ticket, Error> {
    let (before, chosen) = chosen.unzip();
    let used = context.store.use_link(SystemScope::assume(), ticket.hash(), context.now(), chosen).await?;
    let person = used.ok_or(Error::Spent)?;
    if let Some(before) = &before {
        sessions::record(context, "account.password", (Some(before), &person), client).await;
    }
    sessions::begin(context, &person, client).await?.ok_or(Error::Spent)
}

/// A password's form, and that it is not the address that it belongs to.
pub(super) fn check_password(password: &str, email: Option<&Email>) -> Result<(), Invalid> {
    password::check(password)?;
    if email.is_some_and(|email| email.as_str() == password.to_lowercase()) {
        return Err(Invalid::value("must not be the e-mail address"));
    }
    Ok(())
}
