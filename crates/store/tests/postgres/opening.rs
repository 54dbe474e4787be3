//! Opening and closing: what is refused, what is made, and what is left behind.

use std::sync::Arc;

use postrider_core::rng::TestRng;
use postrider_core::scope::SystemScope;
use postrider_store::postgres::{Durability, MigrateError, OpenError, Options, Postgres};
use postrider_store::seal::{SealKey, Sealer};
use postrider_store::{Error, Store};

use crate::database::Database;
use crate::things::Things;

async fn refusal(options: &Options) -> OpenError {
    Postgres::open(options).await.err().expect("it is refused")
}

#[tokio::test]
async fn the_wrong_key_is_refused_and_changes_nothing() {
    let Some(database) = Database::new("the_wrong_key_is_refused").await else { return };
    database.open().await.close().await.unwrap();
    let key = SealKey::generate(&TestRng::seed(9));
    let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
    let error = refusal(&Options { sealer, ..database.options() }).await;
    assert!(matches!(error, OpenError::WrongKey(_)), "{error}");
    database.open().await.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test]
async fn a_database_that_does_not_wait_for_its_disk_is_refused() {
    let Some(database) = Database::new("a_database_that_does_not_wait").await else { return };
    let with = |setting| {
        let url = database.url_with(&format!("options=-c%20synchronous_commit%3D{setting}"));
        Options { url, ..database.options() }
    };
    let error = refusal(&with("off")).await;
    assert!(matches!(error, OpenError::NotDurable), "{error}");
    let store = Postgres::open(&with("local")).await.unwrap();
    assert!(matches!(store.durability(), Durability::Local | Durability::Unsynced));
    store.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test]
async fn a_newer_schema_is_used_as_far_as_it_allows() {
    let Some(database) = Database::new("a_newer_schema_is_used").await else { return };
    database.open().await.close().await.unwrap();
    let client = database.client().await;
    client.batch_execute("INSERT INTO migration VALUES (1000, 'from the future', '')").await.unwrap();
    database.open().await.close().await.expect("what the newer one added does no harm");
    client.batch_execute("UPDATE meta SET number = 1000 WHERE name = 'schema_min'").await.unwrap();
    let error = refusal(&database.options()).await;
    assert!(matches!(error, OpenError::Schema(MigrateError::Newer { needed: 1000, known: 12 })), "{error}");
    database.drop_schema().await;
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    let Some(database) = Database::new("what_is_not_ours_is_left_alone").await else { return };
    let client = database.client().await;
    let theirs = format!("CREATE SCHEMA {0}; CREATE TABLE {0}.theirs (a integer)", database.schema);
    client.batch_execute(&theirs).await.unwrap();
    let error = refusal(&database.options()).await;
    assert!(matches!(error, OpenError::Schema(MigrateError::Foreign(_))), "{error}");
    for schema in ["", "Upper", "a b", "a\"; DROP SCHEMA public", "1st"] {
        let error = refusal(&Options { schema: schema.into(), ..database.options() }).await;
        assert!(matches!(error, OpenError::SchemaName(_)), "{error}");
    }
    database.drop_schema().await;
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let Some(database) = Database::new("an_edited_migration_is_refused").await else { return };
    database.open().await.close().await.unwrap();
    database.client().await.batch_execute("UPDATE migration SET checksum = ''").await.unwrap();
    let error = refusal(&database.options()).await;
    assert!(matches!(error, OpenError::Schema(MigrateError::Altered { .. })), "{error}");
    database.drop_schema().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_quickly() {
    let Some(database) = Database::new("a_database_that_is_not_there").await else { return };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = database.options();
    let url = options.url.replacen(database.authority(), &free.to_string(), 1);
    let error = refusal(&Options { url, ..options }).await;
    assert!(matches!(error, OpenError::Connect(_)), "{error}");
}

#[tokio::test]
async fn a_closed_store_refuses() {
    let Some(database) = Database::new("a_closed_store_refuses").await else { return };
    let store = database.open().await;
    let things = Things::make(&store).await;
    store.close().await.unwrap();
    store.close().await.expect("closing again is nothing");
    let written = things.accept(&store).await.1;
    assert!(written.is_err_and(|error| error.to_string().contains("closed")));
    let read = store.environments(SystemScope::assume().instance()).await;
    assert!(matches!(read, Err(Error::Closed)), "{read:?}");
    database.drop_schema().await;
}

#[tokio::test]
async fn a_backup_is_somebody_elses_work() {
    let Some(database) = Database::new("a_backup_is_somebody_elses_work").await else { return };
    let store = database.open().await;
    let path = std::path::Path::new("/nonexistent/copy");
    let error = store.backup(SystemScope::assume(), path, Arc::new(|_, _| ())).await.unwrap_err();
    assert!(error.to_string().contains("pg_dump"), "{error}");
    store.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test]
async fn a_missing_partition_is_made_when_a_row_comes() {
    let Some(database) = Database::new("a_missing_partition_is_made").await else { return };
    let store = database.open().await;
    let things = Things::make(&store).await;
    let first = things.accept(&store).await;
    first.1.unwrap();
    // Behind the back of the store, which believes them to be there.
    let partitions = "SELECT format('DROP TABLE %s', inhrelid::regclass) FROM pg_inherits
                       WHERE inhparent IN ('message'::regclass, 'attempt'::regclass)";
    let client = database.client().await;
    for row in client.query(partitions, &[]).await.unwrap() {
        client.batch_execute(row.get(0)).await.unwrap();
    }
    assert!(!things.has(&store, first.0).await);
    let second = things.accept(&store).await;
    second.1.expect("the partition is made");
    assert!(things.has(&store, second.0).await);
    store.close().await.unwrap();
    database.drop_schema().await;
}

#[tokio::test]
async fn a_look_changes_nothing_and_tells_what_is_there() {
    let Some(database) = Database::new("a_look_changes_nothing").await else { return };
    let look = async || Postgres::inspect(&database.options()).await.unwrap();
    let before = look().await;
    assert!(before.schema.is_none() && before.nodes.is_empty() && before.is_supported, "{before:?}");
    assert!(!before.is_encrypted && (1..before.connections_max).contains(&before.connections), "{before:?}");
    let there = database.client().await;
    let schemas = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
    assert!(there.query(schemas, &[&database.schema]).await.unwrap().is_empty(), "nothing was made");

    let store = Postgres::open(&Options { roles: "api".into(), ..database.options() }).await.unwrap();
    let seen = look().await;
    assert_eq!(seen.durability.as_ref(), Some(store.durability()));
    let schema = seen.schema.unwrap();
    assert_eq!((schema.version, schema.needed, schema.unserved), (schema.known, 1, None));
    let [node] = &seen.nodes[..] else { panic!("{:?}", seen.nodes) };
    assert_eq!((node.name.as_str(), node.roles.as_str(), node.is_fenced), ("postrider", "api", false));
    assert_eq!(node.slot, store.slot());
    store.close().await.unwrap();
    assert!(look().await.nodes.is_empty());

    let url = database.url_with("options=-c%20synchronous_commit%3Doff");
    let careless = Postgres::inspect(&Options { url, ..database.options() }).await.unwrap();
    assert_eq!(careless.durability, None);
    database.drop_schema().await;
}
