//! Background tasks: kept, listed, moved on step by step, and ended.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::attempt::Trigger;
use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId, TaskId, first_row_at};
use postrider_core::limits;
use postrider_core::reception::{Replay, Sameness};
use postrider_core::replay::{SearchReplay, Selection, SourceReplay, Targets};
use postrider_core::task::{Job, Progress, Skip, Span, Task, TaskKind, TaskStatus};

use super::idempotency::asked;
use super::sources::{self, arrival};
use super::world::{page, waiting, whole};
use super::{Tenant, World};
use crate::{Again, Answer, Arrival, Edge, StartError, Step, TaskFilter, Then, Which, Within};

const HOUR: Duration = Duration::from_secs(3_600);

/// A task of the next hour, not begun.
pub(super) fn new_task(world: &World, tenant: &Tenant, job: Job) -> Task {
    let now = world.now();
    Task {
        id: world.id(TaskId::make),
        environment: tenant.environment,
        app: Some(tenant.app.id),
        job,
        span: Span { since: now, until: now.after(HOUR) },
        reached: first_row_at(now),
        status: TaskStatus::Running,
        progress: Progress::default(),
        failure: None,
        created_at: now,
        updated_at: now,
    }
}

pub(super) async fn start(world: &World, tenant: &Tenant, job: Job) -> Task {
    let task = new_task(world, tenant, job);
    world.store.start_task(tenant.scope.into(), task.clone(), None).await.unwrap();
    task
}

/// A task about everything of the tenant's environment.
async fn start_wide(world: &World, tenant: &Tenant) -> Task {
    let job = Job::ReplaySearch(SearchReplay { query: "status:failed".into() });
    let task = Task { app: None, ..new_task(world, tenant, job) };
    let within = Within::Environment(world.system().environment(tenant.environment));
    world.store.start_task(within, task.clone(), None).await.unwrap();
    task
}

/// As many tasks of an application run as may; what was asked for before gets its answer all the same.
pub async fn running_tasks_of_an_app_have_a_limit(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let ask = async |key: Option<u8>| {
        let record = key.map(|key| asked(&world, key, 1, Answer::Body(Bytes::from_static(b"it"))));
        let task = new_task(&world, &tenant, Job::Recover(endpoint));
        world.store.start_task(tenant.scope.into(), task, record).await
    };
    let at_once = (0..limits::APP_TASKS + 4).map(|_| ask(Some(1)));
    let begun = futures_util::future::join_all(at_once).await;
    assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), 1, "{begun:?}");
    let at_once = (0..limits::APP_TASKS + 4).map(|_| ask(None));
    let begun = futures_util::future::join_all(at_once).await;
    assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), limits::APP_TASKS - 1, "{begun:?}");
    let refused = ask(Some(2)).await;
    assert!(matches!(refused, Err(StartError::TooMany { limit: limits::APP_TASKS })), "{refused:?}");
    let repeated = ask(Some(1)).await;
    assert!(matches!(repeated, Err(StartError::Repeated(_))), "{repeated:?}");

    let other = world.tenant().await;
    start(&world, &other, Job::Recover(endpoint)).await;
    let running = world.store.running_tasks(world.system()).await.unwrap();
    world.store.cancel_task(tenant.scope.into(), running[0].id, world.now()).await.unwrap().unwrap();
    ask(Some(2)).await.expect("one has ended, and the refusal was not remembered");
    assert!(world.store.delete_app(tenant.scope, world.now()).await.unwrap());
    let refused = ask(None).await;
    assert!(matches!(refused, Err(StartError::NoApp)), "{refused:?}");
}

/// A step from where `task` is to right behind it, which does nothing.
pub(super) fn step(world: &World, task: &Task) -> Step {
    Step {
        task: task.id,
        from: task.reached,
        reached: task.reached + 1,
        status: TaskStatus::Running,
        failure: None,
        again: Vec::new(),
        arrivals: Vec::new(),
        progress: Progress::default(),
        now: world.now(),
    }
}

