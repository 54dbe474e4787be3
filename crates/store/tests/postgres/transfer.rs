//! Moving an installation from SQLite to PostgreSQL and back: everything is there, whenever it was interrupted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use postrider_core::rng::TestRng;
use postrider_store::Store;
use postrider_store::conformance::Harness;
use postrider_store::conformance::moving::{self, Filled, Snapshot};
use postrider_store::postgres::{self, Postgres};
use postrider_store::seal::{SealKey, Sealer};
use postrider_store::sqlite::{self, Sqlite};
use postrider_store::transfer::{
    Engine, Kind, Phase, Place, Progress, Report, TransferError, Unserved, transfer, undo,
};

use crate::database::Database;

/// Where the child that is killed finds its directory, and its schema.
const DIR: &str = "POSTRIDER_TEST_TRANSFER_DIR";
const SCHEMA: &str = "POSTRIDER_TEST_TRANSFER_SCHEMA";

/// Where it is killed. Large kinds have several batches.
const POINTS: &[&str] = &[
    "transfer.batch:1",
    "transfer.written:1",
    "transfer.batch:5",
    "transfer.batch:7",
    "transfer.written:7",
    "transfer.batch:8",
    "transfer.written:9",
    "transfer.batch:11",
    "transfer.batch:13",
    "transfer.written:14",
    "transfer.copied",
    "transfer.compared",
    "transfer.marked",
];

/// The seal key of all databases here, as that of [`Database::options`].
fn sealer(seed: u64) -> Arc<Sealer> {
    Arc::new(Sealer::new(&SealKey::generate(&TestRng::seed(seed)), Arc::new(TestRng::seed(8))))
}

fn options(dir: &Path) -> sqlite::Options {
    sqlite::Options { min_free_bytes: 0, ..sqlite::Options::new(dir, sealer(7)) }
}

fn in_sqlite(dir: &Path) -> Place {
    Place { name: format!("sqlite://{}", dir.display()), engine: Engine::Sqlite(options(dir)) }
}

fn in_postgres(options: postgres::Options) -> Place {
    Place { name: "postgres://there".to_owned(), engine: Engine::Postgres(options) }
}

struct InDir(PathBuf);

#[async_trait]
impl Harness for InDir {
    async fn fresh(&self) -> Arc<dyn Store> {
        Arc::new(Sqlite::open(&options(&self.0)).expect("it opens"))
    }

    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        unreachable!("it is filled in one go")
    }
}

/// An installation in `dir`, which nobody has open any more, and what is in it.
async fn filled(dir: &Path, crowd: bool) -> (Filled, Snapshot) {
    let filled = moving::fill(Arc::new(InDir(dir.to_owned())), crowd).await;
    let snapshot = filled.look(&**filled.store()).await;
    filled.store().close().await.unwrap();
    (filled, snapshot)
}

async fn go(from: &Place, to: &Place) -> Result<Report, TransferError> {
    transfer(from, to, &|_| ()).await
}

