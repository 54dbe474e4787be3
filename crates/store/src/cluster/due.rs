//! Endpoints at which deliveries are due, as nodes tell each other.

use std::collections::HashMap;

use postrider_core::id::{AppId, EndpointId};

/// Deliveries are due at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The endpoint's application.
    pub app: AppId,
    /// Where.
    pub endpoint: EndpointId,
    /// A person has asked for one of them: it is tried even where the endpoint's lane is paused.
    pub manual: bool,
}

/// Endpoints that wait to be told of, each once.
#[derive(Default)]
pub(crate) struct DueEndpoints(HashMap<(AppId, EndpointId), bool>);

impl DueEndpoints {
    /// What a person asked for stays so, whatever else is due there.
    pub(crate) fn add(&mut self, due: Due) {
        *self.0.entry((due.app, due.endpoint)).or_default() |= due.manual;
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// All of them, which leaves none.
    pub(crate) fn take(&mut self) -> Vec<Due> {
        let due = |((app, endpoint), manual)| Due { app, endpoint, manual };
        std::mem::take(&mut self.0).into_iter().map(due).collect()
    }
}
