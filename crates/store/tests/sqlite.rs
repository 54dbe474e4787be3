//! What is particular to the SQLite engine: its files, its lock, its checks, its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use postrider_core::app::{App, Ref};
use postrider_core::attempt::Trigger;
use postrider_core::environment::{Environment, Settings};
use postrider_core::id::{AppId, EnvironmentId, IdGenerator, MessageId};
use postrider_core::message::{Message, Payload, Raw};
use postrider_core::rng::TestRng;
use postrider_core::scope::{InstanceScope, SystemScope};
use postrider_core::time::{TestClock, Timestamp};
use postrider_store::seal::{SealKey, Sealer};
use postrider_store::sqlite::{MigrateError, OpenError, Options, RestoreError, Sqlite, restore};
use postrider_store::{Acceptance, Error, Health, Store};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn options(dir: &Path, key: u64) -> Options {
    let key = SealKey::generate(&TestRng::seed(key));
    let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
    Options { min_free_bytes: 0, ..Options::new(PathBuf::from(dir), sealer) }
}

fn open(dir: &Path) -> Sqlite {
    Sqlite::open(&options(dir, 7)).expect("it opens")
}

fn instance() -> InstanceScope {
    SystemScope::assume().instance()
}

fn environments(count: usize) -> Vec<Environment> {
    let (ids, clock, rng) = (IdGenerator::default(), TestClock::at(NOW), TestRng::seed(1));
    let new = |_| Environment {
        id: EnvironmentId::make(&ids, &clock, &rng),
        name: "test".into(),
        settings: Settings::default(),
        created_at: NOW,
    };
    (0..count).map(new).collect()
}

async fn fill(store: &Sqlite, environments: &[Environment]) {
    for environment in environments {
        store.create_environment(instance(), environment.clone()).await.expect("it is new");
    }
}

fn database(dir: &Path) -> PathBuf {
    dir.join("postrider.db")
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = Sqlite::open(&options(dir.path(), 7)).err().unwrap();
    assert!(matches!(error, OpenError::Locked(_)), "{error}");
    store.close().await.unwrap();
    drop(open(dir.path()));
    drop(open(dir.path()));
}

#[tokio::test]
async fn the_wrong_key_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close().await.unwrap();
    let error = Sqlite::open(&options(dir.path(), 8)).err().unwrap();
    assert!(matches!(error, OpenError::WrongKey(_)), "{error}");
    open(dir.path()).close().await.unwrap();
}

#[tokio::test]
async fn credentials_for_a_raw_payload_are_not_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let environment = environments(1).remove(0);
    fill(&store, std::slice::from_ref(&environment)).await;
    let (ids, clock, rng) = (IdGenerator::default(), TestClock::at(NOW), TestRng::seed(2));
    let app = App {
        id: AppId::make(&ids, &clock, &rng),
        environment: environment.id,
        uid: None,
        name: "app".into(),
        throttle_rate: None,
        metadata: BTreeMap::new(),
        source: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let scope = SystemScope::assume().app(environment.id, app.id);
    store.create_app(SystemScope::assume().environment(environment.id), app, None).await.unwrap();
    let headers = vec![("authorization".to_owned(), "Bearer a-credential".to_owned())];
    let payload =
        Payload { body: Bytes::from_static(b"<open text/>"), raw: Some(Raw { headers, as_it_came: false }) };
    let message = Message {
        id: MessageId::make(&ids, &clock, &rng),
        app: scope.app(),
        event_type: "t".into(),
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        ordering_key: None,
        deliver_at: None,
        expire_at: None,
        edited_of: None,
        payload: Some(payload),
    };
    let acceptance = Acceptance {
        message: message.clone(),
        deliveries: Vec::new(),
        trigger: Trigger::Scheduled,
        now: NOW,
        idempotency: None,
    };
    store.accept(scope, acceptance).await.unwrap();
    let kept = store.message(scope, &Ref::Id(message.id), true).await.unwrap();
    assert_eq!(kept, Some(message));
    store.close().await.unwrap();

    let file = fs::read(database(dir.path())).unwrap();
    let has = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("<open text/>"), "the search finds what is there");
    assert!(!has("a-credential") && !has("authorization"));
}

