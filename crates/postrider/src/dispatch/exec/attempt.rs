//! One attempt of a delivery to a command.

use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider_core::attempt::{FailureClass, Timings};
use postrider_core::delivery::Work;
use postrider_core::facts::Facts;
use postrider_core::message::Payload;
use postrider_core::reception::{Octets, Received};
use postrider_core::scope::{AppScope, SystemScope};
use postrider_store::Error;

use super::command::Command;
use super::permission::owner;
use super::run::{self, Ended, run};
use crate::context::Context;
use crate::directory::Destination;
use crate::dispatch::deliver::Tried;
use crate::service::sources;

/// Runs the command `name` for a delivery. `None` when the server stopped, or this node was taken for dead, before there
/// was an outcome: then it is no attempt.
pub(in crate::dispatch) async fn attempt(
    context: &Context,
    name: &str,
    work: &Work,
    destination: &Destination,
) -> Option<Tried> {
    let Some(payload) = &work.message.payload else {
        return Some(Tried::failed(FailureClass::Internal, "the payload is gone"));
    };
    let Ok(Some(route)) = context.directory.route(work.app).await else {
        return Some(Tried::through_our_fault(0));
    };
    let Ok(owner) = owner(context, &route).await else { return Some(Tried::through_our_fault(0)) };
    let command = match context.commands.permit(name, &owner) {
        Ok(command) => command,
        Err(refused) => return Some(Tried::failed(FailureClass::Blocked, &refused.to_string())),
    };
    let scope = SystemScope::assume().app(destination.environment.id, work.app);
    let Ok(received) = received(context, scope, &command, work, payload).await else {
        return Some(Tried::through_our_fault(0));
    };
    let facts = Facts::new(&received, &payload.body, &command.paths);
    let filled = match command.fill(&facts, &of_delivery(work, &owner.names)) {
        Ok(filled) => filled,
        Err(unfillable) => return Some(Tried::failed(FailureClass::Exec, &unfillable.to_string())),
    };
    let stop = &context.commands.stop;
    let _turn = tokio::select! {
        turn = command.turn() => turn,
        () = tokio::time::sleep(command.timeout) => {
            let sentence = "the command was busy with other deliveries for too long";
            return Some(Tried::failed(FailureClass::Exec, sentence));
        }
        () = stop.cancelled() => return None,
    };
    // The turn may have taken long, and another node may have taken this one for dead meanwhile.
    if !context.lanes.cluster().in_lease() {
        return None;
    }
    let started = Instant::now();
    let tried = match run(&command, filled, payload.body.clone(), stop).await {
        Ok((Ended::Stopped, _)) => return None,
        Ok((ended, output)) => ran(&ended, command.timeout, output),
        Err(error) => Tried::failed(FailureClass::Exec, &run::not_started(&error)),
    };
    let timings = Timings { total: started.elapsed(), ..Timings::default() };
    Some(Tried { timings, ..tried })
}

/// A command that ended well is recorded as 200 is: it took the delivery.
fn ran(ended: &Ended, timeout: Duration, response: Bytes) -> Tried {
    match ended.problem(timeout) {
        None => Tried { failure: None, status_code: 200, response, ..Tried::failed(FailureClass::Exec, "") },
        Some(sentence) => Tried { response, ..Tried::failed(FailureClass::Exec, &sentence) },
    }
}

/// What a command is told of the delivery in its environment.
fn of_delivery(work: &Work, owner: &[String]) -> [(&'static str, String); 5] {
    [
        ("POSTRIDER_MESSAGE_ID", work.message.id.to_string()),
        ("POSTRIDER_EVENT_TYPE", work.message.event_type.clone()),
        ("POSTRIDER_ENDPOINT_ID", work.endpoint.to_string()),
        ("POSTRIDER_OWNER", owner.last().cloned().unwrap_or_default()),
        ("POSTRIDER_ATTEMPT", (work.attempts + 1).to_string()),
    ]
}

/// The request that the message came in, where the command asks for it; else, and for a message that was published, what
/// the message has of one.
async fn received(
    context: &Context,
    scope: AppScope,
    command: &Command,
    work: &Work,
    payload: &Payload,
) -> Result<Received, Error> {
    if command.asks_for_the_request() {
        let known = context.store.receptions(scope, vec![work.message.id]).await?.pop().flatten();
        if let Some(request) =
            sources::request(context, scope, known.as_ref().map(|known| &known.detail)).await?
        {
            return Ok(request);
        }
    }
    let raw = payload.raw.as_ref();
    let header = |(name, value): &(String, String)| {
        let value = if raw.is_some_and(|raw| raw.as_it_came) {
            Octets::from(value.clone())
        } else {
            Octets(Bytes::from(value.clone()))
        };
        (name.clone(), value)
    };
    Ok(Received {
        method: "POST".to_owned(),
        tail: String::new(),
        query: None,
        headers: raw.into_iter().flat_map(|raw| &raw.headers).map(header).collect(),
        remote: None,
    })
}
