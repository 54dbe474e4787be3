//! A server that has no connection left, or is restarting: every call is answered quickly, and all is well afterwards.

use std::time::{Duration, Instant};

use postrider_core::scope::SystemScope;
use postrider_store::postgres::{OpenError, Options, Postgres};
use postrider_store::{AcceptError, Error, Store};

use crate::database::Database;
use crate::proxy::{Plan, Proxy};
use crate::things::Things;

/// Calls that find no connection answer within this.
const QUICKLY: Duration = Duration::from_secs(6);

async fn refused_quickly(store: &Postgres, things: &Things) {
    let began = Instant::now();
    let refused = things.accept(store).await.1;
    assert!(matches!(refused, Err(AcceptError::Store(Error::Overloaded { .. }))), "{refused:?}");
    let refused = store.environments(SystemScope::assume().instance()).await;
    assert!(matches!(refused, Err(Error::Overloaded { .. })), "{refused:?}");
    assert!(began.elapsed() < QUICKLY, "{:?}", began.elapsed());
}

async fn heals(store: &Postgres, things: &Things) {
    let began = Instant::now();
    while things.accept(store).await.1.is_err()
        || store.environments(SystemScope::assume().instance()).await.is_err()
    {
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_connections_refuses_and_heals() {
    let Some(database) = Database::new("a_server_without_connections").await else { return };
    let store = database.open().await;
    let things = Things::make(&store).await;
    // The day of its messages must be there: the role below may not make one.
    things.accept(&store).await.1.unwrap();
    let client = database.client().await;
    // A role whose connections are used up stands for a server whose are.
    let role = format!("limited_{}", std::process::id());
    let sql = format!(
        "CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA {0} TO {role};
         GRANT ALL ON ALL TABLES IN SCHEMA {0} TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA {0} TO {role}",
        database.schema
    );
    client.batch_execute(&sql).await.unwrap();
    let limit = async |connections: i32| {
        client.batch_execute(&format!("ALTER ROLE {role} CONNECTION LIMIT {connections}")).await.unwrap();
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1";
        client.query_one(end, &[&role]).await.unwrap();
    };
    let options = database.options();
    let rest = options.url.split_once('@').map_or(&*options.url, |(_, rest)| rest);
    let options = Options { url: format!("postgres://{role}@{rest}"), ..options };
    let limited = match Postgres::open(&options).await {
        Ok(limited) => limited,
        // A server that asks for passwords cannot be used for this.
        Err(OpenError::Connect(error)) => return eprintln!("skipped: {error}"),
        Err(error) => panic!("{error:?}"),
    };
    limit(0).await;
    refused_quickly(&limited, &things).await;
    let error = Postgres::open(&options).await.err().expect("there is no connection for it");
    let mut causes = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        causes = format!("{causes}: {cause}");
        source = cause.source();
    }
    assert!(causes.contains("too many connections"), "it says why: {causes}");
    limit(-1).await;
    heals(&limited, &things).await;
    limited.close().await.unwrap();
    store.close().await.unwrap();
    database.drop_schema().await;
    client.batch_execute(&format!("DROP ROLE {role}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarting_server_refuses_and_heals() {
    let Some(database) = Database::new("a_restarting_server").await else { return };
    let proxy = Proxy::start(database.authority());
    let options = database.options();
    let url = options.url.replacen(database.authority(), &format!("127.0.0.1:{}", proxy.port), 1);
    let store = Postgres::open(&Options { url, ..options }).await.unwrap();
    let things = Things::make(&store).await;
    let client = database.client().await;
    for _ in 0..3 {
        // Its sessions end, and it takes no new ones.
        proxy.set(Plan::Shut);
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
        client.query_one(end, &[&database.schema]).await.unwrap();
        refused_quickly(&store, &things).await;
        proxy.set(Plan::Open);
        heals(&store, &things).await;
    }
    store.close().await.unwrap();
    database.drop_schema().await;
}
