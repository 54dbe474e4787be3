//! What an identity may do with what it reaches.
//!
//! A service names the one [`Right`] that its act takes; an identity has a set of them, [`Rights`]. Rights say nothing of
//! where: that is the identity's reach ([`crate::scope`]). Deliberately absent: rights that imply others. Who manages
//! endpoints sees none of their signing keys unless that is said too.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One thing that an identity may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Right {
    /// See everything but secrets.
    Read = 0,
    /// See signing keys and addresses that whoever knows them may send to.
    ReadSecrets = 1,
    /// Replace signing keys.
    ManageSecrets = 2,
    /// Cause attempts: send examples, send again, replay, recover, skip; and cancel such work.
    Send = 3,
    /// Make, change and delete endpoints.
    ManageEndpoints = 4,
    /// Change the programs that rewrite messages on their way.
    ManageTransformations = 5,
    /// Publish messages.
    Publish = 6,
    /// Everything else that changes something: applications, event types, sources, settings.
    Manage = 7,
}

impl Right {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::ReadSecrets,
        Self::ManageSecrets,
        Self::Send,
        Self::ManageEndpoints,
        Self::ManageTransformations,
        Self::Publish,
        Self::Manage,
    ];

    /// The name that is stored and shown. It never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadSecrets => "read_secrets",
            Self::ManageSecrets => "manage_secrets",
            Self::Send => "send",
            Self::ManageEndpoints => "manage_endpoints",
            Self::ManageTransformations => "manage_transformations",
            Self::Publish => "publish",
            Self::Manage => "manage",
        }
    }

    /// The right with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }

    /// What it allows, to be read after "the right to".
    #[must_use]
    pub const fn allows(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadSecrets => "see secrets",
            Self::ManageSecrets => "replace signing keys",
            Self::Send => "send and replay messages",
            Self::ManageEndpoints => "manage endpoints",
            Self::ManageTransformations => "manage transformations",
            Self::Publish => "publish messages",
            Self::Manage => "manage the environment",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of rights. Written as the list of their names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u8);

/// A name that no right has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no right with the name {0:?}")]
pub struct UnknownRight(pub String);

impl Rights {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// Every right: what an API key of an operator has.
    pub const ALL: Self = Self::of(&Right::ALL);

    /// The set of these.
    #[must_use]
    pub const fn of(rights: &[Right]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < rights.len() {
            bits |= rights[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Whether `right` is one of them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those that are in both sets.
    #[must_use]
    pub const fn within(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Each of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    /// Their names, in order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(Right::name)
    }

    /// The set of those with these names.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownRight> {
        names.into_iter().try_fold(Self::NONE, |rights, name| {
            let right = Right::named(name).ok_or_else(|| UnknownRight(name.to_owned()))?;
            Ok(rights.and(Self::of(&[right])))
        })
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Rights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::named(names.iter().map(String::as_str)).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_as_names_and_read_back() {
        let some = Rights::of(&[Right::Manage, Right::Read, Right::Read]);
        let text = serde_json::to_string(&some).unwrap();
        assert_eq!(text, r#"["read","manage"]"#);
        assert_eq!(serde_json::from_str::<Rights>(&text).unwrap(), some);
        assert_eq!(serde_json::from_str::<Rights>("[]").unwrap(), Rights::NONE);
        assert!(serde_json::from_str::<Rights>(r#"["read","fly"]"#).is_err());
    }

    #[test]
    fn every_right_is_itself() {
        for (index, right) in Right::ALL.into_iter().enumerate() {
            assert_eq!(Right::named(right.name()), Some(right));
            let alone = Rights::of(&[right]);
            let held: Vec<Right> = Right::ALL.into_iter().filter(|other| alone.has(*other)).collect();
            assert_eq!(held, [right], "number {index}");
        }
        assert_eq!(Rights::ALL.iter().count(), Right::ALL.len());
        assert_eq!(Rights::ALL.within(Rights::of(&[Right::Send])), Rights::of(&[Right::Send]));
    }
}
