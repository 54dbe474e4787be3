//! Failures that look alike.

use std::time::Duration;

use bytes::Bytes;
use postrider_core::attempt::{Failure, FailureClass};
use postrider_core::id::{AttemptId, EndpointId, IssueId};
use postrider_core::issue::{ENDPOINT_ISSUES, Issue, KEPT, Kind, Said, State};

use super::world::page;
use super::{Tenant, World};
use crate::{Edge, EndpointMark, IssueFilter, Mark, Settled, Then, Within};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

impl World {
    /// All issues that are wanted, newest first: page after page, since any page may be short.
    async fn issues(&self, within: Within, states: &[State]) -> Vec<Issue> {
        let (mut all, mut edge) = (Vec::new(), None);
        loop {
            let filter = IssueFilter { states: states.to_vec(), endpoint: None, now: self.now() };
            let listed = self.store.issues(within, filter, page(7, edge)).await.unwrap();
            all.extend(listed.rows);
            let Some(next) = listed.next else { return all };
            edge = Some(Edge::After(next));
        }
    }

    /// A delivery whose attempt fails with this answer, after so many earlier attempts.
    async fn fail_with(
        &self,
        tenant: &Tenant,
        endpoint: EndpointId,
        status_code: u16,
        body: &str,
    ) -> AttemptId {
        let message = self.hold(tenant, endpoint).await;
        let mut attempt = self.attempt(message, endpoint, 1);
        (attempt.succeeded, attempt.status_code) = (false, status_code);
        attempt.response = Some(Bytes::copy_from_slice(body.as_bytes()));
        if status_code == 0 {
            attempt.failure = Some(Failure { class: FailureClass::Connect, sentence: body.into() });
        }
        let id = attempt.id;
        assert!(matches!(self.settle(attempt, Then::Failed).await, Settled::Recorded { .. }));
        id
    }
}

/// Grouping.
pub async fn failures_that_look_alike_are_one_issue(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let first = world.fail_with(&tenant, endpoint, 500, "order 17 is unknown").await;
    let began = world.now();
    world.pass(HOUR);
    world.restart().await;
    let last = world.fail_with(&tenant, endpoint, 500, "order 4711 is unknown").await;
    world.fail_with(&tenant, endpoint, 500, "no such user").await;
    world.fail_with(&tenant, endpoint, 0, "the connection was refused").await;
    let within = Within::App(tenant.scope);
    let issues = world.issues(within, &[]).await;
    let found: Vec<_> = issues.iter().map(|issue| (issue.kind, issue.failures.attempts)).collect();
    let expected =
        [(Kind::Unanswered(FailureClass::Connect), 1), (Kind::Status(500), 1), (Kind::Status(500), 2)];
    assert_eq!(found, expected);
    let issue = &issues[2];
    assert_eq!(issue.id, IssueId::from_bytes(*first.as_bytes()));
    assert_eq!((issue.first_seen, issue.last.seen, issue.last.attempt), (began, world.now(), last));
    assert_eq!((issue.failures.deliveries, issue.failures.given_up), (2, 2));
    assert_eq!(issue.hours.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 1]);
    assert_eq!((issue.app, issue.endpoint, issue.environment), (tenant.app.id, endpoint, tenant.environment));
    assert_eq!(world.store.issue(within, issue.id).await.unwrap().as_ref(), Some(issue));
    let of_environment = Within::Environment(world.system().environment(tenant.environment));
    assert_eq!(world.issues(of_environment, &[]).await, issues);
}

/// Retries of one delivery.
pub async fn a_delivery_that_fails_again_is_one_delivery(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    for attempts in 0..3 {
        world.finish(message, endpoint, attempts, Then::Waiting { due: world.now() }).await;
        world.claim(endpoint).await;
    }
    let issues = world.issues(Within::App(tenant.scope), &[]).await;
    let failures = issues[0].failures;
    assert_eq!((issues.len(), failures.attempts, failures.deliveries, failures.given_up), (1, 3, 1, 0));
}

