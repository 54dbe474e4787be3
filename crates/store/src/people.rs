//! What the verbs about people take and give.

use postrider_core::id::{PersonId, SessionId};
use postrider_core::key::TokenHash;
use postrider_core::password::PasswordHash;
use postrider_core::person::{Email, Environments, Person, Subject};
use postrider_core::role::Role;
use postrider_core::session::{Link, Purpose};
use postrider_core::time::Timestamp;

use crate::Error;

/// How a person is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By their id.
    Id(PersonId),
    /// By what they sign in with.
    Email(Email),
    /// By what their identity provider calls them.
    Subject(Subject),
}

/// A person with what proves who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The person.
    pub person: Person,
    /// The hash of their password, if they have one.
    pub password: Option<PasswordHash>,
}

/// A one-time link to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLink {
    /// The hash of what it holds.
    pub hash: TokenHash,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// What a person chooses when they use a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Their name.
    pub name: String,
    /// The hash of their password.
    pub password: PasswordHash,
}

/// Which sessions of a person end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// This one.
    One(SessionId),
    /// All but the one that is named.
    AllBut(Option<SessionId>),
}

/// A failure to change a person.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// Nobody would be left who can manage the installation.
    #[error("this is the last admin of all environments")]
    LastAdmin,
    /// Another person is this subject of the identity provider.
    #[error("another person is this subject")]
    SubjectTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A role as it is stored.
pub(crate) fn number_of_role(role: Role) -> i16 {
    match role {
        Role::Viewer => 0,
        Role::Operator => 1,
        Role::Admin => 2,
    }
}

/// The role that is stored as this number.
pub(crate) fn role_of_number(number: i64) -> Option<Role> {
    Role::ALL.into_iter().find(|role| i64::from(number_of_role(*role)) == number)
}

/// Environments as they are stored.
pub(crate) fn environments_as_list(environments: &Environments) -> Option<String> {
    match environments {
        Environments::All => None,
        Environments::Only(some) => Some(serde_json::to_string(some).expect("ids are text")),
    }
}

/// A purpose as it is stored: its number, and the person's row or 0.
pub(crate) fn numbers_of_purpose(purpose: Purpose) -> (i16, i64) {
    match purpose {
        Purpose::First => (FIRST, 0),
        Purpose::Password(person) => (PASSWORD, person.row()),
        Purpose::SignIn(person) => (SIGN_IN, person.row()),
    }
}

/// The number of [`Purpose::First`].
pub(crate) const FIRST: i16 = 0;
const PASSWORD: i16 = 1;
const SIGN_IN: i16 = 2;

/// The link that is stored so; `None` when its person is gone.
pub(crate) fn link_of(purpose: i64, person: Option<PersonId>, expires_at: Timestamp) -> Option<Link> {
    let purpose = match (i16::try_from(purpose).ok()?, person) {
        (FIRST, _) => Purpose::First,
        (PASSWORD, Some(person)) => Purpose::Password(person),
        (SIGN_IN, Some(person)) => Purpose::SignIn(person),
        _ => return None,
    };
    Some(Link { purpose, expires_at })
}

/// Whether somebody manages the installation when `changed` is as it is now, and the others as they were.
pub(crate) fn keeps_an_admin(before: &[Person], changed: &Person) -> bool {
    let others = before.iter().filter(|person| person.id != changed.id);
    let was_managed = before.iter().any(Person::manages_instance);
    !was_managed || others.chain([changed]).any(Person::manages_instance)
}

/// Whether a person other than `changed` is its subject of the identity provider.
pub(crate) fn is_anothers_subject(people: &[Person], changed: &Person) -> bool {
    let others = people.iter().filter(|other| other.id != changed.id);
    changed.subject.is_some() && others.map(|other| &other.subject).any(|subject| *subject == changed.subject)
}
