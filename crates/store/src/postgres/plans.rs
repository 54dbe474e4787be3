//! Proof that no statement reads a table whole, and that each finds its rows by the columns it names.
//!
//! The server says how it would run a statement whose parameters it does not know. The tables are empty, as they are when
//! a node prepares its statements for the first time: that plan is the one that stays until they have statistics. A scan
//! of a table, or of an index from end to end, would be quick in every test and ruinous with ten million rows.

use std::path::PathBuf;
use std::sync::Arc;

use postrider_core::rng::TestRng;
use serde_json::Value;
use tokio_postgres::{Client, NoTls};

use super::{Options, Postgres};
use crate::Store as _;
use crate::seal::{SealKey, Sealer};

/// Small tables that are read whole on purpose, or walked from one end with a limit.
const WHOLE: [&str; 10] = [
    "payload_span",
    "node",
    "lane_partition",
    "witness",
    "environment",
    "api_key",
    "meta",
    "pg_class",
    "pg_inherits",
    "person",
];

/// Every SQL text that begins with a comment naming its function, in this directory's sources.
fn statements() -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgres"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = std::fs::read_to_string(&path).unwrap();
                let pieces: Vec<_> = source.split("\"-- ").collect();
                for pair in pieces.windows(2) {
                    // A text that a macro goes on with is not whole here.
                    let is_whole = !pair[0].trim_end().ends_with("concat!(");
                    let sql = pair[1].split_once('"').filter(|_| is_whole);
                    all.extend(sql.map(|(sql, _)| format!("-- {sql}")));
                }
            }
        }
    }
    // Neither are those that a format or another macro puts together; all of these are tested where they are used.
    all.retain(|sql| sql.contains('\n') && !sql.contains('{') && !sql.contains("\\n"));
    all
}

/// The parts of a plan that read too much.
fn findings(plan: &Value, limited: bool, findings: &mut Vec<String>) {
    let text = |name: &str| plan[name].as_str().unwrap_or_default();
    let (node, relation) = (text("Node Type"), text("Relation Name"));
    let is_whole = match node {
        "Seq Scan" => true,
        "Index Scan" | "Index Only Scan" => plan["Index Cond"].is_null() && !limited,
        _ => false,
    };
    if is_whole && !WHOLE.contains(&relation) {
        findings.push(format!("{node} {} {relation} {}", text("Index Name"), text("Filter")));
    }
    // Rows that are asked for by a list must be found one by one, and not by reading all that the rest of the condition
    // leaves: with an `= ANY` beside another column the planner may choose just that.
    if text("Filter").contains("= ANY ($") && !WHOLE.contains(&relation) {
        findings.push(format!("{node} {relation} picks from {}: {}", plan["Index Cond"], text("Filter")));
    }
    // The same for rows that a join asks for. Where all columns of the key come from the other side, and none is compared
    // with a parameter of its own, there is no other way than one by one.
    if !plan["Join Filter"].is_null() && reads_what_grows(plan) {
        findings.push(format!("{node} picks what it joins: {}", text("Join Filter")));
    }
    // What a limit stops need not have a condition, as long as it comes in the right order.
    let passes = ["Limit", "LockRows", "Result", "Append", "Merge Append", "Subquery Scan"];
    let limited = node == "Limit" || (limited && passes.contains(&node));
    for child in plan["Plans"].as_array().into_iter().flatten() {
        self::findings(child, limited, findings);
    }
}

/// Whether the plan joins a table with a row for each message.
fn reads_what_grows(plan: &Value) -> bool {
    let relation = plan["Relation Name"].as_str().unwrap_or_default();
    let grows =
        ["message", "delivery", "attempt", "reception"].iter().any(|table| relation.starts_with(table));
    let joined = |child: &&Value| child["Parent Relationship"] != "SubPlan";
    grows || plan["Plans"].as_array().into_iter().flatten().filter(joined).any(reads_what_grows)
}

async fn explain(client: &Client, sql: &str) -> Result<Value, tokio_postgres::Error> {
    let statement = client.prepare(sql).await?;
    let nulls = vec!["NULL"; statement.params().len()].join(", ");
    let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    client.batch_execute(&format!("DEALLOCATE ALL; PREPARE looked_at AS {sql}")).await?;
    let explained =
        client.simple_query(&format!("EXPLAIN (FORMAT JSON) EXECUTE looked_at{arguments}")).await?;
    let json = explained.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(serde_json::from_str(json.expect("a plan is one row")).expect("it is JSON"))
}

#[tokio::test]
async fn no_statement_reads_a_table_whole() {
    let Ok(url) = std::env::var("POSTRIDER_TEST_POSTGRES_URL") else {
        eprintln!("skipped: POSTRIDER_TEST_POSTGRES_URL names no database");
        return;
    };
    let key = SealKey::generate(&TestRng::seed(7));
    let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
    let schema = format!("test_plans_{}", std::process::id());
    let options = Options { schema: schema.clone(), ..Options::new(&url, sealer) };
    Postgres::open(&options).await.unwrap().close().await.unwrap();

    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let settings = format!("{} SET search_path = {schema}", super::pool::SETTINGS);
    client.batch_execute(&settings).await.unwrap();
    let statements = statements();
    assert!(statements.len() > 70, "the sources were found: {}", statements.len());
    let mut all = Vec::new();
    for sql in statements {
        match explain(&client, &sql).await {
            Ok(plan) => {
                let mut found = Vec::new();
                findings(&plan[0]["Plan"], false, &mut found);
                all.extend(found.into_iter().map(|finding| format!("{finding}\n{sql}")));
            }
            Err(error) => all.push(format!("{}\n{sql}", super::fault::sentence(&error))),
        }
    }
    client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    assert!(all.is_empty(), "{}", all.join("\n\n"));
}
