//! What failed at an endpoint is sent again.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::id::{AppId, EndpointId, TaskId};
use postrider_core::names::Invalid;
use postrider_core::scope::{Identity, SystemScope};
use postrider_core::task::{Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;
use postrider_store::RepeatError;

use super::Error;
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::once::Once;
use crate::service::{access, finish};

/// Tasks of one application that run at once; they take turns with those of others.
const RUNNING: usize = 10;

/// Begins a background task that sends again what failed at an endpoint among the messages from `since` to before
/// `until`, which is now when not given.
pub async fn recover(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    endpoint: &Ref<EndpointId>,
    (since, until): (Timestamp, Option<Timestamp>),
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    let found = access::app(context, identity, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let now = context.now();
    let until = until.unwrap_or(now).min(now);
    if until <= since {
        return Err(
            InvalidFields::one("since", Invalid::value("must be before `until` and before now")).into()
        );
    }
    let running = context.store.running_tasks(SystemScope::assume()).await.map_err(access::Error::from)?;
    if running.iter().filter(|task| task.app == found.scope.app()).count() >= RUNNING {
        return Err(access::Error::Crowded("tasks").into());
    }
    let task = Task {
        id: TaskId::make(&context.ids, &*context.clock, &*context.rng),
        app: found.scope.app(),
        kind: TaskKind::Recover { endpoint: endpoint.id, since, until },
        status: TaskStatus::Running,
        affected: 0,
        created_at: now,
        updated_at: now,
    };
    let record = once.map(|once| once.record(&task, now));
    let (context, new) = (Arc::clone(context), task.clone());
    let step = finish(async move {
        let outcome = context.store.start_task(found.scope, new, record).await;
        context.tasks.notify_one();
        outcome
    });
    match step.await {
        Ok(()) => Ok(task),
        Err(RepeatError::Repeated(repeat)) => Err(Error::Repeated(repeat)),
        Err(RepeatError::Store(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::fixture::Fixture;

    #[tokio::test]
    async fn tasks_of_one_application_have_a_ceiling() {
        // Nothing moves tasks on here: all of them stay running.
        let fixture = Fixture::new().await;
        let (context, endpoint) = (&fixture.context, &fixture.endpoint);
        let app = context.store.app_by_id(SystemScope::assume(), endpoint.app).await.unwrap().unwrap();
        let own = Identity::App(app.environment, app.id);
        let times = (context.now().before(std::time::Duration::from_secs(60)), None);
        let (app, endpoint) = (Ref::Id(app.id), Ref::Id(endpoint.id));
        let ask = || recover(context, own, &app, &endpoint, times, None);
        for _ in 0..RUNNING {
            ask().await.unwrap();
        }
        assert!(matches!(ask().await, Err(Error::Access(access::Error::Crowded(_)))));
    }
}
