//! Groups of listeners: whose a message is, and where a group stands.

use std::time::Duration;

use postrider_core::environment::Settings;
use postrider_core::id::{EnvironmentId, MessageId};
use postrider_core::scope::EnvironmentScope;

use super::World;
use crate::listen::{GROUP_KEPT, GroupKey, MemberKey, Offer, Offered, Tending};

const GROUP: GroupKey = GroupKey([1; 16]);
const ANN: MemberKey = MemberKey([2; 16]);
const BOB: MemberKey = MemberKey([3; 16]);
const CLAIM: Duration = Duration::from_secs(30);

/// Fills an environment with a group that has done one message, and has another in hand.
pub(super) async fn fill(world: &World, environment: EnvironmentId) {
    let (scope, now) = (world.system().environment(environment), world.now());
    world.store.open_group(scope, GROUP, 7, now).await.unwrap();
    let messages = vec![world.id(MessageId::make), world.id(MessageId::make)];
    let done = messages[0];
    let offer = Offer { member: ANN, messages, hold: 2, now, until: now.after(CLAIM) };
    world.store.claim_in_group(scope, GROUP, offer).await.unwrap();
    assert!(world.store.finish_in_group(scope, GROUP, done).await.unwrap());
}

struct Scene {
    world: World,
    scope: EnvironmentScope,
    /// Oldest first.
    messages: Vec<MessageId>,
}

impl Scene {
    async fn new(world: World) -> Self {
        let environment = world.environment(Settings::default()).await;
        let scope = world.system().environment(environment);
        let messages = (0..6).map(|_| world.id(MessageId::make)).collect();
        let scene = Self { world, scope, messages };
        assert_eq!(scene.open(7).await, 7);
        scene
    }

    async fn open(&self, position: i64) -> i64 {
        let now = self.world.now();
        self.world.store.open_group(self.scope, GROUP, position, now).await.unwrap()
    }

    async fn claim(&self, member: MemberKey, hold: usize) -> Offered {
        let now = self.world.now();
        let offer = Offer { member, messages: self.messages.clone(), hold, now, until: now.after(CLAIM) };
        self.world.store.claim_in_group(self.scope, GROUP, offer).await.unwrap()
    }

    async fn finish(&self, which: usize) -> bool {
        self.world.store.finish_in_group(self.scope, GROUP, self.messages[which]).await.unwrap()
    }

    /// A sign of life that keeps what the member has, or gives it back.
    async fn tend(&self, member: MemberKey, keeps: bool, read_to: usize, oldest: usize) -> i64 {
        let now = self.world.now();
        let tending = Tending {
            member,
            until: if keeps { now.after(CLAIM) } else { now },
            read_to: self.messages[read_to].row(),
            oldest: self.messages[oldest].row(),
            now,
        };
        self.world.store.tend_group(self.scope, GROUP, tending).await.unwrap().unwrap()
    }

    fn taken(&self, which: &[(usize, u32)], decided: usize) -> Offered {
        let taken = which.iter().map(|(which, attempt)| (self.messages[*which], *attempt)).collect();
        Offered { taken, decided }
    }
}

/// Of two members each message has one, and none more than it may hold.
pub async fn a_message_is_one_members(world: World) {
    let scene = Scene::new(world).await;
    assert_eq!(scene.claim(ANN, 2).await, scene.taken(&[(0, 1), (1, 1)], 2));
    assert_eq!(scene.claim(ANN, 2).await, scene.taken(&[], 2), "her hands are full");
    assert_eq!(scene.claim(BOB, 3).await, scene.taken(&[(2, 1), (3, 1), (4, 1)], 5));
    assert!(scene.finish(0).await, "it is done");
    assert_eq!(scene.claim(ANN, 2).await, scene.taken(&[(5, 1)], 6));
    let other = scene.world.environment(Settings::default()).await;
    let other = scene.world.system().environment(other);
    let there = scene.world.store.finish_in_group(other, GROUP, scene.messages[1]).await.unwrap();
    assert!(!there, "another environment has no such group");
}

/// What a member has is free when its time is over, or when it gives it back, and not before.
pub async fn a_claim_ends(world: World) {
    let mut scene = Scene::new(world).await;
    scene.claim(ANN, 2).await;
    scene.world.pass(Duration::from_secs(20));
    scene.tend(ANN, true, 0, 0).await;
    scene.world.pass(Duration::from_secs(20));
    assert_eq!(scene.claim(BOB, 1).await, scene.taken(&[(2, 1)], 3), "she has renewed hers");
    scene.world.reopen().await;
    scene.world.pass(CLAIM);
    assert_eq!(scene.claim(BOB, 2).await, scene.taken(&[(0, 2), (1, 2)], 2), "after a restart too");
    scene.tend(BOB, false, 0, 0).await;
    scene.world.pass(Duration::from_millis(1));
    assert_eq!(scene.claim(ANN, 1).await, scene.taken(&[(0, 3)], 1), "he has given them back");
}

/// The position follows what is done, stays before what is not, and what is behind it is never claimed again.
pub async fn a_groups_position_follows_what_is_done(world: World) {
    let scene = Scene::new(world).await;
    scene.claim(ANN, 4).await;
    for which in [0, 2] {
        scene.finish(which).await;
    }
    assert_eq!(scene.tend(ANN, true, 3, 0).await, scene.messages[1].row() - 1);
    scene.finish(1).await;
    scene.finish(3).await;
    assert_eq!(scene.tend(ANN, true, 2, 0).await, scene.messages[2].row(), "no further than was read");
    assert_eq!(scene.claim(BOB, 9).await, scene.taken(&[(4, 1), (5, 1)], 6), "what is done stays done");
    assert_eq!(scene.open(0).await, scene.messages[2].row(), "who comes later finds it");
    // The message of a claim may be gone with its time.
    assert_eq!(scene.tend(BOB, true, 5, 5).await, scene.messages[5].row() - 1);
}

/// A group that nobody listens in is forgotten, its claims too.
pub async fn a_group_is_forgotten_when_nobody_listens(world: World) {
    let scene = Scene::new(world).await;
    scene.claim(ANN, 1).await;
    scene.finish(0).await;
    scene.world.pass(GROUP_KEPT + Duration::from_secs(1));
    let now = scene.world.now();
    scene.world.store.open_group(scene.scope, GroupKey([9; 16]), 0, now).await.unwrap();
    assert_eq!(scene.claim(ANN, 1).await, Offered::default(), "it is gone");
    assert_eq!(scene.open(0).await, 0);
    assert_eq!(scene.claim(ANN, 1).await, scene.taken(&[(0, 1)], 1));
}
