//! Messages of an application are sent to one of its endpoints again, many at a time: as background tasks.

use postrider_core::app::Ref;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::names;
use postrider_core::replay::Selection;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_core::task::{Job, Task};
use postrider_core::time::Timestamp;

use super::Error;
use crate::context::Context;
use crate::service::fields::{self, Checks};
use crate::service::once::Once;
use crate::service::{access, tasks};

/// From when to before when; the end is now when not given.
type Times = (Timestamp, Option<Timestamp>);

/// Begins a task that sends again what was given up.
pub async fn recover<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    times: Times,
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    start(context, identity, (app.into(), endpoint), times, Job::Recover, once).await
}

/// Begins a task that sends what never went to the endpoint and that it wants now.
pub async fn replay_missing<'a>(
    context: &Context,
    identity: Identity,
    app: impl Into<access::Owner<'a>>,
    endpoint: &Ref<EndpointId>,
    times: Times,
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    start(context, identity, (app.into(), endpoint), times, Job::ReplayMissing, once).await
}

/// Begins a task that sends again what went to the endpoint before, arrived or not, as far as it is of the selection.
pub async fn bulk_replay(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    endpoint: &Ref<EndpointId>,
    (times, selection): (Times, Selection),
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    let mut checks = Checks::default();
    fields::filters(&mut checks, Some(&selection.event_types), None);
    checks.optional("channel", selection.channel.as_ref(), names::channel);
    checks.optional("tag", selection.tag.as_ref(), names::tag);
    checks.finish()?;
    let job = |endpoint| Job::BulkReplay(endpoint, selection);
    start(context, identity, (app.into(), endpoint), times, job, once).await
}

async fn start(
    context: &Context,
    identity: Identity,
    (app, endpoint): (access::Owner<'_>, &Ref<EndpointId>),
    (since, until): Times,
    job: impl FnOnce(EndpointId) -> Job,
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    let found = access::app(context, identity, Right::Send, app).await?;
    let endpoint = access::endpoint(context, found.scope, endpoint).await?;
    let span = tasks::span(since, until, context.now())?;
    Ok(tasks::start(context, found.scope, job(endpoint.id), (span, context.now()), once).await?)
}
