//! Issues: failures that look alike, looked at, spoken of, and repaired.

use postrider_core::app::Ref;
use postrider_core::attempt::Attempt;
use postrider_core::delivery::State as DeliveryState;
use postrider_core::id::{AppId, EndpointId, IssueId};
use postrider_core::issue::{Issue, Kind, Said, State};
use postrider_core::limits::PAGE_MAX;
use postrider_core::names::Invalid;
use postrider_core::replay::Selection;
use postrider_core::rights::Right;
use postrider_core::scope::{Identity, Reach, SystemScope};
use postrider_core::task::{Job, Task};
use postrider_store::{Edge, IssueFilter, Listed, Page, Within};

use super::fields::InvalidFields;
use super::once::Once;
use super::{access, audit, tasks};
use crate::context::Context;

/// How long before an issue was first seen its oldest message may have been accepted: longer than the default schedule
/// goes on.
const ACCEPTED_BEFORE: std::time::Duration = std::time::Duration::from_secs(48 * 3_600);

/// Issues that [`recent`] looks at.
const LOOKED_AT: usize = 1_000;

/// Which issues.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this application.
    pub app: Option<Ref<AppId>>,
    /// Of this endpoint, of the application that is named.
    pub endpoint: Option<Ref<EndpointId>>,
    /// That stand so; empty means all.
    pub states: Vec<State>,
}

/// Why an act on issues fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// The task that was asked for was not begun.
    #[error(transparent)]
    Task(#[from] tasks::Error),
}

/// Issues of the environment, or of one application, newest first. A page may be short, even empty, before the end.
pub async fn list(
    context: &Context,
    identity: Identity,
    filter: &Filter,
    page: Page<IssueId>,
) -> Result<Listed<Issue, IssueId>, Error> {
    let own = match identity.reach() {
        Reach::App(_, app) => Some(Ref::Id(app)),
        Reach::Environment(_) | Reach::Instance => None,
    };
    let (within, endpoint) = match filter.app.as_ref().or(own.as_ref()) {
        Some(app) => {
            let found = access::app(context, identity, Right::Read, app).await?;
            let endpoint = match &filter.endpoint {
                Some(endpoint) => Some(access::endpoint(context, found.scope, endpoint).await?.id),
                None => None,
            };
            (Within::App(found.scope), endpoint)
        }
        None if filter.endpoint.is_some() => {
            return Err(InvalidFields::one("endpointId", Invalid::value("needs `appId` beside it")).into());
        }
        None => (Within::Environment(identity.environment(Right::Read)?), None),
    };
    let filter = IssueFilter { states: filter.states.clone(), endpoint, now: context.now() };
    Ok(context.store.issues(within, filter, page).await?)
}

/// Issues as [`list`] knows them, those first that were seen last, and at most `count`: for a page that shows what happens
/// now. It looks at the newest [`LOOKED_AT`] of them.
pub async fn recent(
    context: &Context,
    identity: Identity,
    filter: &Filter,
    count: usize,
) -> Result<Vec<Issue>, Error> {
    let (mut issues, mut edge) = (Vec::new(), None);
    for _ in 0..LOOKED_AT / PAGE_MAX {
        let listed = list(context, identity, filter, Page { limit: PAGE_MAX, edge, order: None }).await?;
        issues.extend(listed.rows);
        let Some(next) = listed.next else { break };
        edge = Some(Edge::After(next));
    }
    issues.sort_by_key(|issue| std::cmp::Reverse(issue.last.seen));
    issues.truncate(count);
    Ok(issues)
}

/// The last failure of an issue that the caller has got, with what was answered; `None` once retention has removed it.
pub async fn last_attempt(
    context: &Context,
    identity: Identity,
    issue: IssueId,
) -> Result<Option<Attempt>, Error> {
    let issue = find(context, identity, Right::Read, issue).await?;
    let scope = SystemScope::assume().app(issue.environment, issue.app);
    Ok(context.store.attempt(scope, issue.last.message, issue.last.attempt).await?)
}

/// One issue.
pub async fn get(context: &Context, identity: Identity, issue: IssueId) -> Result<Issue, Error> {
    find(context, identity, Right::Read, issue).await
}

/// Notes what somebody says of an issue: that they look after it, do not want to hear of it, that it is solved, or that
/// it is none of these.
pub async fn say(context: &Context, identity: Identity, issue: IssueId, said: Said) -> Result<Issue, Error> {
    let now = context.now();
    if said.until().is_some_and(|until| until <= now) {
        return Err(InvalidFields::one("mutedUntil", Invalid::value("must be in the future")).into());
    }
    let issue = find(context, identity, Right::Send, issue).await?;
    let changed = context.store.say_of_issue(within(&issue), issue.id, said, now).await?;
    Ok(changed.ok_or(access::Error::Missing("issue"))?)
}

/// Begins a task that sends again what was given up at the endpoint of an issue since it was first seen, as far as the
/// last answer was of the issue's class: what failed so, and seldom something else.
pub async fn replay(
    context: &Context,
    identity: Identity,
    issue: IssueId,
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    let issue = find(context, identity, Right::Send, issue).await?;
    let scope = SystemScope::assume().app(issue.environment, issue.app);
    let span = tasks::span(issue.first_seen.before(ACCEPTED_BEFORE), None, context.now())?;
    let selection = Selection {
        states: vec![DeliveryState::Failed],
        code_class: code_class(issue.kind),
        ..Selection::default()
    };
    Ok(tasks::start(context, scope, Job::BulkReplay(issue.endpoint, selection), (span, context.now()), once)
        .await?)
}

/// What the last answers of its deliveries have in common; 0 for none.
const fn code_class(kind: Kind) -> Option<u16> {
    match kind {
        Kind::Status(status) => Some(status / 100),
        Kind::Unanswered(_) => Some(0),
        Kind::Other => None,
    }
}

/// The issue, if the caller reaches its application.
async fn find(context: &Context, identity: Identity, right: Right, issue: IssueId) -> Result<Issue, Error> {
    let within = match identity.reach() {
        Reach::App(_, app) => Within::App(access::app(context, identity, right, &Ref::Id(app)).await?.scope),
        Reach::Environment(_) | Reach::Instance => Within::Environment(identity.environment(right)?),
    };
    let found = context.store.issue(within, issue).await?.ok_or(access::Error::Missing("issue"))?;
    audit::about("issue", found.id);
    Ok(found)
}

fn within(issue: &Issue) -> Within {
    Within::App(SystemScope::assume().app(issue.environment, issue.app))
}

access::causes!(Error);

#[cfg(test)]
mod tests {
    use postrider_core::attempt::FailureClass;

    use super::*;

    #[test]
    fn what_is_replayed_is_of_the_issues_class() {
        for (kind, class) in [
            (Kind::Status(503), Some(5)),
            (Kind::Status(404), Some(4)),
            (Kind::Unanswered(FailureClass::Timeout), Some(0)),
            (Kind::Other, None),
        ] {
            assert_eq!(code_class(kind), class);
        }
    }
}
