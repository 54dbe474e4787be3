//! Commands beside a server that uses PostgreSQL, and `postrider dev` on it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Binary, Client, Database, KEY, await_until, free_port, run};

/// Starts `command` on the database.
async fn start(command: &str, database: &Database, data: &Arc<tempfile::TempDir>) -> Binary {
    let variables = database.place().variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Binary::start(&[command, "--set", &format!("bootstrap_key={KEY}")], &variables, Arc::clone(data)).await
}

#[tokio::test]
async fn commands_know_the_database_and_hide_the_password() {
    let Some(database) = Database::fresh() else { return };
    let data = Arc::new(tempfile::tempdir().unwrap());
    let server = start("serve", &database, &data).await;
    let (url, password) = (database.place().url(), database.place().password());
    let secret = format!("store.password={}", password.as_deref().unwrap_or("hush-hush"));
    let settings = ["--database", &url, "--set", &secret];
    let told = async |command: &[&str]| {
        let ended = run(data.path(), &[command, &settings[..]].concat()).await;
        let all = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!all.contains(secret.split_once('=').unwrap().1), "{command:?}: {all}");
        ended
    };

    let shown = told(&["config", "show"]).await.ok();
    assert!(shown.contains(&url) && shown.contains("(set)"), "{shown}");
    let findings: Value = serde_json::from_str(&told(&["doctor", "--output", "json"]).await.stdout).unwrap();
    let database_check = findings.as_array().unwrap().iter().find(|finding| finding["check"] == "database");
    let finding = database_check.unwrap();
    assert_ne!(finding["verdict"], "fail", "{finding}");
    assert!(finding["detail"].as_str().unwrap().contains("node 0"), "{finding}");
    doctor_knows(
        &findings,
        [("durability", "ok", "commits"), ("schema", "ok", "version"), ("nodes", "ok", "this one")],
    );
    doctor_knows(&findings, [("connections", "ok", "in use")]);

    let to = data.path().join("copy.db");
    let refused = told(&["backup", "--to", to.to_str().unwrap()]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("pg_dump") && !to.exists(), "{refused:?}");

    let token = told(&["key", "create", "--name", "more"]).await.ok();
    Client::of(server.address).with_key(token.trim()).get("/api/v1/app").await.must(200);
    let metrics = Client::of(server.address).get("/metrics").await.text();
    assert!(metrics.contains("postrider_store_commit_seconds_count"), "{metrics}");
    for of_sqlite in ["wal_bytes", "checkpoint_seconds", "sync_seconds"] {
        assert!(!metrics.contains(&format!("postrider_store_{of_sqlite}")), "{metrics}");
    }
}

/// Demands these findings: the check, its verdict, and a word of it.
#[track_caller]
fn doctor_knows<const N: usize>(findings: &Value, expected: [(&str, &str, &str); N]) {
    for (check, verdict, says) in expected {
        let finding = findings.as_array().unwrap().iter().find(|finding| finding["check"] == check);
        let finding = finding.unwrap_or_else(|| panic!("{check}: {findings}"));
        assert_eq!(finding["verdict"], verdict, "{finding}");
        assert!(finding["detail"].as_str().unwrap().contains(says), "{finding}");
    }
}

#[tokio::test]
async fn doctor_looks_at_a_database_that_nobody_uses() {
    let Some(database) = Database::fresh() else { return };
    let (data, url) = (Arc::new(tempfile::tempdir().unwrap()), database.place().url());
    let password = database.place().password().map(|password| format!("store.password={password}"));
    let password: Vec<_> = password.iter().flat_map(|setting| ["--set", setting]).collect();
    let look = async |url: &str| -> Value {
        let arguments = ["doctor", "--output", "json", "--database", url];
        let looked = run(data.path(), &[&arguments[..], &password[..]].concat()).await;
        serde_json::from_str(&looked.stdout).unwrap()
    };
    doctor_knows(
        &look(&url).await,
        [("database", "ok", "PostgreSQL"), ("schema", "ok", "does not exist yet")],
    );
    doctor_knows(&look(&url).await, [("nodes", "ok", "none"), ("connections", "ok", "in use")]);
    let made = database.place().run("SELECT nspname::text FROM pg_namespace WHERE nspname = 'postrider'");
    assert!(made.is_empty(), "looking changes nothing");

    start("serve", &database, &data).await.kill();
    doctor_knows(&look(&url).await, [("schema", "ok", "version"), ("nodes", "ok", "s ago")]);
    database.place().run(&format!("ALTER DATABASE {} SET synchronous_commit = off", database.name()));
    doctor_knows(&look(&url).await, [("durability", "fail", "ALTER ROLE")]);
    let nobody = format!("postgres://postrider@127.0.0.1:{}/postrider", free_port());
    doctor_knows(&look(&nobody).await, [("database", "fail", "is it running")]);
}

#[tokio::test]
async fn a_data_directory_has_one_server_with_postgresql_too() {
    let Some(database) = Database::fresh() else { return };
    let data = Arc::new(tempfile::tempdir().unwrap());
    let _server = start("serve", &database, &data).await;
    let address = format!("127.0.0.1:{}", free_port());
    let second = ["serve", "--listen", &address, "--database", &database.place().url()];
    let second = run(data.path(), &second).await;
    assert_eq!(second.code, Some(75), "{second:?}");
    assert!(second.stderr.contains("another process is using it"), "{second:?}");
}

#[tokio::test]
async fn dev_works_on_postgresql_and_works_again_after_a_kill() {
    let Some(database) = Database::fresh() else { return };
    let data = Arc::new(tempfile::tempdir().unwrap());
    for start_number in 1..=2 {
        let server = start("dev", &database, &data).await;
        await_until("the greeting", async || {
            server.stdout().contains("Publish a message to the sample application").then_some(())
        })
        .await;
        let message = json!({"eventType": "invoice.paid", "payload": {"n": start_number}});
        let client = server.client();
        client.post("/api/v1/app/sample/msg", message).await.must(202);
        await_until("its attempt", async || {
            let page = client.get("/api/v1/app/sample/attempt/endpoint/sample-bin").await.must(200);
            (page["data"].as_array().unwrap().len() >= start_number).then_some(())
        })
        .await;
        server.kill();
    }
}

#[tokio::test]
async fn health_asks_whether_a_server_is_ready() {
    let data = tempfile::tempdir().unwrap();
    let server = Binary::serve().await;
    let url = format!("http://{}", server.address);
    run(data.path(), &["health", "--url", &url]).await.ok();
    server.kill();
    let down = run(data.path(), &["health", "--url", &url]).await;
    assert_eq!((down.code, down.stdout.as_str()), (Some(1), ""), "{down:?}");
}