/// Sends messages again in a step of a task of its own.
async fn again(
    world: &World,
    tenant: &Tenant,
    endpoint: EndpointId,
    messages: &[MessageId],
    which: Which,
) -> Progress {
    let task = start(world, tenant, Job::Recover(endpoint)).await;
    let again = vec![Again { app: tenant.app.id, endpoint, messages: messages.to_vec(), which }];
    let step = Step { again, status: TaskStatus::Finished, ..step(world, &task) };
    world.store.step_task(world.system(), step).await.unwrap().expect("the task is there")
}

async fn task(world: &World, tenant: &Tenant, id: TaskId) -> Option<Task> {
    let scope = world.system().environment(tenant.environment).lookup();
    world.store.task(scope, id).await.unwrap()
}

fn skipped<const N: usize>(counts: [(Skip, u64); N]) -> BTreeMap<Skip, u64> {
    BTreeMap::from(counts)
}

/// Every field, before and after a restart, and nobody else sees it.
pub async fn a_task_is_kept_whole(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let selection = Selection {
        event_types: vec!["a".into()],
        channel: Some("ü".into()),
        tag: Some("t".into()),
        states: vec![State::Failed, State::Canceled],
        code_class: Some(5),
    };
    let to = Targets { endpoints: vec![endpoint], listener: Some("me".into()) };
    let mut all = Vec::new();
    for job in [
        Job::Recover(endpoint),
        Job::ReplayMissing(endpoint),
        Job::BulkReplay(endpoint, selection),
        Job::ReplaySource(SourceReplay { to, ..SourceReplay::default() }),
    ] {
        all.push(start(&world, &tenant, job).await);
    }
    let mut progress = Progress { matched: 9, ..Progress::default() };
    progress.skip(Skip::NotSigned, 2);
    let failure = Some("there is no secret that signs".to_owned());
    let given_up = Step { status: TaskStatus::Failed, failure, progress, ..step(&world, &all[3]) };
    world.pass(HOUR);
    let given_up = Step { now: world.now(), ..given_up };
    world.store.step_task(world.system(), given_up.clone()).await.unwrap().unwrap();
    all[3] = Task {
        reached: given_up.reached,
        status: TaskStatus::Failed,
        failure: given_up.failure,
        progress: given_up.progress,
        updated_at: given_up.now,
        ..all[3].clone()
    };
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        for expected in &all {
            assert_eq!(task(&world, &tenant, expected.id).await.as_ref(), Some(expected));
        }
        assert_eq!(world.store.running_tasks(world.system()).await.unwrap(), all[..3]);
    }
    let other = world.tenant().await;
    assert_eq!(task(&world, &other, all[0].id).await, None);
    assert_eq!(task(&world, &tenant, world.id(TaskId::make)).await, None);
    assert!(world.store.delete_app(tenant.scope, world.now()).await.unwrap());
    assert_eq!(task(&world, &tenant, all[0].id).await, None);
    assert_eq!(world.store.running_tasks(world.system()).await.unwrap(), []);
}

/// Lists of tasks go both ways, over all applications of an environment, and are filtered.
pub async fn pages_walk_tasks_both_ways(world: World) {
    let tenant = world.tenant().await;
    let neighbour = world.app(tenant.environment).await;
    let endpoint = world.endpoint(&tenant).await;
    let mut all = Vec::new();
    for (owner, job) in [
        (&tenant, Job::Recover(endpoint)),
        (&neighbour, Job::ReplayMissing(endpoint)),
        (&tenant, Job::BulkReplay(endpoint, Selection::default())),
        (&tenant, Job::Recover(endpoint)),
    ] {
        all.insert(0, start(&world, owner, job).await.id);
    }
    let stranger = world.tenant().await;
    start(&world, &stranger, Job::Recover(endpoint)).await;
    world.store.cancel_task(tenant.scope.into(), all[0], world.now()).await.unwrap().unwrap();

    let scope = world.system().environment(tenant.environment);
    let list = async |filter: TaskFilter, page| {
        let listed = world.store.tasks(scope, filter, page).await.unwrap();
        (listed.rows.iter().map(|task| task.id).collect::<Vec<_>>(), listed.next)
    };
    let any = TaskFilter::default;
    assert_eq!(list(any(), page(2, None)).await, (all[..2].to_vec(), Some(all[1])));
    assert_eq!(list(any(), page(9, Some(Edge::After(all[1])))).await, (all[2..].to_vec(), None));
    assert_eq!(list(any(), page(1, Some(Edge::Before(all[2])))).await.0, all[1..2]);
    let running = TaskFilter { statuses: Some(vec![TaskStatus::Running]), kinds: None };
    assert_eq!(list(running.clone(), whole()).await.0, all[1..]);
    let recoveries = TaskFilter { kinds: Some(vec![TaskKind::Recover]), ..running };
    assert_eq!(list(recoveries, whole()).await.0, all[3..]);
    let none = TaskFilter { kinds: Some(Vec::new()), statuses: None };
    assert_eq!(list(none, whole()).await.0, []);
}

