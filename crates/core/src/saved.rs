//! Searches that are kept under a name, for all people of an environment.

use crate::id::SavedSearchId;
use crate::time::Timestamp;

/// A search that is kept. Its name is unique among those of its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSearch {
    /// Its id.
    pub id: SavedSearchId,
    /// What people call it.
    pub name: String,
    /// The list that it searches.
    pub list: List,
    /// The query, as text. Times ago in it count from each use.
    pub query: String,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// What is searched. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum List {
    /// Deliveries.
    Deliveries = 0,
    /// Messages.
    Messages = 1,
}

impl List {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Deliveries, Self::Messages];

    /// The one with this number.
    #[must_use]
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|list| *list as i64 == number)
    }

    /// A word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Messages => "messages",
        }
    }
}
