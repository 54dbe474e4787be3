use std::sync::Arc;

use postrider_core::rng::TestRng;

use super::statement::{self, Index};
use crate::postgres::{Options, Postgres};
use crate::seal::{SealKey, Sealer};

/// Where the test of the plans finds a database.
const URL: &str = "POSTRIDER_TEST_POSTGRES_URL";

/// How many parameters a statement has.
fn params(sql: &str) -> usize {
    let numbers = sql.split('$').skip(1).map(|rest| {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().expect("a dollar begins a parameter")
    });
    numbers.max().unwrap_or(0)
}

/// With ten million rows a scan or a sort would be ruinous, and in every other test it is quick.
#[tokio::test]
async fn no_walk_scans_or_sorts() {
    let Ok(url) = std::env::var(URL) else {
        eprintln!("skipped: {URL} names no database");
        return;
    };
    let key = SealKey::generate(&TestRng::seed(7));
    let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
    let schema = format!("test_{}_no_walk_scans_or_sorts", std::process::id());
    let options = Options { schema: schema.clone(), ..Options::new(url, sealer) };
    let store = Postgres::open(&options).await.unwrap();
    let conn = store.reader().await.unwrap();
    conn.batch("SET plan_cache_mode = force_generic_plan").await.unwrap();
    // Each with whether it may sort: what the few messages of one step have is little.
    let mut all = vec![(statement::messages_at(), false)];
    for order in ["ASC", "DESC"] {
        let indexes = [Index::Endpoint, Index::Retrying, Index::Ended];
        all.extend(indexes.map(|index| (statement::deliveries(index, order), false)));
        all.extend([true, false].map(|of_app| (statement::messages(of_app, order), false)));
        all.push((statement::deliveries_of(order), true));
    }
    let others = [statement::APPS, statement::ENDPOINTS, statement::ATTEMPTS, statement::PAYLOADS];
    all.extend(others.map(|sql| (sql.to_owned(), false)));
    for (sql, may_sort) in all {
        let nulls = vec!["NULL"; params(&sql)].join(", ");
        conn.batch(&format!("PREPARE walk AS {sql}")).await.unwrap();
        let plan = conn.rows(&format!("EXPLAIN EXECUTE walk ({nulls})"), &[]).await.unwrap();
        conn.batch("DEALLOCATE walk").await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        for step in &plan {
            let is_bad = step.contains("Seq Scan") || (step.contains("Sort") && !may_sort);
            assert!(!is_bad, "{step}\n{sql}\n{}", plan.join("\n"));
        }
    }
    drop(conn);
    let client = store.shared.pools.writer().await.unwrap();
    client.batch(&format!("SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE")).await.unwrap();
}
