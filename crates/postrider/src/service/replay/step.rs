//! A background task is moved on by a step.
//!
//! All kinds of tasks go the same way: look at what comes next ([`walk`]), decide what becomes of it, and hand both over
//! to the store with where the task has come to, in one commit. What was looked at may have changed by then; the store
//! sees what is so at that moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::{AppId, EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::query::Query;
use postrider_core::reception::Reception;
use postrider_core::replay::{SearchReplay, SourceReplay};
use postrider_core::scope::SystemScope;
use postrider_core::task::{Job, Progress, Skip, Task, TaskStatus};
use postrider_core::time::Timestamp;
use postrider_store::{Again, Effort, Error as StoreError, SearchScope, Step, Which};

use super::compose::{self, NotMade, Original, Recipe};
use super::walk::{self, Looked, Place, Searching};
use crate::context::Context;
use crate::service::sources::Inlet;

/// Messages of a step that only moves deliveries.
const AGAIN: usize = 500;
/// Messages of a step that reads more of each: those that may become new ones are read with their payloads.
const NEW: usize = 100;
/// Deliveries of a step that searches: each may be at an endpoint of its own, which costs statements of its own in the
/// transaction that writes the step.
const SEARCHED: usize = 200;
/// How hard a step searches.
const SEARCH: Effort = Effort { rows: 100_000, time: Duration::from_millis(40) };

/// Makes the next step of a task that runs. The task's progress by this step; `None` when another has moved it on, or it
/// was ended.
pub async fn step(context: &Context, task: &Task) -> Result<Option<(Progress, TaskStatus)>, StoreError> {
    let now = context.now();
    let step = match &task.job {
        Job::Recover(endpoint) | Job::BulkReplay(endpoint, _) | Job::ReplayMissing(endpoint) => {
            match task.app {
                Some(app) => of_endpoint(context, (task, app), *endpoint, now).await?,
                None => give_up(task, "it names no application", now),
            }
        }
        Job::ReplaySource(replay) => match task.app {
            Some(app) => of_source(context, (task, app), replay, now).await?,
            None => give_up(task, "it names no source", now),
        },
        Job::ReplaySearch(replay) => of_search(context, task, replay, now).await?,
    };
    let (status, endpoints, makes_new) = (step.status, step.endpoints(), !step.arrivals.is_empty());
    let Some(progress) = context.store.step_task(SystemScope::assume(), step).await? else { return Ok(None) };
    if progress.affected > 0 {
        for (app, endpoint) in endpoints {
            context.lanes.waiting(app, endpoint, now);
        }
    }
    if let Some(app) = task.app.filter(|_| makes_new) {
        context.listeners.tell(task.environment, app);
    }
    Ok(Some((progress, status)))
}

/// A step that does nothing yet.
fn begin<T>(task: &Task, looked: &Looked<T>, now: Timestamp) -> Step {
    Step {
        task: task.id,
        from: task.reached,
        reached: looked.reached.unwrap_or(task.reached),
        status: if looked.reached.is_some() { TaskStatus::Running } else { TaskStatus::Finished },
        failure: None,
        again: Vec::new(),
        arrivals: Vec::new(),
        progress: Progress::default(),
        now,
    }
}

/// A step that gives the task up.
fn give_up(task: &Task, why: impl Into<String>, now: Timestamp) -> Step {
    let nothing = Looked::<()> { found: Vec::new(), reached: None };
    Step { status: TaskStatus::Failed, failure: Some(why.into()), ..begin(task, &nothing, now) }
}

fn place((task, app): (&Task, AppId)) -> Place {
    let scope = SystemScope::assume().app(task.environment, app);
    Place { scope, span: task.span, from: task.reached }
}