/// What a step does to deliveries, by where they stand.
pub async fn a_step_sends_again_what_is_not_under_way(world: World) {
    let tenant = world.tenant().await;
    let (endpoint, gone) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    assert!(world.store.delete_endpoint(tenant.scope, gone, world.now()).await.unwrap());
    let failed = world.hold(&tenant, endpoint).await;
    world.finish(failed, endpoint, 0, Then::Failed).await;
    let succeeded = world.hold(&tenant, endpoint).await;
    world.finish(succeeded, endpoint, 0, Then::Succeeded).await;
    let retried = world.hold(&tenant, endpoint).await;
    world.finish(retried, endpoint, 0, Then::Waiting { due: world.now().after(HOUR) }).await;
    let held = world.hold(&tenant, endpoint).await;
    let expunged = world.hold(&tenant, endpoint).await;
    world.finish(expunged, endpoint, 0, Then::Failed).await;
    world.store.expunge_message(tenant.scope, expunged, world.now()).await.unwrap();
    let unsent = world.new_message(&tenant);
    let missing = unsent.id;
    world.accept(&tenant, unsent, &[]).await;
    let all = [failed, succeeded, retried, held, expunged, missing];

    let only_failed = Which::In(vec![State::Failed]);
    let done = again(&world, &tenant, endpoint, &[failed, succeeded, expunged], only_failed).await;
    assert_eq!((done.matched, done.affected), (0, 1));
    assert_eq!(done.skipped, skipped([(Skip::NoPayload, 1), (Skip::UnderWay, 1)]));
    assert_eq!(world.state(&tenant, succeeded, endpoint).await, State::Succeeded);

    let done = again(&world, &tenant, endpoint, &all, Which::Missing).await;
    assert_eq!((done.matched, done.affected, done.skipped), (1, 1, skipped([])));

    let done = again(&world, &tenant, endpoint, &all, Which::Every).await;
    assert_eq!((done.matched, done.affected), (0, 4), "two wait already, and are hastened");
    assert_eq!(done.skipped, skipped([(Skip::NoPayload, 1), (Skip::UnderWay, 1)]));
    assert_eq!(world.state(&tenant, held, endpoint).await, State::Held);

    let done = again(&world, &tenant, gone, &all, Which::Every).await;
    assert_eq!((done.affected, done.skipped), (0, skipped([(Skip::NoEndpoint, 6)])));
    let work = world.claim(endpoint).await.work;
    let mut claimed: Vec<_> = work.iter().map(|work| work.message.id).collect();
    claimed.sort_unstable();
    assert_eq!(claimed, [failed, succeeded, retried, missing]);
    assert!(work.iter().all(|work| work.trigger == Trigger::Manual && !work.ordered), "outside of any order");
}

/// Of steps that were made of one place, one takes effect, whoever makes them, and after a restart too.
pub async fn of_two_steps_from_one_place_one_takes_effect(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let messages = [world.queue(&tenant, endpoint).await, world.queue(&tenant, endpoint).await];
    for message in messages {
        world.store.skip(tenant.scope, message, endpoint, world.now()).await.unwrap();
    }
    let begun = start(&world, &tenant, Job::Recover(endpoint)).await;
    let of = |messages: &[MessageId]| {
        vec![Again { app: tenant.app.id, endpoint, messages: messages.to_vec(), which: Which::Every }]
    };
    let first = Step { again: of(&messages[..1]), ..step(&world, &begun) };
    let at_once = (0..8).map(|_| world.store.step_task(world.system(), first.clone()));
    let done = futures_util::future::join_all(at_once).await;
    assert_eq!(done.iter().filter(|done| done.as_ref().unwrap().is_some()).count(), 1, "{done:?}");
    world.restart().await;
    assert_eq!(world.store.step_task(world.system(), first.clone()).await.unwrap(), None);

    let here = task(&world, &tenant, begun.id).await.unwrap();
    assert_eq!((here.reached, here.progress.affected), (first.reached, 1));
    let last = Step { again: of(&messages[1..]), status: TaskStatus::Finished, ..step(&world, &here) };
    world.store.step_task(world.system(), last.clone()).await.unwrap().unwrap();
    let after = Step { from: last.reached, reached: last.reached, ..last };
    assert_eq!(world.store.step_task(world.system(), after).await.unwrap(), None, "it is finished");
    let here = task(&world, &tenant, begun.id).await.unwrap();
    assert_eq!((here.status, here.progress.affected), (TaskStatus::Finished, 2));
    assert_eq!(world.claim_ids(endpoint).await, messages);
}

