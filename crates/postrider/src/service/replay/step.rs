//! A background task is moved on by a step.
//!
//! All kinds of tasks go the same way: look at what comes next ([`walk`]), decide what becomes of it, and hand both over
//! to the store with where the task has come to, in one commit. What was looked at may have changed by then; the store
//! sees what is so at that moment.

use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::endpoint::Endpoint;
use postrider_core::id::{EndpointId, MessageId};
use postrider_core::message::Message;
use postrider_core::reception::Reception;
use postrider_core::replay::SourceReplay;
use postrider_core::scope::SystemScope;
use postrider_core::task::{Job, Progress, Skip, Task, TaskStatus};
use postrider_core::time::Timestamp;
use postrider_store::{Again, Error as StoreError, Step, Which};

use super::compose::{self, NotMade, Original, Recipe};
use super::walk::{self, Looked, Place};
use crate::context::Context;
use crate::service::sources::Inlet;

/// Messages of a step that only moves deliveries.
const AGAIN: usize = 500;
/// Messages of a step that reads more of each: those that may become new ones are read with their payloads.
const NEW: usize = 100;

/// Makes the next step of a task that runs. The task's progress by this step; `None` when another has moved it on, or it
/// was ended.
pub async fn step(context: &Context, task: &Task) -> Result<Option<(Progress, TaskStatus)>, StoreError> {
    let now = context.now();
    let step = match &task.job {
        Job::Recover(endpoint) | Job::BulkReplay(endpoint, _) | Job::ReplayMissing(endpoint) => {
            of_endpoint(context, task, *endpoint, now).await?
        }
        Job::ReplaySource(replay) => of_source(context, task, replay, now).await?,
    };
    let (status, endpoints, makes_new) = (step.status, step.endpoints(), !step.arrivals.is_empty());
    let Some(progress) = context.store.step_task(SystemScope::assume(), step).await? else { return Ok(None) };
    if progress.affected > 0 {
        for endpoint in endpoints {
            context.lanes.waiting(task.app, endpoint, now);
        }
    }
    if makes_new {
        context.listeners.tell(task.environment, task.app);
    }
    Ok(Some((progress, status)))
}

/// A step that does nothing yet.
fn begin<T>(task: &Task, looked: &Looked<T>, now: Timestamp) -> Step {
    Step {
        task: task.id,
        app: task.app,
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

fn place(task: &Task) -> Place {
    let scope = SystemScope::assume().app(task.environment, task.app);
    Place { scope, span: task.span, from: task.reached }
}

async fn of_endpoint(
    context: &Context,
    task: &Task,
    endpoint: EndpointId,
    now: Timestamp,
) -> Result<Step, StoreError> {
    let place = place(task);
    let Some(found) = context.store.endpoint(place.scope, &Ref::Id(endpoint)).await? else {
        return Ok(give_up(task, "the endpoint was deleted", now));
    };
    let (looked, which) = look(context, task, place, &found).await?;
    let mut step = begin(task, &looked, now);
    if which != Which::Missing {
        // Of the others only the store knows, at the moment of the commit, whether they are missing.
        step.progress.matched = looked.found.len() as u64;
    }
    step.again.push(Again { endpoint, messages: looked.found, which });
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
        Job::Recover(_) | Job::ReplaySource(_) => {
            let selection = walk::given_up();
            let looked = walk::sent(context, place, endpoint.id, &selection, AGAIN).await?;
            (looked, Which::In(selection.states))
        }
    })
}

async fn of_source(
    context: &Context,
    task: &Task,
    replay: &SourceReplay,
    now: Timestamp,
) -> Result<Step, StoreError> {
    let Some(inlet) = context.inlets.of_app(task.app).await? else {
        return Ok(give_up(task, "the source was deleted", now));
    };
    let place = place(task);
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
    let again =
        |endpoint: &EndpointId| Again { endpoint: *endpoint, messages: same.clone(), which: Which::Every };
    if !same.is_empty() {
        step.again = replay.to.endpoints.iter().map(again).collect();
    }
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
