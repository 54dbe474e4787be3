//! Deliveries are attempted, and what came of them is settled.
//!
//! Each endpoint is a **lane**: a bounded window of its due deliveries in memory, while the rest waits in the store. In
//! reading order:
//!
//! - [`lanes`]: the way in. Intake reserves room in a lane before it accepts, and hands the delivery over after;
//! - `scheduler`: decides what starts next. It is pure: it takes events and the time, and gives actions;
//! - `run`: the task that feeds the scheduler and carries its actions out;
//! - `look`: finds the lanes that have work in the store;
//! - `hand_over`: leaves lanes to another node, once nothing of them is on its way;
//! - `reading`: claims deliveries and reads settings;
//! - `deliver`: signs and sends one delivery;
//! - [`exec`]: runs a command instead, where the endpoint names one;
//! - `settle`: records outcomes in batches, and tells the scheduler what the store made of them.
//!
//! Invariants: no delivery is in memory that the store does not record as held; a delivery leaves memory only by a
//! settlement or a release that the store has committed; a lane that is slow, failing or disabled costs other lanes
//! nothing; a lane of another node is not touched, and nothing is sent while this node may be taken for dead.

pub mod lanes;

mod scheduler;

mod hand_over;
mod look;
mod pulse;
mod reading;
mod run;

mod deliver;
pub mod exec;
mod settle;

pub use lanes::{Inbox, Lanes, Room, Status};
pub use pulse::Pulse;
pub use run::{Config, Dispatch, start};