/// What people say.
pub async fn an_issue_stands_as_was_said(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    world.fail_with(&tenant, endpoint, 500, "oops").await;
    let within = Within::App(tenant.scope);
    let id = world.issues(within, &[State::Open]).await[0].id;
    let say = async |said| {
        let issue = world.store.say_of_issue(within, id, said, world.now()).await.unwrap().unwrap();
        assert_eq!(issue.said, said);
        issue.state(world.now())
    };
    let until = Some(world.now().after(HOUR));
    assert_eq!(say(Said::Muted(until)).await, State::Muted);
    assert_eq!(world.issues(within, &[State::Open]).await, []);
    assert_eq!(say(Said::Resolved).await, State::Resolved);
    assert_eq!(say(Said::Acknowledged).await, State::Acknowledged);
    assert_eq!(world.issues(within, &[State::Acknowledged]).await.len(), 1);
    // It is over while it was looked after. Should it come again, nobody looks after it.
    world.pass(DAY + HOUR);
    world.fold(KEPT, 10).await;
    assert_eq!(world.issues(within, &[State::Resolved]).await[0].said, Said::Resolved);
    world.pass(HOUR);
    world.fail_with(&tenant, endpoint, 500, "oops").await;
    assert_eq!(world.issues(within, &[State::Open]).await.len(), 1);
    // One at an endpoint that fails is not over because nothing is sent there.
    let mark = EndpointMark { endpoint, mark: Mark::Failing { since: world.now() } };
    world.store.settle(world.system(), std::sync::Arc::default(), vec![mark]).await.unwrap();
    world.pass(2 * DAY);
    assert_eq!(world.issues(within, &[State::Open]).await.len(), 1);
}

/// Ceilings.
pub async fn an_endpoint_has_so_many_issues(mut world: World) {
    let tenant = world.tenant().await;
    let (endpoint, other) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let text = |number: usize| {
        let letter = |number: usize| char::from(b'a' + (number % 26) as u8);
        [letter(number / 26), letter(number)].iter().collect::<String>()
    };
    for number in 0..ENDPOINT_ISSUES + 3 {
        if number == ENDPOINT_ISSUES - 5 {
            world.restart().await;
        }
        world.fail_with(&tenant, endpoint, 500, &text(number)).await;
    }
    world.fail_with(&tenant, other, 500, "new").await;
    let issues = world.issues(Within::App(tenant.scope), &[]).await;
    assert_eq!(issues.len(), ENDPOINT_ISSUES + 2);
    let others: Vec<_> = issues.iter().filter(|issue| issue.kind == Kind::Other).collect();
    assert_eq!((others.len(), others[0].failures.attempts), (1, 3));
}

/// Scopes, and what is deleted.
pub async fn issues_of_others_do_not_exist(world: World) {
    let (tenant, stranger) = (world.tenant().await, world.tenant().await);
    let neighbour = world.app(tenant.environment).await;
    let endpoint = world.endpoint(&tenant).await;
    world.fail_with(&tenant, endpoint, 500, "oops").await;
    let id = world.issues(Within::App(tenant.scope), &[]).await[0].id;
    let elsewhere = world.system().environment(stranger.environment);
    for within in [Within::App(neighbour.scope), Within::App(stranger.scope), Within::Environment(elsewhere)]
    {
        assert_eq!(world.issues(within, &[]).await, []);
        assert_eq!(world.store.issue(within, id).await.unwrap(), None);
        assert_eq!(world.store.say_of_issue(within, id, Said::Resolved, world.now()).await.unwrap(), None);
    }
    let mut forged = *id.as_bytes();
    forged[19] ^= 1;
    let found = world.store.issue(Within::App(tenant.scope), IssueId::from_bytes(forged)).await.unwrap();
    assert_eq!(found, None);
    world.store.delete_endpoint(tenant.scope, endpoint, world.now()).await.unwrap();
    assert_eq!(world.store.issue(Within::App(tenant.scope), id).await.unwrap(), None);
    assert_eq!(world.issues(Within::App(tenant.scope), &[]).await, []);
}

/// Folding and forgetting.
pub async fn hours_fold_and_issues_that_are_not_seen_go(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    for _ in 0..4 {
        world.fail_with(&tenant, endpoint, 500, "oops").await;
        world.pass(HOUR);
    }
    let within = Within::App(tenant.scope);
    let before = world.issues(within, &[]).await.remove(0);
    assert_eq!(before.hours.len(), 4);
    world.pass(3 * DAY);
    let last = world.fail_with(&tenant, endpoint, 500, "oops").await;
    world.fold(KEPT, 2).await;
    let after = world.issues(within, &[]).await.remove(0);
    assert_eq!((after.failures.attempts, after.hours.len(), after.last.attempt), (5, 1, last));
    assert_eq!((after.id, after.first_seen), (before.id, before.first_seen));
    world.pass(KEPT.saturating_sub(DAY));
    world.fold(KEPT, 2).await;
    assert_eq!(world.issues(within, &[]).await.len(), 1, "it is kept for so long after it was seen last");
    world.pass(2 * DAY);
    world.fold(KEPT, 2).await;
    assert_eq!(world.issues(within, &[]).await, []);
    let again = world.fail_with(&tenant, endpoint, 500, "oops").await;
    let issue = world.issues(within, &[]).await.remove(0);
    assert_eq!((issue.id, issue.failures.attempts), (IssueId::from_bytes(*again.as_bytes()), 1));
}