async fn of_endpoint(
    context: &Context,
    (task, app): (&Task, AppId),
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<Step, StoreError> {
    let place = place((task, app));
    let Some(found) = context.store.endpoint(place.scope, &Ref::Id(endpoint)).await? else {
        return Ok(give_up(task, "the endpoint was deleted", now));
    };
    let (looked, which) = look(context, task, place, &found).await?;
    let mut step = begin(task, &looked, now);
    if which != Which::Missing {
        // Of the others only the store knows, at the moment of the commit, whether they are missing.
        step.progress.matched = looked.found.len() as u64;
    }
    step.again.push(Again { app, endpoint, messages: looked.found, which });
    Ok(step)
}

async fn look(
    context: &Context,
    task: &Task,
    place: Place,
    endpoint: &Endpoint,
) -> Result<(Looked<MessageId>, Which), StoreError> {
    Ok(match &task.job {
        Job::BulkReplay(id, selection) => {
            // A class of status codes is looked up message by message.
            let limit = if selection.code_class.is_some() { NEW } else { AGAIN };
            let looked = walk::sent(context, place, *id, selection, limit).await?;
            let states = &selection.states;
            (looked, if states.is_empty() { Which::Every } else { Which::In(states.clone()) })
        }
        Job::ReplayMissing(_) => (walk::wanted(context, place, endpoint, AGAIN).await?, Which::Missing),
        Job::Recover(_) | Job::ReplaySource(_) | Job::ReplaySearch(_) => {
            let selection = walk::given_up();
            let looked = walk::sent(context, place, endpoint.id, &selection, AGAIN).await?;
            (looked, Which::In(selection.states))
        }
    })
}

async fn of_source(
    context: &Context,
    (task, app): (&Task, AppId),
    replay: &SourceReplay,
    now: Timestamp,
) -> Result<Step, StoreError> {
    let Some(inlet) = context.inlets.of_app(app).await? else {
        return Ok(give_up(task, "the source was deleted", now));
    };
    let place = place((task, app));
    let looked = walk::received(context, place, replay, NEW, true).await?;
    let mut step = begin(task, &looked, now);
    step.progress.matched = looked.found.len() as u64;
    let address = compose::address(context, &inlet);
    let recipe = Recipe { inlet: &inlet, address, to: &replay.to, sign: replay.sign, edits: None };
    let mut same = Vec::new();
    for (message, reception) in looked.found {
        if message.payload.is_none() {
            step.progress.skip(Skip::NoPayload, 1);
        } else if replay.makes_new(&message, Some(&reception.detail)) {
            make(context, &inlet, &recipe, (message, reception), &mut step).await?;
        } else {
            same.push(message.id);
        }
    }
    let again = |endpoint: &EndpointId| Again {
        app,
        endpoint: *endpoint,
        messages: same.clone(),
        which: Which::Every,
    };
    if !same.is_empty() {
        step.again = replay.to.endpoints.iter().map(again).collect();
    }
    Ok(step)
}

async fn of_search(
    context: &Context,
    task: &Task,
    replay: &SearchReplay,
    now: Timestamp,
) -> Result<Step, StoreError> {
    let Ok(query) = replay.query.parse::<Query>() else {
        return Ok(give_up(task, "its query cannot be read by this version", now));
    };
    let system = SystemScope::assume();
    let scope = match task.app {
        Some(app) => SearchScope::App(system.app(task.environment, app)),
        None => SearchScope::Environment(system.environment(task.environment)),
    };
    let place = Searching {
        scope,
        query: &query,
        now: task.created_at,
        effort: SEARCH,
        span: task.span,
        from: task.reached,
    };
    let looked = walk::found(context, place, SEARCHED).await?;
    let mut step = begin(task, &looked, now);
    step.progress.matched = looked.found.len() as u64;
    let mut by_endpoint: BTreeMap<(AppId, EndpointId), Vec<MessageId>> = BTreeMap::new();
    for hit in &looked.found {
        by_endpoint.entry((hit.app.id, hit.endpoint.id)).or_default().push(hit.message.id);
    }
    // What has moved on since it was found, into a state that is not meant, stays as it is.
    let which = Which::In(query.states());
    let again = |((app, endpoint), messages)| Again { app, endpoint, messages, which: which.clone() };
    step.again = by_endpoint.into_iter().map(again).collect();
    Ok(step)
}

/// Adds a new message to a step, or notes why there is none.
async fn make(
    context: &Context,
    inlet: &Arc<Inlet>,
    recipe: &Recipe<'_>,
    (message, reception): (Message, Reception),
    step: &mut Step,
) -> Result<(), StoreError> {
    let original = Original::read(context, inlet.scope, message, Some(reception)).await?;
    let id = MessageId::make(&context.ids, &*context.clock, &*context.rng);
    match recipe.make(&original, id, step.now, &*context.rng) {
        Ok(arrival) => step.arrivals.push(arrival),
        Err(NotMade::NoPayload) => step.progress.skip(Skip::NoPayload, 1),
        Err(NotMade::NotSigned(_) | NotMade::Edits(_)) => step.progress.skip(Skip::NotSigned, 1),
    }
    Ok(())
}
