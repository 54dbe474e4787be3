//! Resending, skipping and recovering.

use std::time::Duration;

use postrider_core::attempt::Trigger;
use postrider_core::delivery::State;
use postrider_core::id::{EndpointId, MessageId, TaskId};
use postrider_core::task::{Task, TaskKind, TaskStatus};
use postrider_core::time::Timestamp;

use super::{Tenant, World};
use crate::{ResendError, Then};

const MINUTE: Duration = Duration::from_secs(60);

/// Finished deliveries.
pub async fn a_finished_delivery_starts_anew(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    for then in [Then::Succeeded, Then::Failed] {
        let message = world.hold(&tenant, endpoint).await;
        world.finish(message, endpoint, 0, Then::Waiting { due: world.now() }).await;
        world.claim(endpoint).await;
        world.finish(message, endpoint, 1, then).await;
        world.pass(MINUTE);
        world.store.resend(tenant.scope, message, endpoint, world.now(), None).await.unwrap();
        let work = world.claim(endpoint).await.work.pop().unwrap();
        assert_eq!((work.attempts, work.uncounted, work.trigger), (2, 2, Trigger::Manual));
        assert_eq!(work.due, world.now());
        world.finish(message, endpoint, 2, Then::Waiting { due: world.now() }).await;
        let work = world.claim(endpoint).await.work.pop().unwrap();
        assert_eq!((work.attempts, work.uncounted, work.trigger), (3, 2, Trigger::Scheduled));
        world.finish(message, endpoint, 3, Then::Succeeded).await;
    }
}

/// Deliveries between two attempts.
pub async fn a_waiting_delivery_is_hastened_once(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    world.finish(message, endpoint, 0, Then::Waiting { due: world.now().after(MINUTE) }).await;
    for _ in 0..2 {
        world.store.resend(tenant.scope, message, endpoint, world.now(), None).await.unwrap();
    }
    let work = world.claim(endpoint).await.work.pop().unwrap();
    assert_eq!((work.attempts, work.uncounted, work.trigger), (1, 1, Trigger::Manual));
    // Under way it stays as it is.
    world.store.resend(tenant.scope, message, endpoint, world.now(), None).await.unwrap();
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Held);
    world.finish(message, endpoint, 1, Then::Succeeded).await;
}

/// An endpoint that did not want the message, or was not there yet.
pub async fn a_missing_delivery_is_made(world: World) {
    let tenant = world.tenant().await;
    let message = world.new_message(&tenant);
    let id = message.id;
    world.accept(&tenant, message, &[]).await;
    let endpoint = world.endpoint(&tenant).await;
    world.store.resend(tenant.scope, id, endpoint, world.now(), None).await.unwrap();
    let work = world.claim(endpoint).await.work.pop().unwrap();
    assert_eq!((work.attempts, work.uncounted, work.trigger), (0, 0, Trigger::Manual));
}

/// Refusals.
pub async fn what_cannot_be_sent_again_is_refused(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.hold(&tenant, endpoint).await;
    let resend = async |message, endpoint| {
        world.store.resend(tenant.scope, message, endpoint, world.now(), None).await.unwrap_err()
    };
    let unknown = resend(world.id(MessageId::make), endpoint).await;
    assert!(matches!(unknown, ResendError::NoMessage), "{unknown}");
    let unknown = resend(message, world.id(EndpointId::make)).await;
    assert!(matches!(unknown, ResendError::NoEndpoint), "{unknown}");
    world.store.expunge_message(tenant.scope, message, world.now()).await.unwrap();
    let empty = resend(message, endpoint).await;
    assert!(matches!(empty, ResendError::NoPayload), "{empty}");
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Canceled);
}