/// New messages come with the step, once, and repeat nothing.
pub async fn a_step_makes_new_messages(mut world: World) {
    let scene = sources::scene(&world).await;
    let (endpoint, other) = (world.endpoint(&scene.tenant).await, world.endpoint(&scene.tenant).await);
    let original = world.new_message(&scene.tenant);
    let of = original.id;
    sources::take(&world, scene.tenant.scope, vec![arrival(&world, &scene, original, "evt", &[])]).await;
    let begun = start(&world, &scene.tenant, Job::ReplaySource(SourceReplay::default())).await;
    let replay = Replay { of, edited: false, listener: Some("me".into()), to_endpoints: true };
    let both = [waiting(endpoint), waiting(other)];
    let arrivals: Vec<Arrival> = [&both[..], &both[..1], &[]]
        .into_iter()
        .map(|deliveries| {
            let message = world.new_message(&scene.tenant);
            let sameness = Sameness::of_replay(message.id);
            let mut new = arrival(&world, &scene, message, "evt", deliveries);
            new.reception.detail.replay = Some(replay.clone());
            Arrival { sameness, ..new }
        })
        .collect();
    let ids: Vec<_> = arrivals.iter().map(|arrival| arrival.acceptance.message.id).collect();
    let made = Step { arrivals, status: TaskStatus::Finished, ..step(&world, &begun) };
    let done = world.store.step_task(world.system(), made.clone()).await.unwrap().unwrap();
    assert_eq!(done.affected, 4, "deliveries, and the message that has none");
    assert_eq!(world.store.step_task(world.system(), made).await.unwrap(), None);
    world.restart().await;
    assert_eq!(world.claim_ids(endpoint).await, ids[..2]);
    assert_eq!(world.claim_ids(other).await, ids[..1]);
    for reception in world.store.receptions(scene.tenant.scope, ids).await.unwrap() {
        let reception = reception.expect("it is kept");
        assert_eq!((reception.duplicate_of, reception.detail.replay), (None, Some(replay.clone())));
    }
    // What the provider sends again is a repetition of the original still.
    let twin = world.new_message(&scene.tenant);
    let taken =
        sources::take(&world, scene.tenant.scope, vec![arrival(&world, &scene, twin, "evt", &[])]).await;
    assert_eq!(taken[0].duplicate_of, Some(of));
}

/// After the answer to a cancellation, nothing of the task happens.
pub async fn a_canceled_task_takes_no_step(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.queue(&tenant, endpoint).await;
    world.store.skip(tenant.scope, message, endpoint, world.now()).await.unwrap();
    let begun = start(&world, &tenant, Job::Recover(endpoint)).await;
    let other = world.tenant().await;
    let neighbour = world.app(tenant.environment).await;
    for scope in [other.scope, neighbour.scope] {
        assert_eq!(world.store.cancel_task(scope.into(), begun.id, world.now()).await.unwrap(), None);
    }
    assert_eq!(task(&world, &tenant, begun.id).await.unwrap().status, TaskStatus::Running);
    for _ in 0..2 {
        let ended =
            world.store.cancel_task(tenant.scope.into(), begun.id, world.now()).await.unwrap().unwrap();
        assert_eq!(ended.status, TaskStatus::Canceled);
    }
    let again = vec![Again { app: tenant.app.id, endpoint, messages: vec![message], which: Which::Every }];
    let late = Step { again, ..step(&world, &begun) };
    assert_eq!(world.store.step_task(world.system(), late).await.unwrap(), None);
    assert_eq!(world.claim_ids(endpoint).await, []);
}

