//! What the parts of the server share. Made once, in `app`; there are no globals.

use std::sync::Arc;

use postrider_core::id::IdGenerator;
use postrider_core::rng::Rng;
use postrider_core::time::{Clock, Timestamp};
use postrider_egress::Policy;
use postrider_store::Store;
use tokio::sync::Notify;

use crate::directory::Directory;
use crate::dispatch::Lanes;
use crate::service::keyring::Keyring;

/// The shared parts. Cheap to clone.
pub type Context = Arc<Parts>;

/// See [`Context`].
pub struct Parts {
    /// Everything durable.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The source of all ids.
    pub ids: IdGenerator,
    /// Where deliveries may go.
    pub policy: Arc<Policy>,
    /// Applications and endpoints, ready for routing.
    pub directory: Directory,
    /// Who holds which key.
    pub keyring: Keyring,
    /// The way into dispatch.
    pub lanes: Lanes,
    /// Told when a background task was started, so that it begins at once.
    pub tasks: Notify,
    /// Ceilings that the operator chose.
    pub limits: Limits,
}

/// Ceilings that the operator chose; the section `[limits]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of one request body on the API. A message's payload is a part of it.
    pub body_bytes: usize,
    /// Requests of the API that may be under way at once, beyond which callers get 429.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 1024 * 1024, requests: 4_096 }
    }
}

impl Parts {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
