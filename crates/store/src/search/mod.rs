//! Searching: what [`Store::search_deliveries`](crate::Store::search_deliveries) and its relatives take and give, and how
//! they go about it.
//!
//! A search walks deliveries or messages from the newest to the oldest (or back), drops what the query does not mean, and
//! stops when its page is full or its [`Effort`] is spent. Then it says how far it came and where to go on, so that a
//! search through millions of rows is many short ones, and none holds anybody up.
//!
//! The query says where to look ([`Narrowing`](postrider_core::query::Narrowing)), and [`way`] picks the index that leads
//! past the fewest rows: of one message, of one endpoint, of the deliveries that are in trouble, or of all messages of an
//! application or environment. [`walk`] is the same for every engine; an engine only reads [`rows`]. What may be found is
//! judged step by step, the cheap part first: a payload is read only where everything else holds.
//!
//! Where the store keeps an [`index`] of payloads, a walk of messages for a text passes over those that cannot have it.
//!
//! Invariants: nothing outside the scope is found, whatever the query says; a page and the next one neither share a row nor
//! leave one out that was there all the time; every step of a walk is bounded, and so is what it holds in memory.

use std::time::Duration;

use postrider_core::delivery::Delivery;
use postrider_core::id::{AppId, EnvironmentId};
use postrider_core::message::Message;
use postrider_core::query::{AppHead, EndpointHead, LastAttempt, Place, Query, Status};
use postrider_core::scope::{AppScope, EnvironmentScope};
use postrider_core::time::Timestamp;

pub use self::index::Indexed;
use crate::DeliveryStats;

pub(crate) mod facets;
pub(crate) mod find;
pub(crate) mod gram;
pub(crate) mod index;
pub(crate) mod rows;
pub(crate) mod span;
pub(crate) mod walk;
pub(crate) mod way;

/// Where to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchScope {
    /// In everything of an environment, what its sources received among it.
    Environment(EnvironmentScope),
    /// In what belongs to an application.
    App(AppScope),
}

impl SearchScope {
    pub(crate) const fn environment(self) -> EnvironmentId {
        match self {
            Self::Environment(scope) => scope.environment(),
            Self::App(scope) => scope.environment(),
        }
    }

    pub(crate) const fn app(self) -> Option<AppId> {
        match self {
            Self::Environment(_) => None,
            Self::App(scope) => Some(scope.app()),
        }
    }
}

/// What to search for, and how hard.
#[derive(Debug, Clone)]
pub struct Search {
    /// What is meant.
    pub query: Query,
    /// The time from which `since:2h` counts.
    pub now: Timestamp,
    /// When to stop looking.
    pub effort: Effort,
}

/// How hard to look. The first step of a walk is always made, so that a search gets on however slow the disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// About so many messages and deliveries are looked at, at most.
    pub rows: u64,
    /// For about so long.
    pub time: Duration,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Searched<T> {
    /// What was found, in the order of the walk's list.
    pub rows: Vec<T>,
    /// Where to go on; `None` when there is nothing more in this direction.
    pub next: Option<Place>,
    /// Messages and deliveries that were looked at.
    pub looked: u64,
    /// When the last of them was accepted; `None` if there were none.
    pub reached: Option<Timestamp>,
    /// The payload index named what to look at, at least on a part of the way: `looked` does not count what it passed over.
    pub indexed: bool,
}

/// A delivery that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryHit {
    /// The delivery.
    pub delivery: Delivery,
    /// The message, without its payload.
    pub message: Message,
    /// Whose it is.
    pub app: AppHead,
    /// Where it goes.
    pub endpoint: EndpointHead,
    /// How its last attempt went; `None` before the first.
    pub last: Option<LastAttempt>,
    /// Whether the message has its payload still: without one, it cannot be sent again.
    pub has_payload: bool,
}

impl DeliveryHit {
    /// Its place among all deliveries.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { message: self.message.id.row(), endpoint: self.endpoint.id.row() }
    }
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageHit {
    /// The message, without its payload.
    pub message: Message,
    /// Whose it is.
    pub app: AppHead,
    /// How its deliveries stand, all of them.
    pub deliveries: DeliveryStats,
}

impl MessageHit {
    /// Its place among all messages.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::before_message(self.message.id.row())
    }
}

/// How the deliveries that a query means divide, over what was looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facets {
    /// Deliveries that were found.
    pub matched: u64,
    /// Messages and deliveries that were looked at.
    pub looked: u64,
    /// When the last of them was accepted; `None` if there were none.
    pub reached: Option<Timestamp>,
    /// As for [`Searched`].
    pub indexed: bool,
    /// There is nothing more to look at: the counts are of everything that the query means.
    pub is_whole: bool,
    /// By where they stand, the most frequent first, as all of these.
    pub statuses: Vec<(Status, u64)>,
    /// By the first digit of their last attempt's status; 0 where no answer came.
    pub codes: Vec<(u16, u64)>,
    /// By event type: the ten most frequent.
    pub types: Vec<(String, u64)>,
    /// By endpoint: the ten most frequent.
    pub endpoints: Vec<(EndpointHead, u64)>,
}
