//! What the server tells about itself: logs to stderr, metrics at `/metrics`.
//!
//! Neither ever holds a payload, a header's value, a token or a secret. Log fields are named by the entity they are
//! of (`endpoint`, `message`), metrics `postrider_<area>_<what>_<unit>`, and their labels come from small sets that we
//! choose: a caller cannot make a new series.
//!
//! Both are global to the process, because the crates that collect them are; installing again changes nothing, so that
//! tests can start many servers.

pub mod build;
pub mod logs;
pub mod metrics;
mod process;
pub mod requests;
