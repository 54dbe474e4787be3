//! Deliveries are attempted, and what came of them is settled.
//!
//! Each endpoint is a **lane**: a bounded window of its due deliveries in memory, while the rest waits in the store. In
//! reading order:
//!
//! - [`lanes`]: the way in. Intake reserves room in a lane before it accepts, and hands the delivery over after;
//! - `scheduler`: decides what starts next. It is pure: it takes events and the time, and gives actions;
//! - `run`: the task that feeds the scheduler and carries its actions out;
//! - `look`: finds the lanes that have work in the store;
//! - `reading`: claims deliveries and reads settings;
//! - `deliver`: signs and sends one delivery;
//! - `settle`: records outcomes in batches, and tells the scheduler what the store made of them.
//!
//! Invariants: no delivery is in memory that the store does not record as held; a delivery leaves memory only by a
//! settlement or a release that the store has committed; a lane that is slow, failing or disabled costs other lanes
//! nothing.

pub mod lanes;

mod scheduler;

mod look;
mod reading;
mod run;

mod deliver;
mod settle;

pub use lanes::{Inbox, Lanes, Room, Status};
pub use run::{Config, Dispatch, start};
