//! Plans are carried out, each by itself: one that fails leaves the others alone.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::door::Door;
use super::plan::{Command, Plan};
use crate::app::Reply;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::instance::accept;

/// The uid of the endpoint that runs the command of a source.
const ENDPOINT: &str = "command";

/// Carries out all of them. Fails only where no further one could be carried out; those that are left say so then.
pub(super) async fn all(door: &Door, plans: &mut [Plan]) -> Result<(), Failure> {
    let mut plans = plans.iter_mut();
    while let Some(plan) = plans.next() {
        let Err(failure) = one(door, plan).await else { continue };
        plan.refused = Some(failure.to_string());
        if matches!(failure.exit, Exit::Unavailable | Exit::Auth | Exit::Retry) {
            for plan in plans.filter(|plan| plan.source.is_some()) {
                plan.leave("import again: it was not its turn yet when that became impossible");
            }
            return Err(failure);
        }
    }
    Ok(())
}

async fn one(door: &Door, plan: &mut Plan) -> Result<(), Failure> {
    let Some(source) = &plan.source else { return Ok(()) };
    let path = format!("/ingest/api/v1/source/{}", plan.uid);
    let body = json!({"name": plan.name, "uid": plan.uid, "type": source.kind, "config": source.config});
    let made = accept(door.call(Method::PUT, &path, Some(&body)).await?)?;
    plan.address = made["ingestUrl"].as_str().map(str::to_owned);
    let Some(command) = plan.command.clone() else { return Ok(()) };
    let endpoint = format!("{path}/endpoint/{ENDPOINT}");
    let filter = plan.filter.as_ref().map(|rule| json!({"filter": rule}));
    let known = door.call(Method::GET, &endpoint, None).await?;
    if known.status == StatusCode::NOT_FOUND {
        // Nothing runs before the filter is there.
        if !put(door, plan, &endpoint, &command, filter.is_some()).await? {
            return Ok(());
        }
        if let Some(filter) = &filter {
            accept(door.call(Method::PUT, &format!("{endpoint}/filter"), Some(filter)).await?)?;
            put(door, plan, &endpoint, &command, false).await?;
        }
        return Ok(());
    }
    let known = accept(known)?;
    let set = if filter.is_some() { Method::PUT } else { Method::DELETE };
    accept(door.call(set, &format!("{endpoint}/filter"), filter.as_ref()).await?)?;
    // Whoever has disabled it meanwhile meant it. An import that was interrupted leaves it so too.
    let disabled = known["disabled"] == true;
    if put(door, plan, &endpoint, &command, disabled).await? && disabled {
        plan.leave("its endpoint is disabled: enable it, unless that is meant");
    }
    Ok(())
}

/// Makes or changes the endpoint; `false` where the server does not have the command for it.
async fn put(
    door: &Door,
    plan: &mut Plan,
    endpoint: &str,
    command: &Command,
    disabled: bool,
) -> Result<bool, Failure> {
    let url = format!("exec:{}", command.name);
    let body = json!({"url": url, "uid": ENDPOINT, "disabled": disabled, "description": "Imported"});
    let reply = door.call(Method::PUT, endpoint, Some(&body)).await?;
    if is_about_the_url(&reply) {
        plan.leave(format!(
            "add [exec.{}] to the configuration file, restart the server, and import again: until then nothing runs",
            command.name
        ));
        return Ok(false);
    }
    accept(reply).map(|_| true)
}

fn is_about_the_url(reply: &Reply) -> bool {
    let loc = reply.body["detail"].as_array().and_then(|all| all.first()).map(|first| &first["loc"]);
    let last = loc.and_then(Value::as_array).and_then(|loc| loc.last()).and_then(Value::as_str);
    reply.status == StatusCode::UNPROCESSABLE_ENTITY && last == Some("url")
}
