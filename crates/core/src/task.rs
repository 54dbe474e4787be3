//! A background task: long work that survives a restart.

use crate::id::{AppId, EndpointId, TaskId};
use crate::time::Timestamp;

/// A background task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Whose it is.
    pub app: AppId,
    /// What it does.
    pub kind: TaskKind,
    /// How it stands.
    pub status: TaskStatus,
    /// Deliveries it has put back to waiting so far.
    pub affected: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    /// Sends again what failed at `endpoint` among the messages accepted from `since` to before `until`.
    Recover {
        /// The endpoint.
        endpoint: EndpointId,
        /// From this time.
        since: Timestamp,
        /// To before this time.
        until: Timestamp,
    },
}

/// How a task stands. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TaskStatus {
    /// Under way, or waiting for its turn.
    Running = 0,
    /// Done.
    Finished = 1,
    /// Given up.
    Failed = 2,
}
