//! Moves background tasks on, a step of each in turn. One that fails rests, and the others go on.
//!
//! A task is moved on where its lane is owned. So it goes on when its node is gone, and no two nodes do it at once; should
//! they, one of two steps from the same place takes effect.

use std::collections::HashMap;
use std::time::Duration;

use postrider_core::id::TaskId;
use postrider_core::scope::SystemScope;
use postrider_core::task::{Task, TaskStatus};
use postrider_store::Error;
use tokio::time::Instant;

use crate::context::Context;
use crate::service::replay;

/// The rest between rounds, so that a large task leaves room for the traffic.
const REST: Duration = Duration::from_millis(20);
/// How long to wait before what failed is tried again.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How often to look for tasks that were begun at other nodes, or that have become ours.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Until when tasks that failed rest.
type Resting = HashMap<TaskId, Instant>;

pub(super) async fn run(context: Context) {
    let mut resting = Resting::new();
    loop {
        match round(&context, &mut resting).await {
            Ok(0) => match look_again(&context, &resting) {
                None => context.tasks.notified().await,
                // Done early when a task is started meanwhile.
                Some(rest) => drop(tokio::time::timeout(rest, context.tasks.notified()).await),
            },
            Ok(_) => tokio::time::sleep(REST).await,
            Err(Error::Closed | Error::Broken(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "failed to look for background tasks");
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }
}

/// After which time to look for tasks although none was started here.
fn look_again(context: &Context, resting: &Resting) -> Option<Duration> {
    if context.store.cluster().is_shared() {
        return Some(LOOK_AGAIN);
    }
    (!resting.is_empty()).then_some(ASK_AGAIN)
}

/// Moves each running task of ours that does not rest on by a step; gives how many of them still run.
async fn round(context: &Context, resting: &mut Resting) -> Result<usize, Error> {
    let tasks = context.store.running_tasks(SystemScope::assume()).await?;
    let now = Instant::now();
    resting.retain(|_, until| *until > now);
    let mut running = 0;
    for task in &tasks {
        if resting.contains_key(&task.id) || !context.store.cluster().owns(task.lane()) {
            continue;
        }
        match step(context, task).await {
            Ok(finished) => running += usize::from(!finished),
            Err(error @ (Error::Closed | Error::Broken(_))) => return Err(error),
            Err(error) => {
                tracing::warn!(task = %task.id, %error, "failed to move a background task on");
                resting.insert(task.id, now + ASK_AGAIN);
            }
        }
    }
    Ok(running)
}

/// Whether the task is at its end by this step; not where another has moved it on or ended it, which the next look shows.
async fn step(context: &Context, task: &Task) -> Result<bool, Error> {
    let Some((progress, status)) = replay::step(context, task).await? else { return Ok(false) };
    if status == TaskStatus::Running {
        return Ok(false);
    }
    let mut all = task.progress.clone();
    all.add(&progress);
    tracing::info!(task = %task.id, ?status, matched = all.matched, affected = all.affected, "ended a background task");
    Ok(true)
}
