use std::sync::Arc;

use postrider_core::environment::{Environment, Settings};
use postrider_core::id::{EnvironmentId, IdGenerator};
use postrider_core::rng::TestRng;
use postrider_core::scope::SystemScope;
use postrider_core::time::{TestClock, Timestamp};

use super::super::{Options, Postgres};
use super::*;
use crate::Store as _;
use crate::seal::{SealKey, Sealer};

async fn opened(schema: &str) -> Option<Postgres> {
    let Ok(url) = std::env::var("POSTRIDER_TEST_POSTGRES_URL") else {
        eprintln!("skipped: POSTRIDER_TEST_POSTGRES_URL names no database");
        return None;
    };
    let key = SealKey::generate(&TestRng::seed(7));
    let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
    let options = Options { schema: schema.to_owned(), ..Options::new(&url, sealer) };
    Some(Postgres::open(&options).await.unwrap())
}

/// A server that has crashed gives the number of a lost transaction to another one, which is committed.
#[tokio::test]
async fn the_number_of_another_transaction_proves_nothing() {
    let schema = format!("test_witness_{}", std::process::id());
    let Some(store) = opened(&schema).await else { return };
    let (clock, rng) = (TestClock::at(Timestamp::from_seconds(1_800_000_000)), TestRng::seed(9));
    let id = EnvironmentId::make(&IdGenerator::default(), &clock, &rng);
    let created_at = Timestamp::from_seconds(1_800_000_000);
    let environment = Environment { id, name: "test".into(), settings: Settings::default(), created_at };
    store.create_environment(SystemScope::assume().instance(), environment).await.unwrap();

    let pools = &store.shared.pools;
    let conn = pools.writer().await.unwrap();
    conn.batch("BEGIN").await.unwrap();
    let number = conn.row("SELECT pg_current_xact_id()::text", &[]).await.unwrap().unwrap();
    let number: Number = number.try_get(0).unwrap();
    conn.batch("COMMIT").await.unwrap();
    let newest = conn.row("SELECT holder, writer, token FROM witness", &[]).await.unwrap().unwrap();
    let turn = Turn {
        holder: newest.try_get(0).unwrap(),
        writer: newest.try_get(1).unwrap(),
        token: newest.try_get(2).unwrap(),
    };
    assert_eq!(turn.holder, store.shared.holder);
    let lost = Turn { token: turn.token + 1, ..turn };
    for (witness, happened) in [
        (Some(Witness::Writer(turn)), Some(true)),
        (Some(Witness::Writer(lost)), Some(false)),
        (Some(Witness::Message(1, 1)), Some(false)),
        (None, None),
    ] {
        assert_eq!(find_out(pools, &number, witness).await, happened, "{witness:?}");
    }

    conn.batch(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    drop(conn);
    store.close().await.unwrap_err();
}
