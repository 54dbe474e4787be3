//! Idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::limits::IDEMPOTENCY_KEPT;
use postrider_core::task::Job;

use super::world::waiting;
use super::{World, tasks};
use crate::{
    AcceptError, Acceptance, Answer, ChangeError, CreateError, Idempotency, Repeat, ResendError, StartError,
};

pub(super) fn asked(world: &World, key: u8, request: u8, answer: Answer) -> Idempotency {
    Idempotency { key: [key; 32], request: [request; 32], status: 201, answer, now: world.now() }
}

fn body(text: &'static str) -> Answer {
    Answer::Body(Bytes::from_static(text.as_bytes()))
}

fn answered(answer: Answer) -> Repeat {
    Repeat::Answered { status: 201, answer }
}

/// Every verb that takes a key.
pub async fn the_same_request_gets_the_same_answer(world: World) {
    let (tenant, store) = (world.tenant().await, &world.store);
    let environment = world.system().environment(tenant.environment);
    let endpoint = world.endpoint(&tenant).await;
    let message = world.queue(&tenant, endpoint).await;
    for again in [false, true] {
        let with = |key| Some(asked(&world, key, 7, body("the answer")));
        let mut outcomes = Vec::new();
        match store.create_app(environment, world.new_app(tenant.environment, None), with(1)).await {
            Err(CreateError::Repeated(repeat)) => outcomes.push(Some(repeat)),
            outcome => outcomes.push(outcome.map(|()| None).unwrap()),
        }
        match store.create_event_type(environment, world.new_event_type("a"), with(2)).await {
            Err(CreateError::Repeated(repeat)) => outcomes.push(Some(repeat)),
            outcome => outcomes.push(outcome.map(|()| None).unwrap()),
        }
        match store.create_endpoint(tenant.scope, world.new_endpoint(&tenant), with(3)).await {
            Err(CreateError::Repeated(repeat)) => outcomes.push(Some(repeat)),
            outcome => outcomes.push(outcome.map(|()| None).unwrap()),
        }
        let change = Arc::new(|_: &mut _| ());
        match store.change_endpoint(tenant.scope, endpoint, change, world.now(), with(4)).await {
            Err(ChangeError::Repeated(repeat)) => outcomes.push(Some(repeat)),
            outcome => outcomes.push(outcome.map(|_| None).unwrap()),
        }
        match store.resend(tenant.scope, message, vec![endpoint], world.now(), with(5)).await {
            Err(ResendError::Repeated(repeat)) => outcomes.push(Some(repeat)),
            outcome => outcomes.push(outcome.map(|()| None).unwrap()),
        }
        let task = tasks::new_task(&world, &tenant, Job::Recover(endpoint));
        match store.start_task(tenant.scope.into(), task, with(6)).await {
            Err(StartError::Repeated(repeat)) => outcomes.push(Some(repeat)),
            outcome => outcomes.push(outcome.map(|()| None).unwrap()),
        }
        let acceptance = Acceptance {
            idempotency: Some(asked(&world, 7, 7, Answer::Message(message))),
            ..world.acceptance(world.new_message(&tenant), &[])
        };
        match store.accept(tenant.scope, acceptance).await {
            Err(AcceptError::Repeated(repeat)) => outcomes.push(Some(repeat)),
            outcome => outcomes.push(outcome.map(|_| None).unwrap()),
        }
        let mut expected = vec![again.then(|| answered(body("the answer"))); 6];
        expected.push(again.then(|| answered(Answer::Message(message))));
        assert_eq!(outcomes, expected);
    }
    assert_eq!(store.all_endpoints(tenant.scope).await.unwrap().len(), 2, "no second effect");
    assert_eq!(store.running_tasks(world.system()).await.unwrap().len(), 1);
}

/// The key was used for something else.
pub async fn another_body_is_refused(world: World) {
    let tenant = world.tenant().await;
    let scope = world.system().environment(tenant.environment);
    let create = async |request| {
        let app = world.new_app(tenant.environment, None);
        world.store.create_app(scope, app, Some(asked(&world, 1, request, body("x")))).await
    };
    create(1).await.unwrap();
    let outcome = create(2).await;
    assert!(matches!(outcome, Err(CreateError::Repeated(Repeat::OtherRequest))), "{outcome:?}");
}

/// Requests that race.
pub async fn two_at_once_have_one_effect(world: World) {
    let tenant = world.tenant().await;
    let endpoint = world.endpoint(&tenant).await;
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let message = world.new_message(&tenant);
            let id = message.id;
            let acceptance = Acceptance {
                idempotency: Some(asked(&world, 1, 1, Answer::Message(id))),
                ..world.acceptance(message, &[waiting(endpoint)])
            };
            let (store, scope) = (Arc::clone(&world.store), tenant.scope);
            tokio::spawn(async move { (id, store.accept(scope, acceptance).await) })
        })
        .collect();
    let (mut accepted, mut repeated) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            (id, Ok(_)) => accepted.push(id),
            (_, Err(AcceptError::Repeated(repeat))) => repeated.push(repeat),
            (_, Err(other)) => panic!("{other}"),
        }
    }
    assert_eq!(accepted.len(), 1);
    assert_eq!(repeated, vec![answered(Answer::Message(accepted[0])); 31]);
    assert_eq!(world.claim_ids(endpoint).await, accepted);
}

/// A request that had no effect may be made again.
pub async fn a_refused_request_is_not_remembered(world: World) {
    let tenant = world.tenant().await;
    let mut message = world.new_message(&tenant);
    message.event_id = Some("evt".into());
    world.accept(&tenant, message.clone(), &[]).await;
    message.id = world.id(MessageId::make);
    let acceptance = |message: &postrider_core::message::Message| Acceptance {
        idempotency: Some(asked(&world, 1, 1, Answer::Message(message.id))),
        ..world.acceptance(message.clone(), &[])
    };
    let refused = world.store.accept(tenant.scope, acceptance(&message)).await;
    assert!(matches!(refused, Err(AcceptError::EventIdTaken)), "{refused:?}");
    message.event_id = None;
    world.store.accept(tenant.scope, acceptance(&message)).await.expect("the first one had no effect");
}

/// How long an answer lives.
pub async fn answers_are_kept_for_their_hours_and_then_forgotten(world: World) {
    let tenant = world.tenant().await;
    let scope = world.system().environment(tenant.environment);
    let create = async |key| {
        let app = world.new_app(tenant.environment, None);
        world.store.create_app(scope, app, Some(asked(&world, key, 1, body("x")))).await
    };
    for key in 1..=3 {
        create(key).await.unwrap();
    }
    world.pass(IDEMPOTENCY_KEPT.checked_sub(Duration::from_secs(1)).unwrap());
    assert_eq!(world.retain(2).await.answers, 0);
    assert!(matches!(create(1).await, Err(CreateError::Repeated(_))), "it is kept for {IDEMPOTENCY_KEPT:?}");
    world.pass(IDEMPOTENCY_KEPT);
    assert_eq!(world.retain(2).await.answers, 3);
    create(1).await.expect("it is forgotten");
}
