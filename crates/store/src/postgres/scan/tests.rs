use std::sync::Arc;

use postrider_core::rng::TestRng;

use super::*;
use crate::postgres::{
    Options, Postgres, apps, attempts, audit, deliveries, endpoints, event_types, messages, tasks,
};
use crate::seal::{SealKey, Sealer};

/// Where the test of the plans finds a database.
const URL: &str = "POSTRIDER_TEST_POSTGRES_URL";
const LISTS: [&List; 11] = [
    &apps::LIST,
    &event_types::LIST,
    &endpoints::LIST,
    &messages::LIST,
    &attempts::BY_ENDPOINT,
    &attempts::BY_MESSAGE,
    &deliveries::BY_ENDPOINT,
    &deliveries::BY_MESSAGE,
    &tasks::LIST,
    &audit::ALL,
    &audit::LIST,
];

fn page(edge: Option<Edge<i64>>, order: Option<Order>) -> Page<i64> {
    Page { limit: 10, edge, order }
}

#[test]
fn a_walk_goes_from_its_edge() {
    const ENDS: (i64, i64) = (i64::MIN, i64::MAX);
    let (after, before) = (Some(Edge::After(7)), Some(Edge::Before(7)));
    // Edge and order; then the interval, whether it goes up, and whether the page is turned round in the end.
    let cases = [
        (None, None, ENDS, false, false),
        (None, Some(Order::Ascending), ENDS, true, false),
        (after.clone(), None, (i64::MIN, 7), false, false),
        (after, Some(Order::Ascending), (7, i64::MAX), true, false),
        (before.clone(), None, (7, i64::MAX), true, true),
        (before, Some(Order::Ascending), (i64::MIN, 7), false, true),
    ];
    for (edge, order, interval, ascending, reversed) in cases {
        let walk = Walk::rows(&page(edge.clone(), order), Order::Descending, |row| *row);
        let found = ((walk.low, walk.high), walk.ascending, walk.reversed);
        assert_eq!(found, (interval, ascending, reversed), "{edge:?}, {order:?}");
    }
}

#[test]
fn a_walk_goes_on_from_where_it_was() {
    let mut down = Walk::rows(&page(Some(Edge::After(9)), None), Order::Descending, |row| *row);
    down.go_on_from(3);
    assert_eq!((down.low, down.high), (i64::MIN, 3));
    let mut up = Walk::rows(&page(Some(Edge::After(9)), None), Order::Ascending, |row| *row);
    up.go_on_from(30);
    assert_eq!((up.low, up.high), (30, i64::MAX));
}

#[test]
fn times_bound_a_walk_to_the_ids_between() {
    let (begin, end) = (Timestamp::from_seconds(1_800_000_000), Timestamp::from_seconds(1_800_000_060));
    let walk = Walk::rows(&page(None, None), Order::Descending, |row| *row).between(Some(begin), Some(end));
    let at =
        |time: Timestamp, ticks: u64| first_row_at(time.after(Duration::from_micros(ticks * TICK_MICROS)));
    assert!(
        walk.low >= first_row_at(begin) && walk.low < at(begin, 1),
        "what was made at `after` is not after it"
    );
    assert_eq!(walk.high, first_row_at(end), "what was made at `before` is not before it");
}

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
async fn no_list_scans_or_sorts() {
    let Ok(url) = std::env::var(URL) else {
        eprintln!("skipped: {URL} names no database");
        return;
    };
    let key = SealKey::generate(&TestRng::seed(7));
    let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
    let schema = format!("test_{}_no_list_scans_or_sorts", std::process::id());
    let options = Options { schema: schema.clone(), ..Options::new(url, sealer) };
    let store = Postgres::open(&options).await.unwrap();
    let conn = store.reader().await.unwrap();
    conn.batch("SET plan_cache_mode = force_generic_plan").await.unwrap();
    for list in LISTS {
        for order in ["ASC", "DESC"] {
            let sql = list.statement(order);
            let nulls = vec!["NULL"; params(&sql)].join(", ");
            conn.batch(&format!("PREPARE list AS {sql}")).await.unwrap();
            let plan = conn.rows(&format!("EXPLAIN EXECUTE list ({nulls})"), &[]).await.unwrap();
            conn.batch("DEALLOCATE list").await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
            for step in &plan {
                assert!(
                    !step.contains("Seq Scan") && !step.contains("Sort"),
                    "{step}\n{sql}\n{}",
                    plan.join("\n")
                );
            }
        }
    }
    drop(conn);
    let client = store.shared.pools.writer().await.unwrap();
    client.batch(&format!("SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE")).await.unwrap();
}
