//! Accepting messages.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use postrider_core::app::Ref;
use postrider_core::attempt::Trigger;
use postrider_core::delivery::State;
use postrider_core::environment::Settings;
use postrider_core::id::{AppId, MessageId};
use postrider_core::message::{Payload, Raw};

use super::World;
use super::world::{every_message, held, ordered, waiting};
use crate::{AcceptError, Acceptance, Placement};

const HOUR: Duration = Duration::from_secs(3_600);

/// All fields come back as they went in.
pub async fn a_message_is_kept_as_it_came(world: World) {
    let tenant = world.tenant().await;
    let mut full = world.new_message(&tenant);
    full.event_id = Some("evt-1".into());
    full.channels = vec!["eu".into(), "us".into()];
    full.tags = vec!["trial".into()];
    full.ordering_key = Some("customer-7".into());
    full.deliver_at = Some(world.now().after(HOUR));
    full.expire_at = Some(world.now().after(2 * HOUR));
    let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
    // Bytes from outside need not be text.
    let body = Bytes::from_static(b"\0\xff raw \xc3\x28");
    full.payload = Some(Payload { body, raw: Some(Raw { headers, as_it_came: false }) });
    let plain = world.new_message(&tenant);
    for message in [full, plain] {
        assert_eq!(world.accept(&tenant, message.clone(), &[]).await, []);
        assert_eq!(world.message(&tenant, message.id).await, Some(message.clone()));
        if let Some(event_id) = &message.event_id {
            let name = Ref::Uid(event_id.clone());
            let bare = world.store.message(tenant.scope, &name, false).await.unwrap();
            assert_eq!(bare, Some(postrider_core::message::Message { payload: None, ..message }));
        }
    }
}

/// Held, waiting or parked.
pub async fn deliveries_are_put_where_they_belong(world: World) {
    let tenant = world.tenant().await;
    let (a, b, c) =
        (world.endpoint(&tenant).await, world.endpoint(&tenant).await, world.endpoint(&tenant).await);
    let (now, later) = (world.now(), world.now().after(HOUR));
    let first = world.new_message(&tenant);
    let placements = world.accept(&tenant, first, &[held(a), waiting(b), ordered(c, 0)]).await;
    assert_eq!(placements, [Placement::Held, Placement::Waiting { due: now }, Placement::Held]);

    let mut scheduled = world.new_message(&tenant);
    scheduled.deliver_at = Some(later);
    let id = scheduled.id;
    let placements = world.accept(&tenant, scheduled, &[held(a), waiting(b), ordered(c, 0)]).await;
    let due = Placement::Waiting { due: later };
    assert_eq!(placements, [due, due, Placement::Parked]);
    assert_eq!(world.delivery(&tenant, id, a).await.unwrap().due, Some(later));
    assert_eq!(world.state(&tenant, id, c).await, State::Parked);

    let mut past = world.new_message(&tenant);
    past.deliver_at = Some(now.before(HOUR));
    assert_eq!(world.accept(&tenant, past, &[held(a)]).await, [Placement::Held], "the time has come already");
}

/// The trigger of a message's deliveries.
pub async fn what_a_person_asks_for_is_attempted_as_that(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    for trigger in [Trigger::Manual, Trigger::Scheduled] {
        let acceptance = world.acceptance(world.new_message(&tenant), &[waiting(endpoint)]);
        world.store.accept(tenant.scope, Acceptance { trigger, ..acceptance }).await.unwrap();
        let work = world.claim(endpoint).await.work;
        assert_eq!(work.iter().map(|work| work.trigger).collect::<Vec<_>>(), [trigger]);
    }
}

