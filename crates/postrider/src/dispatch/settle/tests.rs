//! Settling against a real store.

use bytes::Bytes;
use postrider_core::attempt::{Attempt, Timings};
use postrider_core::id::AttemptId;
use postrider_core::scope::SystemScope;
use postrider_store::Then;

use super::super::lanes::Event;
use super::*;
use crate::context::fixture::Fixture;

#[tokio::test]
async fn a_lane_is_told_of_what_was_given_back_once_it_can_be_claimed_again() {
    let mut fixture = Fixture::new().await;
    let message = fixture.publish().await;
    let work = loop {
        match fixture.inbox.0.recv().await {
            Some(Event::Held(work)) => break work,
            Some(_) => {}
            None => panic!("the lanes are gone"),
        }
    };
    let context = &fixture.context;
    let (settler, settling) = Settler::start(Arc::clone(context));
    settler.release(&[work]);
    let Some(Event::Waiting { endpoint, due, manual: false, .. }) = fixture.inbox.0.recv().await else {
        panic!("not told")
    };
    let claim = postrider_store::Claim { endpoint, now: due, limit: 1, max_bytes: 0 };
    let claimed = context.store.claim(SystemScope::assume(), claim).await.unwrap();
    assert_eq!(claimed.work.iter().map(|work| work.message.id).collect::<Vec<_>>(), [message.id]);
    drop(settler);
    settling.await.unwrap();
}

/// Deliveries in our hands, with a settlement for each.
async fn attempted(fixture: &mut Fixture, count: u32) -> Vec<Settlement> {
    for _ in 0..count {
        fixture.publish().await;
    }
    let mut settlements = Vec::new();
    while settlements.len() < count as usize {
        let Event::Held(work) = fixture.inbox.0.recv().await.expect("the lanes are there") else { continue };
        let context = &fixture.context;
        let due = context.now().after(Duration::from_secs(5));
        let attempt = Attempt {
            id: AttemptId::make(&context.ids, &*context.clock, &*context.rng),
            message: work.message.id,
            endpoint: work.endpoint,
            number: 1,
            at: context.now(),
            trigger: work.trigger,
            succeeded: false,
            status_code: 500,
            failure: None,
            url: String::new(),
            remote: None,
            timings: Timings::default(),
            request_headers: Bytes::new(),
            response_headers: Bytes::new(),
            response: None,
        };
        let event_type = work.message.event_type.clone();
        let then = Then::Waiting { due };
        settlements.push(Settlement { attempt, app: work.app, event_type, counted: true, then });
    }
    settlements
}

#[tokio::test]
async fn an_outcome_that_the_store_refuses_is_left_out_and_nothing_waits_behind_it() {
    let mut fixture = Fixture::new().await;
    let mut settlements = attempted(&mut fixture, 20).await;
    // Two attempts cannot have one id: the second is refused, however often it is tried.
    settlements[12].attempt.id = settlements[3].attempt.id;
    let refused = settlements[12].attempt.message;
    let last = settlements.pop().unwrap();

    let endpoint = fixture.endpoint.id;
    let (settler, settling) = Settler::start(Arc::clone(&fixture.context));
    for settlement in settlements {
        settler.attempted(settlement);
    }
    for told in 0..18 {
        assert!(matches!(fixture.inbox.0.recv().await, Some(Event::Waiting { .. })), "after {told}");
    }
    assert!(settler.unsettled() == 1 && !settler.is_idle(), "it is tried again");
    settler.attempted(last);
    assert!(matches!(fixture.inbox.0.recv().await, Some(Event::Waiting { .. })));
    assert_eq!(settler.unsettled(), 1, "what came later did not wait for it");

    while !settler.is_idle() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(settler.is_running());
    drop(settler);
    settling.await.unwrap();
    let due = fixture.context.now().after(Duration::from_secs(60));
    let claim = postrider_store::Claim { endpoint, now: due, limit: 100, max_bytes: usize::MAX };
    let claimed = fixture.context.store.claim(SystemScope::assume(), claim).await.unwrap();
    assert_eq!(claimed.work.len(), 19);
    assert!(claimed.work.iter().all(|work| work.message.id != refused), "it stays held");
}

#[tokio::test]
async fn once_the_store_is_closed_settling_says_that_it_is_over() {
    let mut fixture = Fixture::new().await;
    let settlement = attempted(&mut fixture, 1).await.remove(0);
    let (settler, settling) = Settler::start(Arc::clone(&fixture.context));
    fixture.context.store.close().await.unwrap();
    settler.attempted(settlement);
    settling.await.unwrap();
    assert!(!settler.is_running() && settler.is_idle());
}

#[tokio::test]
async fn who_waits_for_what_was_settled_so_far_waits_for_that_and_no_longer() {
    let mut fixture = Fixture::new().await;
    let settlements = attempted(&mut fixture, 3).await;
    let app = fixture.endpoint.app;
    let ids = |Settlement { attempt, .. }: &Settlement| (attempt.message, attempt.id);
    let attempts: Vec<_> = settlements.iter().map(ids).collect();
    let (settler, settling) = Settler::start(Arc::clone(&fixture.context));
    for settlement in settlements {
        settler.attempted(settlement);
    }
    settler.settled_so_far().await;
    let scope = fixture.context.directory.route(app).await.unwrap().unwrap().scope;
    for (message, attempt) in attempts {
        let recorded = fixture.context.store.attempt(scope, message, attempt).await.unwrap();
        assert!(recorded.is_some(), "it is recorded");
    }
    // With nothing to wait for it does not wait.
    settler.settled_so_far().await;
    assert!(settler.is_idle());
    drop(settler);
    settling.await.unwrap();
}
