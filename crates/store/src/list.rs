//! Pages, and what lists can be narrowed by.

use postrider_core::id::EndpointId;
use postrider_core::time::Timestamp;

/// Bytes of content (payloads, schemas, recorded answers and the like) on one page: it ends before the row that would
/// make it more. One row always goes, however heavy.
pub const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Which rows of a list to give. `C` is what rows are ordered by: an id or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<C> {
    /// At most this many rows.
    pub limit: usize,
    /// Where to start; `None` is the list's beginning.
    pub edge: Option<Edge<C>>,
    /// Which way the list goes; `None` is its natural order.
    pub order: Option<Order>,
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge<C> {
    /// After this row, going forward.
    After(C),
    /// Before this row: the rows that come right before it, still in the list's order.
    Before(C),
}

/// Which way a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Rows of one page, in the list's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T, C> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page in the direction of the walk starts; `None` at the end. It need not be a row of this
    /// page: a list that had to look at too many rows, or at [`PAGE_BYTES`], stops and says where it was.
    pub next: Option<C>,
}

/// Which applications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AppFilter {
    /// Leave out those without endpoints.
    pub with_endpoints: bool,
    /// Leave out those all of whose endpoints are disabled.
    pub with_enabled_endpoints: bool,
}

/// Which messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// On this channel.
    pub channel: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Of one of these types; empty means all.
    pub event_types: Vec<String>,
    /// Made before this time.
    pub before: Option<Timestamp>,
    /// Made after this time.
    pub after: Option<Timestamp>,
}

/// Which attempts. `before` and `after` of the message filter are times of the attempt here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// What the message must be, and when the attempt was made.
    pub message: MessageFilter,
    /// Those that succeeded, or those that did not.
    pub succeeded: Option<bool>,
    /// Those whose status code begins with this digit; 0 for those without an answer.
    pub code_class: Option<u16>,
    /// At this endpoint.
    pub endpoint: Option<EndpointId>,
    /// With the recorded answer.
    pub with_content: bool,
}

/// Which deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// What the message must be, and when it was made.
    pub message: MessageFilter,
    /// In one of these states; empty means all.
    pub states: Vec<postrider_core::delivery::State>,
    /// With the message's payload.
    pub with_payload: bool,
}

/// How many deliveries stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryStats {
    /// Arrived.
    pub succeeded: u64,
    /// Waiting for an attempt, or for the one before.
    pub pending: u64,
    /// In a process's hands.
    pub sending: u64,
    /// Given up.
    pub failed: u64,
    /// Skipped.
    pub canceled: u64,
}
