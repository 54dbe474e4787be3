//! A message comes in: it is matched with endpoints, made durable, and handed to their lanes.
//!
//! [`publish`] is the way in for callers of the API, [`receive`] for what sources receive; there is no other. When they
//! answer `Ok`, the messages and all their deliveries survive the loss of power, and each delivery is either in its
//! lane's memory or will be claimed from the store.

mod publish;
mod rate;
mod receive;
mod seen_through;

pub use publish::{Publication, PublishError, Recipients, Remember, publish};
pub use rate::Rates;
pub use receive::{Arrived, Arriving, receive};