/// Event ids.
pub async fn an_event_id_names_one_message_of_an_app(world: World) {
    let tenant = world.tenant().await;
    let neighbour = world.app(tenant.environment).await;
    let endpoint = world.endpoint(&tenant).await;
    for (tenant, free) in [(&tenant, true), (&tenant, false), (&neighbour, true)] {
        let mut message = world.new_message(tenant);
        message.event_id = Some("evt-1".into());
        let deliveries = if free { vec![] } else { vec![held(endpoint)] };
        let outcome = world.store.accept(tenant.scope, world.acceptance(message, &deliveries)).await;
        match outcome {
            Ok(_) => assert!(free),
            Err(AcceptError::EventIdTaken) => assert!(!free),
            Err(other) => panic!("{other}"),
        }
    }
}

/// All or nothing.
pub async fn a_refused_message_leaves_nothing_behind(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let mut message = world.new_message(&tenant);
    message.event_id = Some("evt-1".into());
    world.accept(&tenant, message.clone(), &[]).await;
    message.id = world.id(MessageId::make);
    let refused = message.id;
    let outcome = world.store.accept(tenant.scope, world.acceptance(message, &[waiting(endpoint)])).await;
    assert!(matches!(outcome, Err(AcceptError::EventIdTaken)), "{outcome:?}");
    // The same endpoint twice breaks the rule of one delivery per message and endpoint, in the middle of the writing.
    let twice = world.new_message(&tenant);
    let broken = twice.id;
    let outcome = world
        .store
        .accept(tenant.scope, world.acceptance(twice, &[waiting(endpoint), waiting(endpoint)]))
        .await;
    assert!(matches!(outcome, Err(AcceptError::Store(_))), "{outcome:?}");
    for id in [refused, broken] {
        assert_eq!(world.message(&tenant, id).await, None);
    }
    assert_eq!(world.claim(endpoint).await.work.len(), 0);
}

/// An application that is not there.
pub async fn an_unknown_app_gets_no_messages(world: World) {
    let tenant = world.tenant().await;
    let elsewhere = world.environment(Settings::default()).await;
    let unknown = world.system().app(tenant.environment, world.id(AppId::make));
    let wrong = world.system().app(elsewhere, tenant.app.id);
    world.accept(&tenant, world.new_message(&tenant), &[]).await;
    for scope in [unknown, wrong] {
        let outcome = world.store.accept(scope, world.acceptance(world.new_message(&tenant), &[])).await;
        assert!(matches!(outcome, Err(AcceptError::NoApp)), "{outcome:?}");
    }
    world.store.delete_app(tenant.scope, world.now()).await.unwrap();
    let outcome = world.store.accept(tenant.scope, world.acceptance(world.new_message(&tenant), &[])).await;
    assert!(matches!(outcome, Err(AcceptError::NoApp)), "{outcome:?}");
}

/// What was acknowledged is there.
pub async fn many_at_once_are_all_there_after_a_restart(mut world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let message = world.new_message(&tenant);
            let (id, store, scope) = (message.id, Arc::clone(&world.store), tenant.scope);
            let acceptance = world.acceptance(message, &[waiting(endpoint)]);
            tokio::spawn(async move { store.accept(scope, acceptance).await.map(|_| id).unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap());
    }
    ids.sort_unstable();
    world.restart().await;
    let stored = every_message(&*world.store, tenant.scope).await;
    let mut stored: Vec<_> = stored.iter().map(|message| message.id).collect();
    stored.reverse();
    assert_eq!(stored, ids);
    for _ in 0..2 {
        assert_eq!(world.claim(endpoint).await.work.len(), 100);
    }
    assert_eq!(world.claim(endpoint).await.work.len(), 0);
}

/// A caller that hangs up between commit and answer.
pub async fn what_a_vanished_caller_was_given_waits_again(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    for _ in 0..20 {
        let acceptance = world.acceptance(world.new_message(&tenant), &[held(endpoint)]);
        let mut accept = world.store.accept(tenant.scope, acceptance);
        // Polled once, so that it is queued, and then dropped.
        assert!(accept.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let mut claimed = 0;
    for _ in 0..2_000 {
        claimed += world.claim(endpoint).await.work.len();
        if claimed == 20 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{claimed} of 20 came back");
}
