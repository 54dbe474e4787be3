//! What one node changes the others are told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider_core::endpoint::DisabledReason;
use postrider_core::environment::{Environment, Settings};
use postrider_core::event_type::EventType;
use postrider_core::id::{EnvironmentId, EventTypeId, IdGenerator, KeyId};
use postrider_core::key::{Key, Token};
use postrider_core::rng::TestRng;
use postrider_core::scope::{Identity, SystemScope};
use postrider_core::time::TestClock;
use postrider_store::cluster::{Changed, Notice, Notices};
use postrider_store::postgres::{Options, Postgres};
use postrider_store::{EndpointMark, Mark, Store};

use crate::database::Database;
use crate::proxy::{Plan, Proxy};
use crate::sender::until;
use crate::things::{NOW, Things};

/// Longer than any of these tests may take.
const NEVER: Duration = Duration::from_secs(30);

async fn next(notices: &mut Notices) -> Changed {
    let next = async {
        loop {
            if let Notice::Changed(changed) = notices.recv().await.unwrap() {
                return changed;
            }
        }
    };
    tokio::time::timeout(NEVER, next).await.expect("it is told")
}

/// Changes one thing of each kind, and some in several ways, and waits each time until the other node is told.
async fn each_kind(store: &Postgres, notices: &mut Notices) -> Duration {
    let (ids, clock, rng) = (IdGenerator::default(), TestClock::at(NOW), TestRng::seed(3));
    let system = SystemScope::assume();
    let mut slowest = Duration::ZERO;
    let mut told = async |notices: &mut Notices, expected: Changed| {
        let began = Instant::now();
        let changed = next(notices).await;
        slowest = slowest.max(began.elapsed());
        assert_eq!(changed, expected);
    };
    let environment = Environment {
        id: EnvironmentId::make(&ids, &clock, &rng),
        name: "another".into(),
        settings: Settings::default(),
        created_at: NOW,
    };
    let id = environment.id;
    store.create_environment(system.instance(), environment).await.unwrap();
    told(notices, Changed::Environment(id)).await;
    let rename = Arc::new(|environment: &mut Environment| environment.name = "renamed".into());
    store.change_environment(system.environment(id), rename).await.unwrap().unwrap();
    told(notices, Changed::Environment(id)).await;

    let (token, key_id) = (Token::generate(&rng), KeyId::make(&ids, &clock, &rng));
    let key = Key {
        id: key_id,
        identity: Identity::environment_key(id),
        name: "key".into(),
        hint: token.hint(),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        portal: None,
    };
    store.create_key(system.instance(), key, token.hash()).await.unwrap();
    told(notices, Changed::Keys).await;
    store.revoke_key(system.instance(), key_id, NOW).await.unwrap().unwrap();
    told(notices, Changed::Keys).await;

    let event_type = EventType {
        id: EventTypeId::make(&ids, &clock, &rng),
        name: "invoice.paid".into(),
        description: String::new(),
        archived: false,
        deprecated: false,
        schemas: None,
        group_name: None,
        feature_flags: Vec::new(),
        retry_schedule: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let changed = Changed::EventType(id, "invoice.paid".into());
    store.create_event_type(system.environment(id), event_type, None).await.unwrap();
    told(notices, changed.clone()).await;
    let archive = Arc::new(|event_type: &mut EventType| event_type.archived = true);
    store.change_event_type(system.environment(id), "invoice.paid", archive, NOW).await.unwrap().unwrap();
    told(notices, changed.clone()).await;
    assert!(store.delete_event_type(system.environment(id), "invoice.paid").await.unwrap());
    told(notices, changed).await;

    let things = Things::make(store).await;
    let (scope, app) = (things.scope, Changed::App(things.scope.app()));
    until_quiet(notices).await;
    store.change_app(scope, Arc::new(|app| app.name = "renamed".into()), NOW).await.unwrap().unwrap();
    told(notices, app.clone()).await;
    let change =
        Arc::new(|endpoint: &mut postrider_core::endpoint::Endpoint| endpoint.description = "x".into());
    store.change_endpoint(scope, things.endpoint, change, NOW, None).await.unwrap().unwrap();
    told(notices, app.clone()).await;
    let mark = Mark::Disabled { at: NOW, reason: DisabledReason::Gone };
    let marks = vec![EndpointMark { endpoint: things.endpoint, mark }];
    store.settle(system, Arc::default(), marks).await.unwrap();
    told(notices, app.clone()).await;
    assert!(store.delete_endpoint(scope, things.endpoint, NOW).await.unwrap());
    told(notices, app.clone()).await;
    assert!(store.delete_app(scope, NOW).await.unwrap());
    told(notices, app).await;
    slowest
}

/// Reads until nothing comes for a while.
async fn until_quiet(notices: &mut Notices) {
    while tokio::time::timeout(Duration::from_millis(700), notices.recv()).await.is_ok() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_told_at_once() {
    let Some(database) = Database::new("others_are_told_at_once").await else { return };
    // The next beat comes in minutes.
    let (store, other) = (database.open().await, database.open().await);
    until("both listen", || store.cluster().view().listening && other.cluster().view().listening).await;
    let mut notices = other.cluster().notices().unwrap();
    until_quiet(&mut notices).await;
    let slowest = each_kind(&store, &mut notices).await;
    println!("told after {slowest:?} at most");
    // So is the one who did it: what it remembers may have been read before.
    let mut own = store.cluster().notices().unwrap();
    assert!(matches!(
        next(&mut own).await,
        Changed::App(_) | Changed::EventType(..) | Changed::Keys | Changed::Environment(_)
    ));
    store.close().await.unwrap();
    other.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_listen_learns_with_its_beat() {
    let Some(database) = Database::new("one_that_cannot_listen").await else { return };
    let proxy = Proxy::start(database.authority());
    proxy.set(Plan::Deaf);
    let (options, lease) = (database.options(), Duration::from_secs(1));
    let url = options.url.replacen(database.authority(), &format!("127.0.0.1:{}", proxy.port), 1);
    let deaf = Postgres::open(&Options { url, lease, ..options }).await.unwrap();
    let store = database.open().await;
    let mut notices = deaf.cluster().notices().unwrap();
    until_quiet(&mut notices).await;
    let slowest = each_kind(&store, &mut notices).await;
    println!("told after {slowest:?} at most (beat {:?})", lease / 5);
    assert!(!deaf.cluster().view().listening);
    assert!(slowest < lease, "{slowest:?}");
    store.close().await.unwrap();
    deaf.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_late_is_not_missed() {
    let Some(database) = Database::new("what_is_committed_late").await else { return };
    let lease = Duration::from_millis(500);
    let store = Postgres::open(&Options { lease, ..database.options() }).await.unwrap();
    let mut notices = store.cluster().notices().unwrap();
    until_quiet(&mut notices).await;
    let mut client = database.client().await;
    // It takes its number, and the rows of others are read before it commits.
    let late = client.transaction().await.unwrap();
    let app = [7_u8; 20];
    let insert = "INSERT INTO change (kind, id) VALUES (0, $1)";
    late.execute(insert, &[&app.as_slice()]).await.unwrap();
    let other = database.client().await;
    for round in 0..5_u8 {
        other.execute(insert, &[&[round; 20].as_slice()]).await.unwrap();
        assert_eq!(
            next(&mut notices).await,
            Changed::App(postrider_core::id::AppId::from_bytes([round; 20]))
        );
    }
    late.commit().await.unwrap();
    assert_eq!(next(&mut notices).await, Changed::App(postrider_core::id::AppId::from_bytes(app)));
    // Each was told once.
    let more = tokio::time::timeout(lease * 2, next(&mut notices)).await;
    assert!(more.is_err(), "{more:?}");
    // A newer program's kinds, and more than can be followed.
    other.execute("INSERT INTO change (kind) VALUES (99)", &[]).await.unwrap();
    assert_eq!(next(&mut notices).await, Changed::Everything);
    let many = "INSERT INTO change (kind) SELECT 3 FROM generate_series(1, 5000)";
    other.execute(many, &[]).await.unwrap();
    assert_eq!(next(&mut notices).await, Changed::Everything);
    store.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_make_one_environment_and_one_key() {
    let Some(database) = Database::new("nodes_that_start_together").await else { return };
    let nodes = futures_util::future::join_all((0..4).map(|_| database.open())).await;
    let system = SystemScope::assume();
    let firsts = nodes.iter().enumerate().map(|(index, store)| async move {
        let (ids, clock, rng) = (IdGenerator::default(), TestClock::at(NOW), TestRng::seed(index as u64));
        let environment = Environment {
            id: EnvironmentId::make(&ids, &clock, &rng),
            name: "default".into(),
            settings: Settings::default(),
            created_at: NOW,
        };
        let stands = store.create_first_environment(system.instance(), environment).await.unwrap();
        let token = Token::generate(&rng);
        let key = Key {
            id: KeyId::make(&ids, &clock, &rng),
            identity: Identity::environment_key(stands.id),
            name: "first".into(),
            hint: token.hint(),
            created_at: NOW,
            expires_at: None,
            revoked_at: None,
            portal: None,
        };
        (stands.id, store.create_first_key(system.instance(), key, token.hash()).await.unwrap())
    });
    let firsts = futures_util::future::join_all(firsts).await;
    assert!(firsts.iter().all(|(id, _)| *id == firsts[0].0), "{firsts:?}");
    assert_eq!(firsts.iter().filter(|(_, made)| *made).count(), 1, "{firsts:?}");
    assert_eq!(nodes[0].environments(system.instance()).await.unwrap().len(), 1);
    assert_eq!(nodes[0].keys(system.instance()).await.unwrap().len(), 1);
    for node in nodes {
        node.close().await.unwrap();
    }
    database.drop_schema().await;
}