/// Skipping.
pub async fn skipping_ends_a_delivery(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let message = world.queue(&tenant, endpoint).await;
    let skip = async |message, endpoint| {
        world.store.skip(tenant.scope, message, endpoint, world.now()).await.unwrap()
    };
    assert!(skip(message, endpoint).await);
    assert!(!skip(message, endpoint).await, "it is finished");
    assert!(!skip(world.id(MessageId::make), endpoint).await);
    assert!(!skip(message, world.id(EndpointId::make)).await);
    assert_eq!(world.state(&tenant, message, endpoint).await, State::Canceled);
    assert_eq!(world.claim_ids(endpoint).await, []);
}

async fn start(
    world: &World,
    tenant: &Tenant,
    endpoint: EndpointId,
    since: Timestamp,
    until: Timestamp,
) -> TaskId {
    let task = Task {
        id: world.id(TaskId::make),
        app: tenant.app.id,
        kind: TaskKind::Recover { endpoint, since, until },
        status: TaskStatus::Running,
        affected: 0,
        created_at: world.now(),
        updated_at: world.now(),
    };
    let id = task.id;
    world.store.start_task(tenant.scope, task.clone(), None).await.unwrap();
    assert_eq!(world.store.running_tasks(world.system()).await.unwrap(), [task]);
    id
}

/// Twelve messages, a minute apart; every second one failed.
async fn half_failed(world: &World, tenant: &Tenant, endpoint: EndpointId) -> Vec<MessageId> {
    let mut failed = Vec::new();
    for index in 0..12 {
        let message = world.hold(tenant, endpoint).await;
        let fails = index % 2 == 0;
        world.finish(message, endpoint, 0, if fails { Then::Failed } else { Then::Succeeded }).await;
        failed.extend(fails.then_some(message));
        world.pass(MINUTE);
    }
    failed
}

/// Which deliveries are recovered.
pub async fn recovery_takes_what_failed_in_its_time(world: World) {
    let tenant = world.tenant().await;
    let (endpoint, other) = (world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let begin = world.now();
    let failed = half_failed(&world, &tenant, endpoint).await;
    half_failed(&world, &tenant, other).await;
    world.store.expunge_message(tenant.scope, failed[2], world.now()).await.unwrap();
    // From the second minute to before the eighth: the failed ones at 2, 4 and 6, of which one has no payload.
    let task = start(&world, &tenant, endpoint, begin.after(2 * MINUTE), begin.after(8 * MINUTE)).await;
    let mut affected = 0;
    let mut steps = 0;
    loop {
        let step = world.store.step_task(world.system(), task, 1, world.now()).await.unwrap();
        affected += step.affected;
        steps += 1;
        if step.finished {
            break;
        }
        assert!(steps < 100, "it comes to no end");
    }
    assert_eq!(affected, 2);
    assert_eq!(world.store.running_tasks(world.system()).await.unwrap(), []);
    let work = world.claim(endpoint).await.work;
    assert_eq!(work.iter().map(|work| work.message.id).collect::<Vec<_>>(), [failed[1], failed[3]]);
    assert!(work.iter().all(|work| work.uncounted == 1 && work.due == world.now()));
    assert_eq!(world.claim_ids(other).await, []);
    let after = world.store.step_task(world.system(), task, 10, world.now()).await.unwrap();
    assert!(after.finished && after.affected == 0, "a finished task does nothing");
}

/// A task remembers its place.
pub async fn recovery_goes_on_after_a_restart(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let begin = world.now();
    let failed = half_failed(&world, &tenant, endpoint).await;
    let task = start(&world, &tenant, endpoint, begin, world.now()).await;
    let step = world.store.step_task(world.system(), task, 4, world.now()).await.unwrap();
    assert_eq!((step.affected, step.finished), (4, false));
    world.restart().await;
    let running = world.store.running_tasks(world.system()).await.unwrap();
    assert_eq!((running[0].id, running[0].affected, running[0].app), (task, 4, tenant.app.id));
    let step = world.store.step_task(world.system(), task, 4, world.now()).await.unwrap();
    assert_eq!((step.affected, step.finished), (2, true));
    assert_eq!(world.claim_ids(endpoint).await, failed);
}
