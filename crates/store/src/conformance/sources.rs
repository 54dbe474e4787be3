//! Sources, what they receive, and what they refuse.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_core::app::{App, Ref};
use postrider_core::environment::Settings as EnvironmentSettings;
use postrider_core::id::{AppId, EndpointId, EnvironmentId, MessageId, RefusalId, SourceId};
use postrider_core::message::Message;
use postrider_core::reception::{Detail, Octets, Received, Reception, Refusal, Ring, Sameness, Standing};
use postrider_core::scope::AppScope;
use postrider_core::source::{Credential, Cron, IngestToken, Private, Settings, Source, SourceToken};

use super::world::{held, ordered, page, whole};
use super::{Tenant, World};
use crate::accept::FIFO;
use crate::{
    AppFilter, Arrival, ChangeError, Claim, CreateError, Edge, Firing, Intake, NewDelivery, Placement, Taken,
    Then,
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A source with its hidden application, as a tenant.
pub(super) struct Scene {
    source: Source,
    pub(super) tenant: Tenant,
}

fn new_source(world: &World, environment: EnvironmentId, uid: Option<&str>) -> (Source, App) {
    let id = world.id(SourceId::make);
    let app = App { source: Some(id), throttle_rate: None, ..world.new_app(environment, None) };
    let token = IngestToken::generate(&world.rng);
    let source = Source {
        id,
        environment,
        app: app.id,
        uid: uid.map(str::to_owned),
        name: "from the shop".into(),
        kind: "shopify".into(),
        metadata: BTreeMap::from([("team".to_owned(), "sales".to_owned())]),
        settings: Settings {
            preset: Some("shopify".into()),
            tolerance_seconds: Some(7),
            parameters: BTreeMap::from([("audience".to_owned(), "us".to_owned())]),
            cron: Some(Cron { schedule: "* * * * *".into(), payload: "{}".into(), content_type: None }),
            ..Settings::default()
        },
        private: Private {
            credentials: vec![Credential { text: "s3cret".to_owned().into(), not_after: Some(world.now()) }],
            parameters: BTreeMap::from([("verify_token".to_owned(), "hush".to_owned().into())]),
            tokens: vec![SourceToken { token, expires_at: None }],
        },
        next_firing: None,
        created_at: world.now(),
        updated_at: world.now(),
    };
    (source, app)
}

async fn scene_in(world: &World, environment: EnvironmentId) -> Scene {
    let (source, app) = new_source(world, environment, None);
    let scope = world.system().environment(environment);
    world.store.create_source(scope, source.clone(), app.clone(), None).await.unwrap();
    let scope = scope.source(&source).unwrap();
    Scene { source, tenant: Tenant { environment, app, scope } }
}

pub(super) async fn scene(world: &World) -> Scene {
    let environment = world.environment(EnvironmentSettings::default()).await;
    scene_in(world, environment).await
}

fn received() -> Received {
    Received {
        method: "POST".into(),
        tail: "/orders".into(),
        query: Some("a=b".into()),
        headers: vec![
            ("x-shop".into(), Octets(Bytes::from_static(b"caf\xe9"))),
            ("x-shop".into(), Octets(Bytes::from_static(b"two"))),
        ],
        remote: Some("192.0.2.7".parse().unwrap()),
    }
}

pub(super) fn arrival(
    world: &World,
    scene: &Scene,
    message: Message,
    same: &str,
    to: &[NewDelivery],
) -> Arrival {
    let detail = Detail {
        request: Some(received()),
        secret: Some(0),
        event_id: Some(same.to_owned()),
        ..Detail::default()
    };
    let message = Message { app: scene.tenant.app.id, ..message };
    Arrival {
        acceptance: world.acceptance(message, to),
        reception: Reception { standing: Standing::Verified, body_hash: [7; 32], duplicate_of: None, detail },
        sameness: Sameness::of_id(same),
    }
}

pub(super) async fn take(world: &World, scope: AppScope, arrivals: Vec<Arrival>) -> Vec<Taken> {
    let intake = Intake { arrivals, since: world.now().before(DAY), firing: None };
    world.store.receive(scope, intake).await.unwrap()
}

/// Receives one message; its id, and what became of it.
async fn take_one(world: &World, scene: &Scene, same: &str, to: &[NewDelivery]) -> (MessageId, Taken) {
    let message = world.new_message(&scene.tenant);
    let id = message.id;
    let mut taken = take(world, scene.tenant.scope, vec![arrival(world, scene, message, same, to)]).await;
    (id, taken.pop().unwrap())
}

async fn reception(world: &World, scope: AppScope, message: MessageId) -> Option<Reception> {
    world.store.receptions(scope, vec![message]).await.unwrap().pop().unwrap()
}

fn new_refusal(world: &World, body: &'static [u8]) -> Refusal {
    Refusal {
        id: world.id(RefusalId::make),
        at: world.now(),
        request: received(),
        code: "no_match".into(),
        reason: "no secret matched".into(),
        body_bytes: 70_000,
        body: Bytes::from_static(body),
    }
}

/// Fills an environment with a source that has received, and refused, something.
pub(super) async fn fill(world: &World, environment: EnvironmentId) {
    let scene = scene_in(world, environment).await;
    let endpoint = world.endpoint(&scene.tenant).await;
    for same in ["evt_1", "evt_1", "evt_2"] {
        take_one(world, &scene, same, &[held(endpoint)]).await;
    }
    let ring = Ring { count: 10, bytes: 1 << 20 };
    world.store.refuse(scene.tenant.scope, new_refusal(world, b"\xff{}"), ring).await.unwrap();
}

/// Every field of a source survives, and it is found by all its names and by no other.
pub async fn a_source_keeps_every_setting(world: World) {
    let environment = world.environment(EnvironmentSettings::default()).await;
    let scope = world.system().environment(environment);
    let (mut source, app) = new_source(&world, environment, Some("shop"));
    source.next_firing = Some(world.now().after(MINUTE));
    world.store.create_source(scope, source.clone(), app, None).await.unwrap();
    let hash = source.token().unwrap().hash();
    for name in [Ref::Id(source.id), Ref::Uid("shop".into())] {
        assert_eq!(world.store.source(scope, &name).await.unwrap().as_ref(), Some(&source));
    }
    assert_eq!(world.store.source_by_app(world.system(), source.app).await.unwrap().as_ref(), Some(&source));
    assert_eq!(world.store.app_of_token(world.system(), hash).await.unwrap(), Some(source.app));

    world.pass(MINUTE);
    let fresh = IngestToken::generate(&world.rng);
    let (token, now) = (fresh.clone(), world.now());
    let change = Arc::new(move |source: &mut Source| {
        source.uid = None;
        source.kind = "github".into();
        source.settings.accept_unverified = true;
        source.next_firing = None;
        source.rotate_token(token.clone(), now, MINUTE);
    });
    let changed = world.store.change_source(scope, source.id, change, now, None).await.unwrap().unwrap();
    assert_eq!((changed.uid.as_ref(), changed.kind.as_str(), changed.updated_at), (None, "github", now));
    assert_eq!(world.store.source(scope, &Ref::Id(source.id)).await.unwrap(), Some(changed));
    assert_eq!(world.store.source(scope, &Ref::Uid("shop".into())).await.unwrap(), None);
    for hash in [hash, fresh.hash()] {
        assert_eq!(world.store.app_of_token(world.system(), hash).await.unwrap(), Some(source.app));
    }

    let elsewhere = world.environment(EnvironmentSettings::default()).await;
    let wrong = world.system().environment(elsewhere);
    assert_eq!(world.store.source(wrong, &Ref::Id(source.id)).await.unwrap(), None);
    let nothing = Arc::new(|_: &mut Source| ());
    assert_eq!(world.store.change_source(wrong, source.id, nothing, now, None).await.unwrap(), None);
    assert!(!world.store.delete_source(wrong, source.id, now).await.unwrap());
    assert_eq!(world.store.sources(wrong, whole()).await.unwrap().rows, []);
}

/// Of two sources of an environment only one has a uid.
pub async fn a_sources_uid_belongs_to_one_at_a_time(world: World) {
    let environment = world.environment(EnvironmentSettings::default()).await;
    let scope = world.system().environment(environment);
    let (first, app) = new_source(&world, environment, Some("shop"));
    world.store.create_source(scope, first.clone(), app, None).await.unwrap();
    let (second, app) = new_source(&world, environment, Some("shop"));
    let taken = world.store.create_source(scope, second, app, None).await;
    assert!(matches!(taken, Err(CreateError::Taken(by)) if by.id == first.id));
    let (third, app) = new_source(&world, environment, None);
    world.store.create_source(scope, third.clone(), app, None).await.unwrap();
    let claim = Arc::new(|source: &mut Source| source.uid = Some("shop".into()));
    let taken = world.store.change_source(scope, third.id, claim.clone(), world.now(), None).await;
    assert!(matches!(taken, Err(ChangeError::Taken)), "{taken:?}");
    assert!(world.store.delete_source(scope, first.id, world.now()).await.unwrap());
    let changed = world.store.change_source(scope, third.id, claim, world.now(), None).await.unwrap();
    assert_eq!(changed.unwrap().uid.as_deref(), Some("shop"));
}

/// The application of a source is in no list and has no name.
pub async fn a_sources_application_is_hidden(world: World) {
    let scene = scene(&world).await;
    let scope = world.system().environment(scene.tenant.environment);
    assert_eq!(world.store.app(scope.lookup(), &Ref::Id(scene.source.app)).await.unwrap(), None);
    assert_eq!(world.store.apps(scope, AppFilter::default(), whole()).await.unwrap().rows, []);
    let change = Arc::new(|app: &mut App| app.uid = Some("mine".into()));
    let changed = world.store.change_app(scene.tenant.scope, change, world.now()).await.unwrap();
    assert_eq!(changed, None);
    let known = world.store.app_by_id(world.system(), scene.source.app).await.unwrap().unwrap();
    assert_eq!(known.source, Some(scene.source.id));
}

/// Lists of sources go both ways.
pub async fn pages_walk_sources_both_ways(world: World) {
    let environment = world.environment(EnvironmentSettings::default()).await;
    let scope = world.system().environment(environment);
    let mut all: Vec<SourceId> = Vec::new();
    for _ in 0..5 {
        all.insert(0, scene_in(&world, environment).await.source.id);
    }
    let ids = |rows: &[Source]| rows.iter().map(|source| source.id).collect::<Vec<_>>();
    let first = world.store.sources(scope, page(2, None)).await.unwrap();
    assert_eq!((ids(&first.rows), first.next), (all[..2].to_vec(), Some(all[1])));
    let second = world.store.sources(scope, page(9, Some(Edge::After(all[1])))).await.unwrap();
    assert_eq!((ids(&second.rows), second.next), (all[2..].to_vec(), None));
    let back = world.store.sources(scope, page(1, Some(Edge::Before(all[2])))).await.unwrap();
    assert_eq!(ids(&back.rows), all[1..2]);
}

/// A received message is a message like any other, and what is known of it is kept beside it.
pub async fn what_is_received_is_kept_and_delivered(mut world: World) {
    let scene = scene(&world).await;
    let endpoint = world.endpoint(&scene.tenant).await;
    let message = world.new_message(&scene.tenant);
    let arrival = arrival(&world, &scene, message.clone(), "evt_1", &[held(endpoint)]);
    let expected = arrival.reception.clone();
    let taken = take(&world, scene.tenant.scope, vec![arrival]).await;
    assert_eq!(taken[0].accepted.placements, [Placement::Held]);
    assert_eq!(taken[0].duplicate_of, None);
    assert_eq!(world.message(&scene.tenant, message.id).await.unwrap().payload, message.payload);
    assert_eq!(reception(&world, scene.tenant.scope, message.id).await.as_ref(), Some(&expected));
    assert_eq!(world.restart().await, 1);
    assert_eq!(world.claim_ids(endpoint).await, [message.id]);
    assert_eq!(reception(&world, scene.tenant.scope, message.id).await, Some(expected));

    let neighbour = scene_in(&world, scene.tenant.environment).await;
    assert_eq!(reception(&world, neighbour.tenant.scope, message.id).await, None);
    let published = world.hold(&scene.tenant, endpoint).await;
    assert_eq!(reception(&world, scene.tenant.scope, published).await, None, "nobody received it");
}

/// A repetition is kept with the name of its original, and goes nowhere; after the window it is news again.
pub async fn a_repetition_is_kept_and_goes_nowhere(world: World) {
    let scene = scene(&world).await;
    let endpoint = world.endpoint(&scene.tenant).await;
    let (first, _) = take_one(&world, &scene, "evt_1", &[held(endpoint)]).await;
    world.pass(MINUTE);
    for _ in 0..2 {
        let (again, taken) = take_one(&world, &scene, "evt_1", &[held(endpoint)]).await;
        assert_eq!((taken.duplicate_of, taken.accepted.placements.len()), (Some(first), 0));
        let known = reception(&world, scene.tenant.scope, again).await.unwrap();
        assert_eq!(known.duplicate_of, Some(first), "not of the repetition before");
        assert!(world.message(&scene.tenant, again).await.is_some());
        assert_eq!(world.delivery(&scene.tenant, again, endpoint).await, None);
    }
    let (_, other) = take_one(&world, &scene, "evt_2", &[held(endpoint)]).await;
    assert_eq!(other.duplicate_of, None);
    let neighbour = scene_in(&world, scene.tenant.environment).await;
    let (_, elsewhere) = take_one(&world, &neighbour, "evt_1", &[]).await;
    assert_eq!(elsewhere.duplicate_of, None, "sources do not share their events");
    world.pass(DAY);
    let (_, late) = take_one(&world, &scene, "evt_1", &[held(endpoint)]).await;
    assert_eq!((late.duplicate_of, late.accepted.placements.len()), (None, 1));
}

/// However many come at once, one of them is the original.
pub async fn of_many_at_once_one_is_the_original(world: World) {
    let scene = Arc::new(scene(&world).await);
    let endpoint = world.endpoint(&scene.tenant).await;
    let intakes: Vec<_> = (0..16)
        .map(|_| {
            let message = world.new_message(&scene.tenant);
            let arrivals = vec![arrival(&world, &scene, message, "evt_1", &[held(endpoint)])];
            Intake { arrivals, since: world.now().before(DAY), firing: None }
        })
        .collect();
    let mut tasks = tokio::task::JoinSet::new();
    for intake in intakes {
        let (store, scope) = (Arc::clone(&world.store), scene.tenant.scope);
        tasks.spawn(async move { store.receive(scope, intake).await.unwrap().pop().unwrap() });
    }
    let all = tasks.join_all().await;
    let originals = all.iter().filter(|taken| taken.duplicate_of.is_none()).count();
    assert_eq!(originals, 1, "{all:?}");
    let held: usize = all.iter().map(|taken| taken.accepted.placements.len()).sum();
    assert_eq!(held, 1);
}

/// The items of a batch are messages in their order, repetitions among them included; without the application nothing
/// of it is.
pub async fn a_batch_is_taken_whole_or_not_at_all(world: World) {
    let scene = scene(&world).await;
    let endpoint = world.endpoint(&scene.tenant).await;
    let batch = |world: &World| {
        let messages: Vec<_> = (0..3).map(|_| world.new_message(&scene.tenant)).collect();
        let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
        let arrivals = messages.into_iter().zip(["a", "b", "a"]);
        let to = [ordered(endpoint, FIFO)];
        (ids, arrivals.map(|(message, same)| arrival(world, &scene, message, same, &to)).collect::<Vec<_>>())
    };
    let (ids, arrivals) = batch(&world);
    let taken = take(&world, scene.tenant.scope, arrivals).await;
    let originals: Vec<_> = taken.iter().map(|taken| taken.duplicate_of).collect();
    assert_eq!(originals, [None, None, Some(ids[0])]);
    assert_eq!(taken[0].accepted.placements, [Placement::Held]);
    assert_eq!(taken[1].accepted.placements, [Placement::Parked], "in the order of the batch");

    let (ids, arrivals) = batch(&world);
    let scope = world.system().environment(scene.tenant.environment);
    world.store.delete_source(scope, scene.source.id, world.now()).await.unwrap();
    let intake = Intake { arrivals, since: world.now(), firing: None };
    let refused = world.store.receive(scene.tenant.scope, intake).await;
    assert!(matches!(refused, Err(crate::AcceptError::NoApp)), "{refused:?}");
    assert_eq!(world.store.receptions(scene.tenant.scope, ids).await.unwrap(), [None, None, None]);
}

/// A schedule fires once for each due time, whoever sees it come.
pub async fn a_schedule_fires_once(world: World) {
    let environment = world.environment(EnvironmentSettings::default()).await;
    let (mut source, app) = new_source(&world, environment, None);
    let due = world.now().after(MINUTE);
    source.next_firing = Some(due);
    let scope = world.system().environment(environment);
    world.store.create_source(scope, source.clone(), app.clone(), None).await.unwrap();
    let tenant = Tenant { environment, app, scope: scope.source(&source).unwrap() };
    let scene = Scene { source, tenant };
    assert_eq!(world.store.firings(world.system(), world.now(), 10).await.unwrap(), []);
    world.pass(MINUTE);
    let firings = world.store.firings(world.system(), world.now(), 10).await.unwrap();
    assert_eq!(firings, [(scene.source.app, due)]);

    let firing = Firing { due, next: Some(due.after(MINUTE)) };
    let fire = async |same: &str| {
        let message = world.new_message(&scene.tenant);
        let arrivals = vec![arrival(&world, &scene, message, same, &[])];
        let intake = Intake { arrivals, since: world.now(), firing: Some(firing) };
        world.store.receive(scene.tenant.scope, intake).await.unwrap().len()
    };
    assert_eq!((fire("one").await, fire("two").await), (1, 0));
    assert_eq!(world.store.firings(world.system(), world.now(), 10).await.unwrap(), []);
    let stored = world.store.source(scope, &Ref::Id(scene.source.id)).await.unwrap().unwrap();
    assert_eq!(stored.next_firing, firing.next);
}

/// Refused requests are kept up to a number and a size, the newest always.
pub async fn refused_requests_are_kept_in_a_ring(world: World) {
    let scene = scene(&world).await;
    let refusal = |body| new_refusal(&world, body);
    let (small, ring) = (refusal(b"\xff\0{}"), Ring { count: 3, bytes: 1 << 20 });
    world.store.refuse(scene.tenant.scope, small.clone(), ring).await.unwrap();
    assert_eq!(world.store.refusals(scene.tenant.scope).await.unwrap(), [small]);
    let mut kept = Vec::new();
    for _ in 0..5 {
        let one = refusal(b"{}");
        world.store.refuse(scene.tenant.scope, one.clone(), ring).await.unwrap();
        kept.insert(0, one);
    }
    assert_eq!(world.store.refusals(scene.tenant.scope).await.unwrap(), kept[..3]);
    let large = refusal(&[b'x'; 4_000]);
    world.store.refuse(scene.tenant.scope, large.clone(), Ring { count: 3, bytes: 1_000 }).await.unwrap();
    assert_eq!(world.store.refusals(scene.tenant.scope).await.unwrap(), [large], "the newest stays");

    let neighbour = scene_in(&world, scene.tenant.environment).await;
    assert_eq!(world.store.refusals(neighbour.tenant.scope).await.unwrap(), []);
    let scope = world.system().environment(scene.tenant.environment);
    world.store.delete_source(scope, scene.source.id, world.now()).await.unwrap();
    assert_eq!(world.store.refusals(scene.tenant.scope).await.unwrap(), []);
}

/// A deleted source is gone at once, its tokens lead nowhere, and its messages go as those of a deleted application.
pub async fn a_deleted_source_leaves_nothing(world: World) {
    let scene = scene(&world).await;
    let endpoint: EndpointId = world.endpoint(&scene.tenant).await;
    let (message, _) = take_one(&world, &scene, "evt_1", &[super::world::waiting(endpoint)]).await;
    let scope = world.system().environment(scene.tenant.environment);
    let hash = scene.source.token().unwrap().hash();
    assert!(world.store.delete_source(scope, scene.source.id, world.now()).await.unwrap());
    assert!(!world.store.delete_source(scope, scene.source.id, world.now()).await.unwrap());
    assert_eq!(world.store.source(scope, &Ref::Id(scene.source.id)).await.unwrap(), None);
    assert_eq!(world.store.app_of_token(world.system(), hash).await.unwrap(), None);
    assert_eq!(world.store.app_by_id(world.system(), scene.source.app).await.unwrap(), None);
    assert_eq!(world.message(&scene.tenant, message).await, None);
    let claim = Claim { endpoint, now: world.now(), limit: 10, max_bytes: 1 << 20 };
    assert!(world.store.claim(world.system(), claim).await.unwrap().work.is_empty());
}

/// What is known of a message goes with it, and not before.
pub async fn a_reception_goes_with_its_message(world: World) {
    let scene = scene(&world).await;
    let endpoint = world.endpoint(&scene.tenant).await;
    let (old, _) = take_one(&world, &scene, "evt_1", &[held(endpoint)]).await;
    let (unfinished, _) = take_one(&world, &scene, "evt_2", &[held(endpoint)]).await;
    world.finish(old, endpoint, 0, Then::Succeeded).await;
    world.pass(DAY * 91);
    let (young, _) = take_one(&world, &scene, "evt_3", &[]).await;
    assert_eq!(world.retain(100).await.messages, 1);
    assert_eq!(reception(&world, scene.tenant.scope, old).await, None);
    for message in [unfinished, young] {
        assert!(reception(&world, scene.tenant.scope, message).await.is_some(), "{message}");
    }
    let app: AppId = scene.source.app;
    assert!(world.store.source_by_app(world.system(), app).await.unwrap().is_some());
}
