//! `postrider migrate-store`: an installation goes from a data directory to a PostgreSQL database, and on from there.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{
    Binary, Database, Exit, KEY, Receiver, await_until, free_port, new_app, new_endpoint, publish, run,
};

const EGRESS: &str = "egress.allow=127.0.0.0/8";

/// Runs the command with the database's password.
async fn migrate(data: &Path, database: &Database, arguments: &[&str]) -> Exit {
    let password = database.place().password().map(|password| format!("store.password={password}"));
    let password: Vec<_> = password.iter().flat_map(|setting| ["--set", setting]).collect();
    run(data, &[&["migrate-store"], arguments, &password[..]].concat()).await
}

fn sqlite(dir: &Path) -> String {
    format!("sqlite://{}", dir.display())
}

/// A server on SQLite in `data`.
async fn serve(data: &Arc<tempfile::TempDir>) -> Binary {
    let variables = [("POSTRIDER_BOOTSTRAP_KEY", KEY)];
    Binary::start(&["serve", "--set", EGRESS], &variables, Arc::clone(data)).await
}

#[tokio::test]
async fn everything_is_served_from_the_new_database_and_not_from_the_old_one() {
    let Some(database) = Database::fresh() else { return };
    let (data, receiver) = (Arc::new(tempfile::tempdir().unwrap()), Receiver::start().await);
    let first = serve(&data).await;
    let app = new_app(&first.client(), "moving").await;
    let endpoint = new_endpoint(&first.client(), &app, &receiver.url("/hook"), json!({})).await;
    let nobody = format!("http://127.0.0.1:{}/", free_port());
    let waiting = new_endpoint(&first.client(), &app, &nobody, json!({"channels": ["none"]})).await;
    let event = json!({"eventType": "t", "eventId": "e1", "payload": {"n": 1}});
    let message = publish(&first.client(), &app, event.clone()).await;
    receiver.wait_until("the message", |requests| requests.len() == 1).await;
    let secret = first.client().get(&format!("{app}/endpoint/{endpoint}/secret")).await.must(200);

    let (from, to) = (sqlite(data.path()), database.place().url());
    let refused = migrate(data.path(), &database, &[&from, &to]).await;
    assert_eq!(refused.code, Some(75), "{refused:?}");
    assert!(refused.stderr.contains("another process is using it"), "{refused:?}");
    // In the middle of whatever it does.
    first.kill();

    let moved = migrate(data.path(), &database, &[&from, &to, "--output", "json"]).await;
    for words in ["copying messages:", "comparing tasks:", "is not served any more", "seal.key"] {
        assert!(moved.stderr.contains(words), "{moved:?}");
    }
    let told: Value = serde_json::from_str(&moved.ok()).unwrap();
    let kinds = told["kinds"].as_array().unwrap();
    assert!(kinds.len() == 26 && kinds.iter().all(|kind| kind["same"] == true), "{told}");
    let count = |name: &str| kinds.iter().find(|kind| kind["kind"] == name).unwrap()["rowsTo"].clone();
    assert_eq!(
        [count("applications"), count("endpoints"), count("messages")],
        [json!(1), json!(2), json!(1)]
    );

    let address = format!("127.0.0.1:{}", free_port());
    let accident = run(data.path(), &["serve", "--listen", &address]).await;
    assert_eq!(accident.code, Some(1), "{accident:?}");
    assert!(accident.stderr.contains(&format!("--undo {from}")), "{accident:?}");
    let again = migrate(data.path(), &database, &[&from, &to]).await;
    assert!(again.code == Some(1) && again.stderr.contains("was moved to"), "{again:?}");

    let variables = database.place().variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let second = Binary::start(&["serve", "--set", EGRESS], &variables, Arc::clone(&data)).await;
    let client = second.client();
    assert_eq!(client.get(&format!("{app}/endpoint/{endpoint}/secret")).await.must(200), secret);
    client.get(&format!("{app}/endpoint/{waiting}")).await.must(200);
    client.get(&format!("{app}/msg/{message}")).await.must(200);
    client.post(&format!("{app}/msg"), event).await.must(409);
    publish(&client, &app, json!({"eventType": "t", "payload": {"n": 2}})).await;
    receiver.wait_until("the next message", |requests| requests.len() >= 2).await;
    second.kill();

    migrate(data.path(), &database, &["--undo", &from]).await.ok();
    let old = serve(&data).await;
    old.client().get(&app).await.must(200);
}

#[tokio::test]
async fn it_can_go_back_into_a_new_directory_with_the_key() {
    let Some(database) = Database::fresh() else { return };
    let (data, home) = (Arc::new(tempfile::tempdir().unwrap()), tempfile::tempdir().unwrap());
    let variables = database.place().variables();
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    variables.push(("POSTRIDER_BOOTSTRAP_KEY", KEY));
    let server = Binary::start(&["serve"], &variables, Arc::clone(&data)).await;
    let app = new_app(&server.client(), "returning").await;
    let (from, to) = (database.place().url(), sqlite(home.path()));
    let refused = migrate(data.path(), &database, &[&from, &to]).await;
    assert!(refused.code == Some(75) && refused.stderr.contains("in use by the node"), "{refused:?}");
    server.kill();

    let moved = await_until("the node to be taken for gone", async || {
        let moved = migrate(data.path(), &database, &[&from, &to]).await;
        (moved.code != Some(75)).then_some(moved)
    })
    .await;
    let table = moved.ok();
    assert!(
        table.contains("applications") && table.contains("same") && !table.contains("DIFFERS"),
        "{table}"
    );
    let server = serve(&Arc::new(home)).await;
    server.client().get(&app).await.must(200);
}

#[tokio::test]
async fn mistakes_are_told_before_anything_is_written() {
    let Some(database) = Database::fresh() else { return };
    let data = Arc::new(tempfile::tempdir().unwrap());
    serve(&data).await.kill();
    let (from, to) = (sqlite(data.path()), database.place().url());
    let nothing = sqlite(&data.path().join("nothing"));
    let elsewhere = format!("postgres://postrider@127.0.0.1:{}/postrider", free_port());
    for (arguments, code, says) in [
        (vec![from.as_str()], 2, "required"),
        (vec![&from, &nothing], 2, "postrider backup"),
        (vec![&from, "postgres://u:hush@127.0.0.1/d"], 2, "store.password"),
        (vec![&nothing, &to], 3, "sealing key"),
        (vec![&from, &elsewhere], 69, "connect to the database"),
        (vec!["--undo", &from], 1, "nothing was moved away"),
    ] {
        let refused = migrate(data.path(), &database, &arguments).await;
        assert_eq!(refused.code, Some(code), "{arguments:?}: {refused:?}");
        assert!(refused.stderr.contains(says) && !refused.stderr.contains("hush"), "{refused:?}");
    }
    let other = "seal_key=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let refused = migrate(data.path(), &database, &[&from, &to, "--set", other]).await;
    assert!(refused.code == Some(1) && refused.stderr.contains("not the seal key"), "{refused:?}");
    let made = database.place().run("SELECT nspname::text FROM pg_namespace WHERE nspname = 'postrider'");
    assert!(made.is_empty(), "nothing was made there");

    migrate(data.path(), &database, &[&from, &to]).await.ok();
    migrate(data.path(), &database, &["--undo", &from]).await.ok();
    let refused = migrate(data.path(), &database, &[&from, &to]).await;
    assert!(refused.code == Some(1) && refused.stderr.contains("DROP SCHEMA postrider"), "{refused:?}");
}
