//! Old days go as a whole, with everything that belongs to their messages.

use std::time::Duration;

use postrider_core::scope::SystemScope;
use postrider_core::time::Timestamp;
use postrider_store::Store;
use tokio_postgres::Client;

use crate::database::Database;
use crate::things::{NOW, Things};

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn retain(store: &dyn Store, now: Timestamp) -> u64 {
    let mut messages = 0;
    for _ in 0..1_000 {
        let pass = store.retain(SystemScope::assume(), now, 7).await.unwrap();
        messages += pass.messages;
        if !pass.more {
            return messages;
        }
    }
    panic!("retention comes to no end");
}

/// Rows of the tables that a message has a part in, and whether their day has a partition.
async fn left(client: &Client) -> (i64, i64) {
    let rows = "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM delivery) + (SELECT count(*) FROM attempt)
                     + (SELECT count(*) FROM message_event_id)";
    let day = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'message'::regclass
                  AND inhrelid::regclass::text = 'message_' || lpad(($1::bigint / 86400)::text, 6, '0')";
    let rows = client.query_one(rows, &[]).await.unwrap().get(0);
    (rows, client.query_one(day, &[&NOW.as_seconds()]).await.unwrap().get(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_day_is_dropped_unless_something_in_it_is_unfinished() {
    const MESSAGES: usize = 20;
    let Some(database) = Database::new("an_old_day_is_dropped").await else { return };
    let store = database.open().await;
    let things = Things::make(&store).await;
    let mut messages = Vec::new();
    for index in 0..MESSAGES {
        let mut acceptance = things.acceptance();
        acceptance.message.event_id = Some(format!("evt-{index}"));
        messages.push(acceptance.message.id);
        store.accept(things.scope, acceptance).await.unwrap();
    }
    let (last, first) = messages.split_last().unwrap();
    for message in first {
        store.settle(SystemScope::assume(), vec![things.success(*message)].into(), Vec::new()).await.unwrap();
    }
    let client = database.client().await;
    assert_eq!(left(&client).await, (4 * MESSAGES as i64 - 1, 1));
    let later = NOW.after(100 * DAY);
    assert_eq!(retain(&store, later).await, MESSAGES as u64 - 1, "those that are finished go row by row");
    assert_eq!(left(&client).await, (3, 1), "a message with its delivery and its event id, and its day");
    assert!(things.has(&store, *last).await);
    store.settle(SystemScope::assume(), vec![things.success(*last)].into(), Vec::new()).await.unwrap();
    assert_eq!(retain(&store, later).await, 1);
    assert_eq!(left(&client).await, (0, 0), "the day goes with its last message");
    store.close().await.unwrap();
    database.drop_schema().await;
}
