//! Tests that hold on any database, run once more on PostgreSQL.
//!
//! This program runs itself with a filter and a variable ([`ON_POSTGRES`]) that changes the database of every server
//! in it. So a test is written once, and what it says of the server is said of both.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::support::{Database, ON_POSTGRES, alone, drop_databases};

/// What is run: publishing, delivering and reading back, receiving, replaying, retries, order, idempotency, lists, and the official
/// clients.
const CHOSEN: [&str; 9] = [
    "api::attempts::",
    "api::lists::",
    "api::messages::",
    "api::retries::",
    "clients::",
    "idempotency::",
    "order::",
    "receive::",
    "replay::",
];
/// At least so many tests are chosen. Fewer means that a filter matches nothing any more.
const TESTS_MIN: usize = 64;
/// The longest that they may take together.
const LIMIT: Duration = Duration::from_secs(300);

#[tokio::test]
async fn tests_for_any_database_pass_on_postgresql() {
    let Some(database) = Database::fresh() else { return };
    let prefix = format!("{}_both", database.name());
    // They load the machine as any other tests do, but in a process that takes no turns with this one.
    let _alone = alone().await;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(CHOSEN).env(ON_POSTGRES, &prefix).stdout(Stdio::piped()).kill_on_drop(true);
    let running = command.spawn().unwrap().wait_with_output();
    let output = tokio::time::timeout(LIMIT, running).await.expect("they end").unwrap();
    drop_databases(&prefix);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(passed(&told) >= TESTS_MIN, "{told}");
}

/// How many tests passed, by the summary.
fn passed(told: &str) -> usize {
    let summary = told.lines().find_map(|line| line.strip_prefix("test result: ok. ")).unwrap_or_default();
    summary.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
