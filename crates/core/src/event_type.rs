//! An event type: a name like `invoice.paid`, with versioned JSON Schemas.

use std::sync::Arc;

use crate::id::EventTypeId;
use crate::retry::Schedule;
use crate::time::Timestamp;

/// An event type. Its name is what clients address it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// Its id.
    pub id: EventTypeId,
    /// Its name, unique in the environment.
    pub name: String,
    /// What it means, for people.
    pub description: String,
    /// Hidden from lists; messages of it are still accepted.
    pub archived: bool,
    /// Shown as out of use.
    pub deprecated: bool,
    /// JSON Schemas by version: the text of a JSON object.
    pub schemas: Option<String>,
    /// The group it is listed under.
    pub group_name: Option<String>,
    /// Flags that hide it from those who do not have them.
    pub feature_flags: Vec<String>,
    /// When its deliveries are attempted, instead of the environment's schedule.
    pub retry_schedule: Option<Schedule>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Which event types somebody sees. Flags hide an event type from portal sessions and from nobody else; they decide nothing
/// about what is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All of them.
    Everything,
    /// Those without flags, and those that have one of these.
    Flagged(Arc<[String]>),
}

impl Sight {
    /// Whether it sees `event_type`.
    #[must_use]
    pub fn sees(&self, event_type: &EventType) -> bool {
        let flags = &event_type.feature_flags;
        match self {
            Self::Everything => true,
            Self::Flagged(own) => flags.is_empty() || flags.iter().any(|flag| own.contains(flag)),
        }
    }
}
