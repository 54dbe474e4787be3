//! Roles of people, and capabilities of portal sessions: named sets of rights.

use serde::{Deserialize, Serialize};

use crate::rights::{Right, Rights};

/// What a person is in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything but secrets.
    Viewer,
    /// Repairs: sends again, replays, changes endpoints.
    Operator,
    /// Does everything, to environments, keys and people too.
    Admin,
}

impl Role {
    /// All of them, the weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name that is stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it allows in an environment.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::Viewer => Rights::of(&[Right::Read]),
            Self::Operator => Rights::of(&[Right::Read, Right::Send, Right::ManageEndpoints]),
            Self::Admin => Rights::ALL,
        }
    }

    /// Whether it also manages environments, keys and people.
    #[must_use]
    pub const fn manages_instance(self) -> bool {
        matches!(self, Self::Admin)
    }
}

/// What a portal session may be allowed to do, in the words of the client libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// See endpoints, messages and attempts.
    ViewBase,
    /// See signing keys.
    ViewEndpointSecret,
    /// Replace signing keys.
    ManageEndpointSecret,
    /// Change transformations.
    ManageTransformations,
    /// Send examples, send again, recover.
    CreateAttempts,
    /// Make, change and delete endpoints.
    ManageEndpoint,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ViewBase,
        Self::ViewEndpointSecret,
        Self::ManageEndpointSecret,
        Self::ManageTransformations,
        Self::CreateAttempts,
        Self::ManageEndpoint,
    ];

    /// The right that it is.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::ViewBase => Right::Read,
            Self::ViewEndpointSecret => Right::ReadSecrets,
            Self::ManageEndpointSecret => Right::ManageSecrets,
            Self::ManageTransformations => Right::ManageTransformations,
            Self::CreateAttempts => Right::Send,
            Self::ManageEndpoint => Right::ManageEndpoints,
        }
    }

    /// The rights of a portal session. Without a list, it may do everything that a customer may: neither publish nor change
    /// the application itself.
    #[must_use]
    pub fn rights(capabilities: Option<&[Self]>) -> Rights {
        let capabilities = capabilities.unwrap_or(&Self::ALL);
        capabilities.iter().fold(Rights::NONE, |rights, one| rights.and(Rights::of(&[one.right()])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_weaker_one_may() {
        for pair in Role::ALL.windows(2) {
            assert_eq!(pair[0].rights().within(pair[1].rights()), pair[0].rights(), "{pair:?}");
        }
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
        }
    }

    #[test]
    fn a_portal_session_neither_publishes_nor_manages() {
        let all = Capability::rights(None);
        let missing: Vec<Right> = Right::ALL.into_iter().filter(|right| !all.has(*right)).collect();
        assert_eq!(missing, [Right::Publish, Right::Manage]);
        assert_eq!(Capability::rights(Some(&[])), Rights::NONE);
        assert_eq!(Capability::rights(Some(&[Capability::CreateAttempts])), Rights::of(&[Right::Send]));
    }
}
