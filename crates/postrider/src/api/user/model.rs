//! Users and their sessions as JSON.

use postrider_core::id::{EnvironmentId, PersonId, SessionId};
use postrider_core::person::{Environments, Person};
use postrider_core::role::Role;
use postrider_core::session::Session;
use postrider_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::patch::present;
use crate::service::people::links::Issued;
use crate::service::people::manage::{Changes, Invitation};

/// What a user may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserRole {
    /// Sees everything but secrets.
    Viewer,
    /// Also sends again, replays, and changes endpoints.
    Operator,
    /// Does everything; an admin of all environments also manages environments, keys and users.
    Admin,
}

/// Somebody who signs in to the dashboard.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserOut<'a> {
    /// Their id.
    #[schema(value_type = String)]
    id: PersonId,
    /// The address that they sign in with.
    email: &'a str,
    /// A name for people.
    name: &'a str,
    /// What they may do.
    role: UserRole,
    /// Where they may do it; null for everywhere.
    #[schema(value_type = Option<Vec<String>>)]
    environments: Option<&'a [EnvironmentId]>,
    /// Whether they have a password.
    has_password: bool,
    /// Whether they have come from the identity provider.
    has_identity: bool,
    /// Since when they cannot sign in.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    /// When they were invited, or came for the first time.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A user, and the link with which they choose a password.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserLinkOut<'a> {
    user: UserOut<'a>,
    /// The link. It works once, and is shown only here.
    link: &'a str,
    /// Until when it works.
    #[schema(value_type = String, format = DateTime)]
    link_expires_at: Timestamp,
}

/// All users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsersOut<'a> {
    /// Oldest first, disabled ones too.
    pub(super) data: Vec<UserOut<'a>>,
}

/// A browser in which a user is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserSessionOut<'a> {
    /// Its id.
    #[schema(value_type = String)]
    id: SessionId,
    /// What the browser calls itself.
    agent: &'a str,
    /// The network that they came from; empty for this machine.
    network: &'a str,
    /// When they signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When they were last seen, to five minutes.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
}

/// The sessions of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserSessionsOut<'a> {
    /// The newest first.
    pub(super) data: Vec<UserSessionOut<'a>>,
}

/// How many sessions have ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndedOut {
    /// How many.
    pub(super) ended: u64,
}

/// A user to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserIn {
    /// The address that they sign in with.
    #[schema(example = "ada@example.com")]
    email: String,
    /// A name for people; the address when absent.
    name: Option<String>,
    /// What they may do.
    role: UserRole,
    /// Where they may do it; everywhere when absent.
    #[schema(value_type = Option<Vec<String>>)]
    environments: Option<Vec<EnvironmentId>>,
}

/// Changes to a user; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPatch {
    /// A name for people.
    name: Option<String>,
    /// What they may do.
    role: Option<UserRole>,
    /// Where they may do it; null for everywhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>)]
    environments: Option<Option<Vec<EnvironmentId>>>,
    /// Whether they cannot sign in. Their sessions end when they are disabled.
    disabled: Option<bool>,
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Viewer => Self::Viewer,
            UserRole::Operator => Self::Operator,
            UserRole::Admin => Self::Admin,
        }
    }
}

impl From<Role> for UserRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Operator => Self::Operator,
            Role::Admin => Self::Admin,
        }
    }
}

impl<'a> From<&'a Person> for UserOut<'a> {
    fn from(person: &'a Person) -> Self {
        Self {
            id: person.id,
            email: person.email.as_str(),
            name: &person.name,
            role: person.role.into(),
            environments: match &person.environments {
                Environments::All => None,
                Environments::Only(some) => Some(some),
            },
            has_password: person.has_password,
            has_identity: person.subject.is_some(),
            disabled_at: person.disabled_at,
            created_at: person.created_at,
        }
    }
}

impl<'a> UserLinkOut<'a> {
    pub(super) fn new(person: &'a Person, issued: &'a Issued) -> Self {
        Self { user: person.into(), link: &issued.url, link_expires_at: issued.expires_at }
    }
}

impl<'a> From<&'a Session> for UserSessionOut<'a> {
    fn from(session: &'a Session) -> Self {
        Self {
            id: session.id,
            agent: &session.agent,
            network: &session.network,
            created_at: session.created_at,
            seen_at: session.seen_at,
        }
    }
}

fn environments(some: Option<Vec<EnvironmentId>>) -> Environments {
    some.map_or(Environments::All, Environments::Only)
}

impl From<UserIn> for Invitation {
    fn from(UserIn { email, name, role, environments: some }: UserIn) -> Self {
        Self { email, name, role: role.into(), environments: environments(some) }
    }
}

impl From<UserPatch> for Changes {
    fn from(UserPatch { name, role, environments: some, disabled }: UserPatch) -> Self {
        Self { name, role: role.map(Into::into), environments: some.map(environments), disabled }
    }
}
