//! What an attempt leaves behind when something of ours panics.

use std::sync::atomic::{AtomicU32, Ordering};

use postrider_core::rng::{Rng, TestRng};
use postrider_egress::Policy;
use tokio::task::JoinHandle;

use super::*;
use crate::context::fixture::Fixture;

/// Panics the first times that it is asked, which is when an attempt is written down.
struct Panicking {
    times: AtomicU32,
    rng: TestRng,
}

impl Rng for Panicking {
    fn fill(&self, bytes: &mut [u8]) {
        let left =
            self.times.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |times| times.checked_sub(1));
        assert!(left.is_err(), "as the test wants");
        self.rng.fill(bytes);
    }
}

struct Scene {
    fixture: Fixture,
    courier: Arc<Courier>,
    settling: JoinHandle<()>,
    work: Work,
    destination: Arc<Destination>,
}

impl Scene {
    /// A delivery that cannot be sent, since its payload is gone: nothing leaves the machine.
    async fn panicking(times: u32) -> Self {
        let mut fixture = Fixture::new().await;
        fixture.publish().await;
        let mut work = loop {
            if let Event::Held(work) = fixture.inbox.0.recv().await.expect("the lanes are there") {
                break work;
            }
        };
        Arc::make_mut(&mut work.message).payload = None;
        let parts = Arc::get_mut(&mut fixture.context).expect("nobody else has it");
        parts.rng = Arc::new(Panicking { times: AtomicU32::new(times), rng: TestRng::seed(2) });
        let context = &fixture.context;
        let destination = context.directory.destination(work.app, work.endpoint).await.unwrap().unwrap();
        let (settler, settling) = Settler::start(Arc::clone(context));
        let client = Arc::new(Client::new(Policy::strict()));
        let courier = Courier::new(Arc::clone(context), client, settler, Duration::from_secs(1));
        Self { courier: Arc::new(courier), settling, work, destination, fixture }
    }

    /// What the lanes are told of the attempt.
    async fn told(self) -> Vec<Event> {
        let Self { mut fixture, courier, settling, work, destination } = self;
        courier.deliver(work, destination).await;
        settling.await.unwrap();
        std::iter::from_fn(|| fixture.inbox.0.try_recv().ok()).collect()
    }
}

#[tokio::test]
async fn a_panic_after_the_answer_is_an_attempt_that_is_made_again() {
    for times in [0, 1] {
        let scene = Scene::panicking(times).await;
        let start = scene.fixture.context.now();
        let told = scene.told().await;
        let [Event::Ended(ended), Event::Waiting { due, .. }] = &told[..] else {
            panic!("{} events", told.len())
        };
        assert_eq!(ended.result, Outcome::Internal);
        assert!((4..=6).contains(&due.since(start).as_secs()), "5 s by the schedule");
    }
}

#[tokio::test]
async fn what_was_made_by_hand_is_attempted_once() {
    let mut scene = Scene::panicking(0).await;
    Arc::make_mut(&mut scene.work.message).edited_of = Some(scene.work.message.id);
    let told = scene.told().await;
    let [Event::Ended(ended)] = &told[..] else { panic!("{} events", told.len()) };
    assert_eq!(ended.result, Outcome::Internal, "it says nothing of the endpoint");
}

#[tokio::test]
async fn the_slot_is_given_back_even_if_nothing_can_be_written_down() {
    let told = Scene::panicking(u32::MAX).await.told().await;
    assert!(matches!(told[..], [Event::Ended(_)]), "{} events", told.len());
}

#[tokio::test]
async fn what_arrived_stays_arrived_whatever_happens_after() {
    let Scene { courier, work, destination, .. } = Scene::panicking(0).await;
    let at = courier.context.now();
    let settlement = courier.make_do(&work, &destination, 204, at);
    assert_eq!(settlement.then, Then::Succeeded);
    assert!(settlement.attempt.succeeded && settlement.attempt.failure.is_none());
    let settlement = courier.make_do(&work, &destination, 0, at);
    assert!(matches!(settlement.then, Then::Waiting { due } if due > at));
    assert_eq!(settlement.attempt.failure.map(|failure| failure.class), Some(FailureClass::Internal));
}