#[tokio::test]
async fn a_newer_schema_and_a_foreign_database_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close().await.unwrap();
    let conn = rusqlite::Connection::open(database(dir.path())).unwrap();
    conn.execute_batch("INSERT INTO migration VALUES (1000, 'from the future', x'00')").unwrap();
    drop(conn);
    let error = Sqlite::open(&options(dir.path(), 7)).err().unwrap();
    assert!(matches!(error, OpenError::Schema { source: MigrateError::Newer { .. }, .. }), "{error}");

    let dir = tempfile::tempdir().unwrap();
    fs::write(database(dir.path()), "not a database, but long enough to look at".repeat(100)).unwrap();
    assert!(Sqlite::open(&options(dir.path(), 7)).is_err());
}

#[tokio::test]
async fn what_was_acknowledged_survives_an_end_without_close() {
    let dir = tempfile::tempdir().unwrap();
    let all = environments(10);
    let store = open(dir.path());
    fill(&store, &all).await;
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.environments(instance()).await.unwrap(), all);
    assert_eq!(store.health(), Health::Ready);
}

#[tokio::test]
async fn damage_is_found_after_an_end_without_close() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, &environments(500)).await;
    drop(store);
    let mut bytes = fs::read(database(dir.path())).unwrap();
    let end = bytes.len();
    bytes[end - 4_096..].fill(0xa5);
    fs::write(database(dir.path()), bytes).unwrap();
    let error = Sqlite::open(&options(dir.path(), 7)).err().unwrap();
    assert!(matches!(error, OpenError::Damaged(_)), "{error}");
}

#[tokio::test]
async fn a_closed_store_refuses_and_leaves_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, &environments(1)).await;
    store.close().await.unwrap();
    store.close().await.expect("closing again is nothing");
    let written = store.create_environment(instance(), environments(1).remove(0)).await;
    assert!(matches!(written, Err(Error::Closed)), "{written:?}");
    assert!(matches!(store.environments(instance()).await, Err(Error::Closed)));
    let log = fs::metadata(dir.path().join("postrider.db-wal")).map_or(0, |metadata| metadata.len());
    assert_eq!(log, 0);
}

#[tokio::test]
async fn a_backup_is_whole_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy, back) = (dir.path().join("data"), dir.path().join("copy.db"), dir.path().join("back"));
    let all = environments(300);
    let store = open(&data);
    fill(&store, &all).await;
    let pages = Arc::new(AtomicU64::new(0));
    let progress = {
        let pages = Arc::clone(&pages);
        Arc::new(move |done, all| pages.store(if done == all { done } else { 0 }, Ordering::SeqCst))
    };
    store.backup(SystemScope::assume(), &copy, progress.clone()).await.unwrap();
    assert!(pages.load(Ordering::SeqCst) > 0, "progress came to its end");
    store.backup(SystemScope::assume(), &copy, progress).await.expect_err("it never overwrites");

    restore(&copy, &back).unwrap();
    assert!(matches!(restore(&copy, &back), Err(RestoreError::NotEmpty(_))));
    assert_eq!(open(&back).environments(instance()).await.unwrap(), all);
    store.close().await.unwrap();

    let mut bytes = fs::read(&copy).unwrap();
    let end = bytes.len();
    bytes[end - 4_096..].fill(0xa5);
    let damaged = dir.path().join("damaged.db");
    fs::write(&damaged, bytes).unwrap();
    let other = dir.path().join("other");
    let error = restore(&damaged, &other).unwrap_err();
    assert!(matches!(error, RestoreError::Damaged { .. }), "{error}");
    assert_eq!(fs::read_dir(&other).unwrap().count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn too_little_room_refuses_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    // No disk has that much room.
    let options = Options { min_free_bytes: u64::MAX / 4, ..options(dir.path(), 7) };
    let store = Sqlite::open(&options).unwrap();
    while store.health() != Health::Full {
        tokio::task::yield_now().await;
    }
    let refused = store.create_environment(instance(), environments(1).remove(0)).await;
    assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    store.settle(SystemScope::assume(), Arc::default(), Vec::new()).await.expect("outcomes go on");
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_bounded_under_steady_writing() {
    const MIB: u64 = 1024 * 1024;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let log = dir.path().join("postrider.db-wal");
    let (mut written, mut longest) = (0, 0);
    for mut environment in environments(1_400) {
        environment.name = "x".repeat(256 * 1024);
        written += 256 * 1024;
        store.create_environment(instance(), environment).await.unwrap();
        longest = longest.max(fs::metadata(&log).map_or(0, |metadata| metadata.len()));
    }
    assert!(written > 256 * MIB);
    assert!(longest < 256 * MIB, "{} MiB of log after {} MiB", longest / MIB, written / MIB);
    store.close().await.unwrap();
}
