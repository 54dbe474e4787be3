//! The audit log: what every act of a face leaves behind, and who may read it.
//!
//! A face wraps an act in [`observe`], and hands what was noted of it to [`record`] with the act's name and outcome, before
//! it answers. In between, services note whom and what the act is about ([`notes`]), and what it changes ([`settings`]);
//! where nobody observes, that costs a look.
//!
//! Left out are acts that are their own record: publishing, receiving, acknowledging, bins. `docs/decisions/0019-audit-log.md`
//! says why.

mod notes;
mod settings;

use std::net::IpAddr;

use postrider_core::audit::{Actor, ActorKind, Entry, Target};
use postrider_core::id::{AuditId, EnvironmentId};
use postrider_core::key::Key;
use postrider_core::rights::Right;
use postrider_core::scope::{Identity, Reach, SystemScope};
use postrider_store::{AuditFilter, AuditScope, Listed, Page};

pub use notes::{Notes, about, by, is_observed, observe};
pub(super) use notes::{changed, in_environment};

use super::access;
use crate::context::Context;

/// An act and how it ended.
#[derive(Debug)]
pub struct Act {
    /// The operation, as the API calls it.
    pub action: String,
    /// Its outcome as a status of HTTP.
    pub status: u16,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// What it was about in the words of whoever asked: for nouns that nobody noted, because they were not found.
    pub named: Vec<Target>,
    /// What was noted meanwhile.
    pub notes: Notes,
}

/// Who acts with a key or a portal session.
#[must_use]
pub fn holder(key: &Key) -> Actor {
    let kind = if key.portal.is_some() { ActorKind::Portal } else { ActorKind::Key };
    Actor::new(kind, key.id, &key.name)
}

/// The environment that an identity acts in.
#[must_use]
pub const fn environment(identity: Identity) -> Option<EnvironmentId> {
    match identity.reach() {
        Reach::Instance => None,
        Reach::Environment(environment) | Reach::App(environment, _) => Some(environment),
    }
}

/// Records an act whose actor is known; what strangers try is not recorded. The act has happened: a store that cannot
/// record it changes that no more, so the failure is told to the operator and not to the caller.
pub async fn record(context: &Context, act: Act) {
    let Act { action, status, address, named, notes } = act;
    let Some(actor) = notes.actor else { return };
    let mut targets = notes.targets;
    for target in named {
        if targets.len() < postrider_core::audit::TARGETS
            && !targets.iter().any(|noted| noted.noun == target.noun)
        {
            targets.push(target);
        }
    }
    let entry = Entry {
        id: AuditId::make(&context.ids, &*context.clock, &*context.rng),
        at: context.now(),
        environment: notes.environment,
        actor,
        action,
        targets,
        changes: notes.changes,
        status,
        address: address.map(|address| address.to_canonical().to_string()),
    };
    let action = entry.action.clone();
    if let Err(error) = context.store.record_audit(SystemScope::assume(), entry).await {
        metrics::counter!("postrider_audit_failures_total").increment(1);
        tracing::error!(
            error = &error as &dyn std::error::Error,
            action,
            "failed to record an act in the audit log"
        );
    }
}

/// Does something for somebody and records it: for faces that have no statuses of their own. What succeeds is recorded as
/// 200, what fails as 400.
pub async fn doing<T, E>(
    context: &Context,
    action: &str,
    (actor, environment, address): (Actor, Option<EnvironmentId>, Option<IpAddr>),
    act: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let (outcome, notes) = observe(async {
        by(actor, environment);
        act.await
    })
    .await;
    let status = if outcome.is_ok() { 200 } else { 400 };
    record(context, Act { action: action.to_owned(), status, address, named: Vec::new(), notes }).await;
    outcome
}

/// Entries, newest first: all of them for who manages the instance, those of its environment for others who manage one.
pub async fn list(
    context: &Context,
    identity: Identity,
    filter: AuditFilter,
    page: Page<AuditId>,
) -> Result<Listed<Entry, AuditId>, access::Error> {
    let scope = match identity.reach() {
        Reach::Instance => AuditScope::Instance(identity.instance()?),
        Reach::Environment(_) | Reach::App(..) => {
            AuditScope::Environment(identity.environment(Right::Manage)?)
        }
    };
    Ok(context.store.audited(scope, filter, page).await?)
}
