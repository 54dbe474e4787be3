//! A message comes in: it is matched with endpoints, made durable, and handed to their lanes.
//!
//! [`publish`] is the only way in. When it answers `Ok`, the message and all its deliveries survive the loss of
//! power, and each delivery is either in its lane's memory or will be claimed from the store.

mod publish;
mod rate;
mod seen_through;

pub use publish::{Publication, PublishError, Recipients, Remember, publish};
pub use rate::Rates;
