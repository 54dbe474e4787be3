//! Background tasks: begun, listed, looked at, ended.
//!
//! What a task does step by step is in [`replay`](super::replay); who moves it on is in `upkeep`.

use std::sync::Arc;

use postrider_core::id::TaskId;
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::{Identity, Reach, SystemScope};
use postrider_core::task::{Job, Progress, Span, Task, TaskStatus};
use postrider_core::time::Timestamp;
use postrider_store::{Listed, Page, Repeat, StartError, TaskFilter, Within};

use super::fields::InvalidFields;
use super::finish;
use super::once::Once;
use super::{access, audit};
use crate::context::Context;

/// Why an act on tasks fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

/// The span from `since` to before `until`, which is now when not given or later.
pub(super) fn span(
    since: Timestamp,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Span, InvalidFields> {
    let until = until.unwrap_or(now).min(now);
    if until <= since {
        return Err(InvalidFields::one("since", Invalid::value("must be before `until` and before now")));
    }
    Ok(Span { since, until })
}

/// Begins a task over what belongs to an application, or to anybody in an environment. It was asked for at `now`, from which
/// times ago count.
pub(super) async fn start(
    context: &Context,
    within: impl Into<Within>,
    job: Job,
    (span, now): (Span, Timestamp),
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    let within = within.into();
    let (environment, app) = match within {
        Within::App(scope) => (scope.environment(), Some(scope.app())),
        Within::Environment(scope) => (scope.environment(), None),
    };
    let task = Task {
        id: TaskId::make(&context.ids, &*context.clock, &*context.rng),
        environment,
        app,
        job,
        span,
        reached: span.first_row(),
        status: TaskStatus::Running,
        progress: Progress::default(),
        failure: None,
        created_at: now,
        updated_at: now,
    };
    let record = once.map(|once| once.record(&task, now));
    let (context, new) = (Arc::clone(context), task.clone());
    let step = finish(async move {
        let outcome = context.store.start_task(within, new, record).await;
        context.tasks.notify_one();
        outcome
    });
    match step.await {
        Ok(()) => {
            audit::about("task", task.id);
            Ok(task)
        }
        Err(StartError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(StartError::NoApp) => Err(access::Error::Missing("application").into()),
        Err(StartError::TooMany { .. }) => Err(access::Error::Crowded("tasks").into()),
        Err(StartError::Store(error)) => Err(error.into()),
    }
}

/// Tasks of the environment by id, those of its sources too.
pub async fn list(
    context: &Context,
    identity: Identity,
    filter: TaskFilter,
    page: Page<TaskId>,
) -> Result<Listed<Task, TaskId>, Error> {
    Ok(context.store.tasks(identity.environment(Right::Read)?, filter, page).await?)
}

/// One task: of the environment, or of the application that the key is for.
pub async fn get(context: &Context, identity: Identity, task: TaskId) -> Result<Task, Error> {
    find(context, identity, Right::Read, task).await
}

/// Ends a task: from then on nothing of it happens. What it has done stays done, and one that has ended stays as it is.
pub async fn cancel(context: &Context, identity: Identity, task: TaskId) -> Result<Task, Error> {
    let task = find(context, identity, Right::Send, task).await?;
    let system = SystemScope::assume();
    let within = match task.app {
        Some(app) => Within::App(system.app(task.environment, app)),
        None => Within::Environment(system.environment(task.environment)),
    };
    let ended = context.store.cancel_task(within, task.id, context.now()).await?;
    Ok(ended.ok_or(access::Error::Missing("background task"))?)
}

async fn find(context: &Context, identity: Identity, right: Right, task: TaskId) -> Result<Task, Error> {
    let found = context.store.task(identity.lookup(right)?, task).await?;
    let within_reach = |task: &Task| match identity.reach() {
        Reach::App(_, app) => task.app == Some(app),
        Reach::Environment(_) => true,
        Reach::Instance => false,
    };
    let task = found.filter(within_reach).ok_or(access::Error::Missing("background task"))?;
    audit::about("task", task.id);
    Ok(task)
}

access::causes!(Error);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use postrider_core::app::Ref;
    use postrider_core::limits;

    use super::*;
    use crate::context::fixture::Fixture;
    use crate::service::replay;

    #[tokio::test]
    async fn tasks_of_one_application_have_a_ceiling() {
        // Nothing moves tasks on here: all of them stay running.
        let fixture = Fixture::new().await;
        let (context, endpoint) = (&fixture.context, &fixture.endpoint);
        let app = context.store.app_by_id(SystemScope::assume(), endpoint.app).await.unwrap().unwrap();
        let own = Identity::app_key(app.environment, app.id);
        let times = (context.now().before(Duration::from_secs(60)), None);
        let (app, endpoint) = (Ref::Id(app.id), Ref::Id(endpoint.id));
        let ask = || replay::recover(context, own, &app, &endpoint, times, None);
        let mut last = None;
        for _ in 0..limits::APP_TASKS {
            last = Some(ask().await.unwrap());
        }
        assert!(matches!(ask().await, Err(replay::Error::Access(access::Error::Crowded(_)))));
        cancel(context, own, last.unwrap().id).await.unwrap();
        ask().await.expect("one has ended");
    }
}
