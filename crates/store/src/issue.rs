//! What the verbs of issues take.

use postrider_core::id::EndpointId;
use postrider_core::issue::{Issue, State};
use postrider_core::time::Timestamp;

/// Which issues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// Those that stand in one of these ways now; empty means all.
    pub states: Vec<State>,
    /// Those of this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Now.
    pub now: Timestamp,
}

impl IssueFilter {
    /// Whether the issue is one of them.
    pub(crate) fn takes(&self, issue: &Issue) -> bool {
        (self.states.is_empty() || self.states.contains(&issue.state(self.now)))
            && self.endpoint.is_none_or(|endpoint| endpoint == issue.endpoint)
    }
}
