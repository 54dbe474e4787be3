//! The filters of a source.

use std::collections::BTreeMap;

use super::{Budget, Filter, Refused};
use crate::facts::{Facts, Paths};
use crate::id::EndpointId;
use crate::reception::Received;
use crate::source::Settings;

/// The filters of all endpoints of a source, which read a payload once for all of them.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    paths: Paths,
    by_endpoint: Vec<(EndpointId, Filter)>,
}

impl Filters {
    /// Those that `settings` has. They were good when they were set; the error says of which endpoint one is no more.
    pub fn of(settings: &Settings) -> Result<Self, Refused> {
        let mut filters = Self::default();
        for (endpoint, rule) in &settings.filters {
            let filter = Filter::parse(rule).map_err(|mut refused| {
                refused.at.insert(0, endpoint.to_string());
                refused
            })?;
            filter.each_fact(&mut |fact| filters.paths.ask(fact));
            filters.by_endpoint.push((*endpoint, filter));
        }
        Ok(filters)
    }

    /// The endpoints that a message does not go to: one that came in this request and has this body. The
    /// messages of one request share a budget.
    #[must_use]
    pub fn left_out(&self, received: &Received, body: &[u8], budget: &Budget) -> Vec<EndpointId> {
        if self.by_endpoint.is_empty() {
            return Vec::new();
        }
        let facts = Facts::new(received, body, &self.paths);
        let refuses = self.by_endpoint.iter().filter(|(_, filter)| !filter.admits(&facts, budget));
        refuses.map(|(endpoint, _)| *endpoint).collect()
    }
}

/// The rules as they are kept, by endpoint.
pub type Rules = BTreeMap<EndpointId, serde_json::Value>;
