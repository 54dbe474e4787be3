//! An application: one customer of the product, the tenant.

use std::collections::BTreeMap;

use crate::id::{AppId, EnvironmentId, SourceId};
use crate::time::Timestamp;

/// Free text by name that belongs to the caller; Postrider never reads it.
pub type Metadata = BTreeMap<String, String>;

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// The environment it lives in.
    pub environment: EnvironmentId,
    /// The caller's own id, unique in the environment while the application exists.
    pub uid: Option<String>,
    /// A name for people.
    pub name: String,
    /// Deliveries a second, over all its endpoints.
    pub throttle_rate: Option<u32>,
    /// The caller's notes.
    pub metadata: Metadata,
    /// The source whose hidden application this is: nobody can name it, and it is in no list.
    pub source: Option<SourceId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How a path names an object: by our id or by the caller's uid.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ref<I> {
    /// Our id.
    Id(I),
    /// The caller's uid (for messages: the `eventId`).
    Uid(String),
}

impl<I: std::str::FromStr> Ref<I> {
    /// What `text` names. Every text names something: one that is not an id is a uid.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Uid(text.to_owned()), Self::Id)
    }
}
