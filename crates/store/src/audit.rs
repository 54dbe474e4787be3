//! What the verbs of the audit log take.

use postrider_core::id::EnvironmentId;
use postrider_core::scope::{EnvironmentScope, InstanceScope};
use postrider_core::time::Timestamp;

/// Whose entries may be read.
#[derive(Debug, Clone, Copy)]
pub enum AuditScope {
    /// All of them.
    Instance(InstanceScope),
    /// Those of one environment.
    Environment(EnvironmentScope),
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// About this environment. Within an environment's scope, others than its own match nothing.
    pub environment: Option<EnvironmentId>,
    /// By the actor with this id.
    pub actor: Option<String>,
    /// Of this operation.
    pub action: Option<String>,
    /// About the thing with this id.
    pub target: Option<String>,
    /// Made at this time or later.
    pub since: Option<Timestamp>,
    /// Made before this time.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// The environment whose entries are walked: `Ok(None)` for all entries, `Err` when none can match.
    pub(crate) fn walked(&self, scope: AuditScope) -> Result<Option<EnvironmentId>, NothingMatches> {
        match (scope, self.environment) {
            (AuditScope::Instance(_), environment) => Ok(environment),
            (AuditScope::Environment(scope), Some(other)) if other != scope.environment() => {
                Err(NothingMatches)
            }
            (AuditScope::Environment(scope), _) => Ok(Some(scope.environment())),
        }
    }
}

/// The filter asks for what the scope does not have.
#[derive(Debug)]
pub(crate) struct NothingMatches;