/// A task about an environment sends again what belongs to several applications, is found and ended by the environment
/// alone, and goes when its messages do.
pub async fn a_task_of_an_environment_is_about_all_of_it(mut world: World) {
    let tenant = world.tenant().await;
    let (neighbour, stranger) = (world.app(tenant.environment).await, world.tenant().await);
    let begun = start_wide(&world, &tenant).await;
    world.restart().await;
    assert_eq!(task(&world, &tenant, begun.id).await.as_ref(), Some(&begun));
    assert_eq!(task(&world, &stranger, begun.id).await, None);
    assert_eq!(world.store.running_tasks(world.system()).await.unwrap(), std::slice::from_ref(&begun));

    let mut again = Vec::new();
    let mut all = Vec::new();
    for owner in [&tenant, &neighbour, &stranger] {
        let endpoint = world.endpoint(owner).await;
        let message = world.hold(owner, endpoint).await;
        world.finish(message, endpoint, 0, Then::Failed).await;
        all.push((endpoint, message));
        let which = Which::In(vec![State::Failed]);
        again.push(Again { app: owner.app.id, endpoint, messages: vec![message], which });
    }
    let step = Step { again, ..step(&world, &begun) };
    let done = world.store.step_task(world.system(), step.clone()).await.unwrap().unwrap();
    assert_eq!((done.affected, done.skipped), (2, skipped([(Skip::NoEndpoint, 1)])), "nothing of others");
    assert_eq!(world.store.step_task(world.system(), step).await.unwrap(), None);
    for (endpoint, message) in &all[..2] {
        assert_eq!(world.claim_ids(*endpoint).await, [*message]);
    }
    assert_eq!(world.state(&stranger, all[2].1, all[2].0).await, State::Failed);

    let environment = |of: &Tenant| Within::Environment(world.system().environment(of.environment));
    for within in [tenant.scope.into(), environment(&stranger)] {
        assert_eq!(world.store.cancel_task(within, begun.id, world.now()).await.unwrap(), None);
    }
    let ended = world.store.cancel_task(environment(&tenant), begun.id, world.now()).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.progress.affected), (TaskStatus::Canceled, 2));
    let running = start_wide(&world, &tenant).await;
    world.retain(100).await;
    assert!(task(&world, &tenant, ended.id).await.is_some());
    world.pass(Duration::from_secs(400 * 24 * 3_600));
    world.retain(100).await;
    assert_eq!(task(&world, &tenant, ended.id).await, None);
    assert!(task(&world, &tenant, running.id).await.is_some());
}

/// As many tasks of an environment run as may, whatever its applications do.
pub async fn running_tasks_of_an_environment_have_a_limit(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    start(&world, &tenant, Job::Recover(endpoint)).await;
    for _ in 0..limits::APP_TASKS {
        start_wide(&world, &tenant).await;
    }
    let job = Job::ReplaySearch(SearchReplay { query: "x".into() });
    let one_more = Task { app: None, ..new_task(&world, &tenant, job) };
    let within = Within::Environment(world.system().environment(tenant.environment));
    let refused = world.store.start_task(within, one_more, None).await;
    assert!(matches!(refused, Err(StartError::TooMany { .. })), "{refused:?}");
    start(&world, &tenant, Job::Recover(endpoint)).await;
}

/// Finished tasks are kept for as long as messages are, and running ones for as long as they run.
pub async fn finished_tasks_are_kept_for_a_time(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let ended = start(&world, &tenant, Job::Recover(endpoint)).await;
    world.store.cancel_task(tenant.scope.into(), ended.id, world.now()).await.unwrap();
    let running = start(&world, &tenant, Job::Recover(endpoint)).await;
    world.retain(100).await;
    assert!(task(&world, &tenant, ended.id).await.is_some());
    world.pass(Duration::from_secs(400 * 24 * 3_600));
    world.retain(100).await;
    assert_eq!(task(&world, &tenant, ended.id).await, None);
    assert!(task(&world, &tenant, running.id).await.is_some());
}
