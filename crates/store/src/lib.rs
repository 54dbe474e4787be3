//! The store: everything durable, behind one trait of verbs.
//!
//! A method of [`Store`] is one atomic act (one transaction), not access to a table. Every engine passes the same
//! `conformance` suite. What callers may rely on:
//!
//! - When a method that writes answers `Ok`, the effect is durable: it survives the loss of power.
//! - When it answers `Err`, nothing of it happened, except after [`Error::Broken`] and [`Error::Unknown`], when it is
//!   not known.
//! - Every method takes a scope from `postrider_core::scope`; a row outside the scope does not exist for it.
//! - Bytes from outside are kept as bytes, never interpreted, so that no content can make recording fail.
//!
//! In reading order: the trait ([`Store`]), what its methods take and give ([`accept`], [`dispatch`], [`list`],
//! [`receive`], [`listen`], [`task`], [`idempotency`], [`people`], [`portal`], [`audit`], [`rollup`], [`issue`]), what can go wrong ([`error`]), [`seal`] for secrets at rest, the engines [`sqlite`] and [`postgres`],
//! and [`partition`] and [`cluster`], which divide the endpoints among nodes.

pub mod accept;
pub mod audit;
pub mod cluster;
pub mod dispatch;
pub mod error;
pub mod idempotency;
pub mod issue;
pub mod list;
pub mod listen;
pub mod partition;
pub mod people;
pub mod portal;
pub mod postgres;
pub mod receive;
pub mod rollup;
pub mod seal;
pub mod search;
pub mod sqlite;
pub mod task;
pub mod transfer;

#[cfg(feature = "conformance")]
pub mod conformance;

mod crash;
mod failure;
mod tally;
mod verbs;
mod weigh;

pub use accept::{Acceptance, Accepted, NewDelivery, Placement, order_of_key};
pub use audit::{AuditFilter, AuditScope};
pub use dispatch::{Claim, Claimed, EndpointMark, LaneDue, Mark, Settled, Settlement, Then};
pub use error::{AcceptError, ChangeError, CreateError, Error, ResendError, StartError};
pub use idempotency::{Answer, Idempotency, Repeat};
pub use issue::IssueFilter;
pub use list::{
    AppFilter, AttemptFilter, DeliveryFilter, DeliveryStats, Edge, Listed, MessageFilter, Order, PAGE_BYTES,
    Page,
};
pub use people::{Chosen, Ending, Known, NewLink, PersonError, Who};
pub use portal::{Expiry, NewPortalSession, Opening};
pub use receive::{Arrival, Firing, Intake, Taken};
pub use rollup::{Folded, Group, Grouping, Rank, RollupQuery, Rollups, Series, Within};
pub use search::{DeliveryHit, Effort, Facets, Indexed, MessageHit, Search, SearchScope, Searched};
pub use task::{Again, Step, TaskFilter, Which};
pub use verbs::{Change, Health, Retained, Store};
