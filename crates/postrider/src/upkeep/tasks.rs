//! Moves background tasks on, a step of each in turn.

use std::time::Duration;

use postrider_core::scope::SystemScope;
use postrider_core::task::{Task, TaskKind};
use postrider_store::Error;

use crate::context::Context;

/// Deliveries put back to waiting in one step.
const STEP: usize = 500;
/// The rest between rounds, so that a large recovery leaves room for the traffic.
const REST: Duration = Duration::from_millis(20);
/// How long to wait before a store that failed is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

pub(super) async fn run(context: Context) {
    loop {
        match round(&context).await {
            Ok(0) => context.tasks.notified().await,
            Ok(_) => tokio::time::sleep(REST).await,
            Err(Error::Closed | Error::Broken(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "failed to move background tasks on");
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }
}

/// Moves each running task on by a step; gives how many still run.
async fn round(context: &Context) -> Result<usize, Error> {
    let tasks = context.store.running_tasks(SystemScope::assume()).await?;
    let mut running = 0;
    for task in &tasks {
        running += usize::from(!step(context, task).await?);
    }
    Ok(running)
}

async fn step(context: &Context, task: &Task) -> Result<bool, Error> {
    let now = context.now();
    let step = context.store.step_task(SystemScope::assume(), task.id, STEP, now).await?;
    let TaskKind::Recover { endpoint, .. } = task.kind;
    if step.affected > 0 {
        context.lanes.waiting(task.app, endpoint, now);
    }
    if step.finished {
        tracing::info!(task = %task.id, deliveries = task.affected + step.affected, "finished a background task");
    }
    Ok(step.finished)
}
