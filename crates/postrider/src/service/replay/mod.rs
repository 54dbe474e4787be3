//! Replay: what was published or received is sent again.
//!
//! Two kinds (see [`postrider_core::replay`]): the same message to an endpoint again, or a new message made of an earlier
//! one. In reading order: of an endpoint, many messages ([`endpoint`]); of what is [`search`]ed for; of an application, one
//! that it [`published`]; of a source, [`one`] or a [`range`], with [`edits`] and what is [`compose`]d of them; and how a task
//! of many comes about: what it looks at ([`walk`]) and the [`step`] that follows.
//!
//! Nothing here waits for an order: a replay stands outside of it, and what is in order goes on as if there was none.

mod compose;
mod edits;
mod endpoint;
mod one;
mod published;
mod range;
pub mod search;
mod step;
mod walk;

use postrider_core::app::Ref;
use postrider_core::id::EndpointId;
use postrider_core::limits;
use postrider_core::names::{self, Invalid};
use postrider_core::replay::Targets;
use postrider_core::scope::AppScope;
use postrider_store::Repeat;

pub use edits::Edits;
pub use endpoint::{bulk_replay, recover, replay_missing};
pub use one::{Replayed, one};
pub use published::{published, stays_json};
pub use range::{Counted, Range, count, range};
pub use step::step;

use super::access;
use super::fields::{Checks, FieldError, InvalidFields};
use super::tasks;
use crate::context::Context;

/// Why a replay fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// The payload has expired or was expunged: there is nothing to send.
    #[error("the message's payload has expired or was expunged, so it cannot be sent again")]
    NoPayload,
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

impl From<tasks::Error> for Error {
    fn from(error: tasks::Error) -> Self {
        match error {
            tasks::Error::Access(error) => Self::Access(error),
            tasks::Error::Invalid(invalid) => Self::Invalid(invalid),
            tasks::Error::Repeated(repeat) => Self::Repeated(repeat),
        }
    }
}

/// Where a replay is to go, as the caller names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Endpoints of the source or the application.
    pub endpoints: Vec<Ref<EndpointId>>,
    /// A listener, or a group of them.
    pub listener: Option<String>,
}

impl Named {
    /// The same with endpoints that are there. None is named twice.
    async fn resolve(&self, context: &Context, scope: AppScope) -> Result<Targets, Error> {
        let mut checks = Checks::default();
        if self.endpoints.len() > limits::REPLAY_ENDPOINTS {
            let message = format!("must have at most {} entries", limits::REPLAY_ENDPOINTS);
            checks.check::<()>("endpointIds", Err(Invalid::too_long(message)));
        }
        if let Some(listener) = &self.listener {
            checks.check("listener", names::name(listener));
        }
        checks.finish()?;
        let mut endpoints = Vec::with_capacity(self.endpoints.len());
        for (index, named) in self.endpoints.iter().enumerate() {
            let found = context.store.endpoint(scope, named).await.map_err(access::Error::from)?;
            let Some(endpoint) = found else {
                let at = vec!["endpointIds".to_owned(), index.to_string()];
                let invalid = Invalid::value("there is no such endpoint here");
                return Err(InvalidFields(vec![FieldError { at, invalid }]).into());
            };
            if !endpoints.contains(&endpoint.id) {
                endpoints.push(endpoint.id);
            }
        }
        Ok(Targets { endpoints, listener: self.listener.clone() })
    }
}

access::causes!(Error);