fn rows(report: &Report, kind: Kind) -> u64 {
    report.kinds.iter().find(|compared| compared.kind == kind).unwrap().to.rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_and_goes_on_and_can_come_back() {
    let Some(database) = Database::new("everything_is_there").await else { return };
    let (dir, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (installation, before) = filled(dir.path(), false).await;
    let (from, to) = (in_sqlite(dir.path()), in_postgres(database.options()));
    let steps = std::sync::Mutex::new(Vec::new());
    let report = transfer(&from, &to, &|progress| steps.lock().unwrap().push(progress)).await.unwrap();
    for compared in &report.kinds {
        assert!(compared.is_same() && compared.to.rows > 0, "{compared:?}");
    }
    assert_eq!(report.copied, report.kinds.iter().map(|compared| compared.to.rows).sum::<u64>());
    let steps = steps.into_inner().unwrap();
    assert!(steps.iter().any(|step| step.phase == Phase::Copy && step.kind == Kind::Task));
    assert!(steps.iter().all(|step| step.done <= step.all && step.all == report.copied), "{steps:?}");

    // Nobody serves the old one by accident, and it says how to.
    let refused = Sqlite::open(&options(dir.path())).err().unwrap();
    assert!(matches!(&refused, sqlite::OpenError::Unserved(Unserved::Gone { .. })), "{refused}");
    assert!(refused.to_string().contains(&format!("migrate-store --undo {from}")), "{refused}");
    assert!(matches!(go(&from, &to).await, Err(TransferError::Gone { to, .. }) if to == "postgres://there"));

    let there = database.open().await;
    before.assert_same(&installation.look(&there).await);
    there.close().await.unwrap();

    // Back again, then on with it in both.
    let home = in_sqlite(back.path());
    let returned = go(&to, &home).await.unwrap();
    assert_eq!(
        returned.kinds.iter().map(|compared| compared.to).collect::<Vec<_>>(),
        report.kinds.iter().map(|compared| compared.from).collect::<Vec<_>>()
    );
    let refused = Postgres::open(&database.options()).await.err().unwrap();
    assert!(matches!(refused, postgres::OpenError::Unserved(Unserved::Gone { .. })), "{refused}");
    let home = Sqlite::open(&options(back.path())).unwrap();
    before.assert_same(&installation.look(&home).await);
    home.close().await.unwrap();

    undo(&to).await.unwrap();
    assert!(matches!(undo(&to).await, Err(TransferError::NotMoved(_))));
    installation.go_on(Arc::new(database.open().await)).await;
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of the test below, which ends in the middle"]
async fn killed_child() {
    let dir = PathBuf::from(std::env::var_os(DIR).expect("the parent names a directory"));
    let schema = std::env::var(SCHEMA).expect("the parent names a schema");
    let database = Database::new("killed_child").await.expect("the parent has a database");
    let to = in_postgres(postgres::Options { schema, ..database.options() });
    go(&in_sqlite(&dir), &to).await.expect("it is killed before it fails");
}

/// Copies what a data directory consists of.
fn copy_directory(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_was_killed_goes_on_where_it_was() {
    let Some(database) = Database::new("a_move_that_was_killed").await else { return };
    let original = tempfile::tempdir().unwrap();
    let (installation, before) = filled(original.path(), true).await;
    for point in POINTS {
        let dir = tempfile::tempdir().unwrap();
        copy_directory(original.path(), dir.path());
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["transfer::killed_child", "--exact", "--ignored", "--nocapture"])
            .env("POSTRIDER_CRASH_AT", point)
            .env(DIR, dir.path())
            .env(SCHEMA, &database.schema)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("crash point"), "{point} was not reached:\n{stderr}");

        // The new one is not served half way; the old one is, until everything has arrived.
        let refused = Postgres::open(&database.options()).await.err().unwrap();
        assert!(
            matches!(refused, postgres::OpenError::Unserved(Unserved::Arriving { .. })),
            "{point}: {refused}"
        );
        let (from, to) = (in_sqlite(dir.path()), in_postgres(database.options()));
        if *point == "transfer.marked" {
            // Else there might be two that are served.
            let elsewhere = go(&from, &Place { name: "elsewhere".to_owned(), ..to.clone() }).await;
            assert!(matches!(elsewhere, Err(TransferError::Gone { .. })), "{elsewhere:?}");
        }
        let report = go(&from, &to).await.unwrap_or_else(|error| panic!("{point}: {error}"));
        let all: u64 = report.kinds.iter().map(|compared| compared.to.rows).sum();
        assert_eq!(report.copied == all, *point == "transfer.batch:1", "{point}: {} of {all}", report.copied);
        assert!(rows(&report, Kind::Message) > 9_000);
        if *point == "transfer.marked" {
            let there = database.open().await;
            before.assert_same(&installation.look(&there).await);
            there.close().await.unwrap();
        }
        database.drop_schema().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_served_in_between_is_moved_anew() {
    let Some(database) = Database::new("what_was_served_in_between").await else { return };
    let dir = tempfile::tempdir().unwrap();
    let (installation, _) = filled(dir.path(), false).await;
    let (from, to) = (in_sqlite(dir.path()), in_postgres(database.options()));
    go(&from, &to).await.unwrap();
    undo(&from).await.unwrap();
    assert!(matches!(go(&from, &to).await, Err(TransferError::NotEmpty(_))));

    let other = r#"{"state":"arriving","from":{"place":"sqlite://other","installation":"00","openings":1},
                    "position":{"step":"copied"}}"#;
    let mark = "INSERT INTO meta (name, bytes) VALUES ('transfer', convert_to($1, 'UTF8'))";
    database.client().await.execute(mark, &[&other]).await.unwrap();
    let refused = go(&from, &to).await;
    assert!(matches!(refused, Err(TransferError::Reserved { .. })), "{refused:?}");
    database.drop_schema().await;

    // An attempt is changed behind the back of a move that is nearly done: it is told, and the next try starts over.
    let spoiling = |progress: Progress| {
        if progress.phase == Phase::Compare && progress.kind == Kind::Environment {
            let (url, schema) = (database.options().url, database.schema.clone());
            std::thread::spawn(move || spoil(&url, &schema)).join().unwrap();
        }
    };
    match transfer(&from, &to, &spoiling).await {
        Err(TransferError::Differs(report)) => {
            let differing: Vec<_> = report.kinds.iter().filter(|compared| !compared.is_same()).collect();
            assert_eq!(differing.iter().map(|compared| compared.kind).collect::<Vec<_>>(), [Kind::Attempt]);
        }
        other => panic!("{other:?}"),
    }
    let store = Sqlite::open(&options(dir.path())).expect("the old one is served on");
    let before = installation.look(&store).await;
    store.close().await.unwrap();
    let report = go(&from, &to).await.unwrap();
    assert_eq!(report.copied, report.kinds.iter().map(|compared| compared.to.rows).sum::<u64>());
    let there = database.open().await;
    before.assert_same(&installation.look(&there).await);
    there.close().await.unwrap();
    database.drop_schema().await;
}

/// Changes one attempt.
#[tokio::main(flavor = "current_thread")]
async fn spoil(url: &str, schema: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let spoil = format!(
        "UPDATE {schema}.attempt SET number = number + 1 WHERE row = (SELECT min(row) FROM {schema}.attempt)"
    );
    client.batch_execute(&spoil).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_moved_is_refused_and_stays() {
    let Some(database) = Database::new("what_cannot_be_moved").await else { return };
    let dir = tempfile::tempdir().unwrap();
    let (installation, before) = filled(dir.path(), false).await;
    let (from, to) = (in_sqlite(dir.path()), in_postgres(database.options()));
    let refused = async |from: &Place, to: &Place| go(from, to).await.expect_err("it is refused");

    let nothing = tempfile::tempdir().unwrap();
    let error = refused(&in_sqlite(nothing.path()), &to).await;
    assert!(matches!(error, TransferError::NotFound(_)), "{error}");
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0, "looking makes nothing");
    let error = refused(&to, &in_sqlite(nothing.path())).await;
    assert!(matches!(error, TransferError::NotFound(_)), "{error}");

    let wrong = sqlite::Options { sealer: sealer(9), ..options(dir.path()) };
    let error = refused(&Place { engine: Engine::Sqlite(wrong), ..from.clone() }, &to).await;
    assert!(matches!(error, TransferError::Sqlite(sqlite::OpenError::WrongKey(_))), "{error}");

    let store = Sqlite::open(&options(dir.path())).unwrap();
    let error = refused(&from, &to).await;
    assert!(matches!(error, TransferError::Sqlite(sqlite::OpenError::Locked(_))), "{error}");
    store.close().await.unwrap();

    // A server in the target, be it without a single thing of its own.
    let node = database.open().await;
    let error = refused(&from, &to).await;
    assert!(matches!(error, TransferError::InUse { .. }), "{error}");
    let error = refused(&to, &in_sqlite(nothing.path())).await;
    assert!(matches!(error, TransferError::InUse { .. }), "{error}");
    node.close().await.unwrap();

    let client = database.client().await;
    client.batch_execute("UPDATE meta SET bytes = '\\x00' WHERE name = 'seal_check'").await.unwrap();
    let error = refused(&from, &to).await;
    assert!(matches!(error, TransferError::Postgres(postgres::OpenError::WrongKey(_))), "{error}");
    client
        .batch_execute("DELETE FROM meta WHERE name = 'seal_check'; UPDATE meta SET number = 99 WHERE name = 'schema_min';
                        INSERT INTO migration VALUES (99, 'later', '')")
        .await
        .unwrap();
    let error = refused(&from, &to).await;
    assert!(matches!(error, TransferError::Postgres(postgres::OpenError::Schema(_))), "{error}");

    // After all of that it is as it was.
    database.drop_schema().await;
    go(&from, &to).await.unwrap();
    let there = database.open().await;
    before.assert_same(&installation.look(&there).await);
    there.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_room_is_told_and_goes_on_when_there_is_some() {
    let Some(database) = Database::new("a_database_without_room").await else { return };
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), false).await;
    let (from, to) = (in_sqlite(dir.path()), in_postgres(database.options()));
    database.open().await.close().await.unwrap();
    let client = database.client().await;
    client
        .batch_execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION full_disk()",
        )
        .await
        .unwrap();
    let error = go(&from, &to).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(matches!(error, TransferError::Copy { kind: Kind::Delivery, .. }), "{error}");
    assert!(source.contains("the disk is full"), "{source}");
    client.batch_execute("DROP FUNCTION full_disk CASCADE").await.unwrap();
    let report = go(&from, &to).await.unwrap();
    let rest = Kind::ALL.into_iter().filter(|kind| *kind >= Kind::Delivery);
    let rest: Vec<_> = rest.map(|kind| rows(&report, kind)).collect();
    assert_eq!(report.copied, rest.iter().sum::<u64>());
    database.drop_schema().await;
}

/// Every table is either moved or known to be an engine's own: whoever adds one decides.
#[tokio::test]
async fn no_table_is_forgotten() {
    let moved = [
        "api_key",
        "app",
        "attempt",
        "audit",
        "delivery",
        "endpoint",
        "environment",
        "event_type",
        "idempotency",
        "issue",
        "issue_count",
        "listen_claim",
        "listen_group",
        "message",
        "person",
        "person_link",
        "person_session",
        "portal_session",
        "reception",
        "refusal",
        "rollup",
        "saved_search",
        "source",
        "source_token",
        "task",
    ];
    let expected = |own: &[&str]| {
        let mut names: Vec<_> = moved.iter().chain(own).map(ToString::to_string).collect();
        names.sort();
        names
    };
    let dir = tempfile::tempdir().unwrap();
    Sqlite::open(&options(dir.path())).unwrap().close().await.unwrap();
    let conn = rusqlite::Connection::open(dir.path().join(sqlite::DATABASE_FILE)).unwrap();
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut tables = conn.prepare(tables).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    // The payload index follows from the messages, and is made again.
    let index = ["payload_doc", "payload_open", "payload_span"];
    let fts5 = [
        "payload_gram",
        "payload_gram_config",
        "payload_gram_data",
        "payload_gram_docsize",
        "payload_gram_idx",
    ];
    let own = ["meta", "migration", "rollup_pending"];
    assert_eq!(tables, expected(&[&own[..], &index, &fts5].concat()));

    let Some(database) = Database::new("no_table_is_forgotten").await else { return };
    database.open().await.close().await.unwrap();
    let tables = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition";
    let rows = database.client().await.query(tables, &[]).await.unwrap();
    let mut tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    tables.sort();
    let own = ["change", "lane_partition", "message_event_id", "meta", "migration", "node", "witness"];
    assert_eq!(tables, expected(&[&own[..], &index, &["payload_slice"]].concat()));
    database.drop_schema().await;
}
