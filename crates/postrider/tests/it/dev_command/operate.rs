//! What an operator does beside a running server: backup, restore, keys, doctor, configuration.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Binary, Client, KEY, Receiver, new_app, new_endpoint, publish, run};

#[tokio::test]
async fn a_backup_of_a_running_server_restores_everything() {
    let receiver = Receiver::start().await;
    let server = Binary::serve().await;
    let client = server.client();
    let app = new_app(&client, "kept").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({"uid": "main"})).await;
    let secret = client.get(&format!("{app}/endpoint/main/secret")).await.must(200);
    let message = publish(&client, &app, json!({"eventType": "t", "payload": {"n": 1}})).await;
    receiver.wait("/hook", 1).await;

    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup.db").display().to_string();
    run(server.data.path(), &["backup", "--to", &file, "--with-key"]).await.ok();
    let again = run(server.data.path(), &["backup", "--to", &file]).await;
    assert_ne!(again.code, Some(0), "a backup is not overwritten");
    publish(&client, &app, json!({"eventType": "t", "eventId": "after", "payload": {}})).await;

    let restored = Arc::new(tempfile::tempdir().unwrap());
    run(restored.path(), &["restore", "--from", &file]).await.ok();
    let refused = run(server.data.path(), &["restore", "--from", &file]).await;
    assert_ne!(refused.code, Some(0), "data are not overwritten");
    server.kill();
    let server = Binary::start(&["serve"], &[], restored).await;
    let client = server.client();
    assert_eq!(client.get(&format!("{app}/endpoint/main/secret")).await.must(200), secret);
    assert_eq!(client.get(&format!("{app}/msg/{message}")).await.must(200)["payload"], json!({"n": 1}));
    client.get(&format!("{app}/msg/after")).await.must(404);
}

#[tokio::test]
async fn keys_are_managed_while_the_server_runs_and_while_it_does_not() {
    let server = Binary::serve().await;
    let nobody = Client::of(server.address);
    let app = new_app(&server.client(), "one").await;
    let data = server.data.path();
    let token = run(data, &["key", "create", "--name", "billing"]).await.ok();
    nobody.with_key(token.trim()).get("/api/v1/app").await.must(200);
    let id = app.rsplit('/').next().unwrap();
    let create = ["key", "create", "--scope", "app", "--app", id, "--name", "portal", "--expires", "30d"];
    let made = run(data, &[create.as_slice(), &["--output", "json"]].concat()).await.ok();
    let made: Value = serde_json::from_str(&made).unwrap();
    let portal = nobody.with_key(made["token"].as_str().unwrap());
    portal.get(&app).await.must(200);
    portal.get("/api/v1/app").await.must(403);

    let listed: Value =
        serde_json::from_str(&run(data, &["key", "list", "--output", "json"]).await.ok()).unwrap();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bootstrap", "billing", "portal"]);
    run(data, &["key", "revoke", made["id"].as_str().unwrap()]).await.ok();
    portal.get(&app).await.must(401);
    let missing = run(data, &["key", "revoke", "key_000000000000000000000000000"]).await;
    assert_eq!(missing.code, Some(3), "{missing:?}");

    let data = server.kill();
    let token = run(data.path(), &["key", "create", "--name", "offline"]).await.ok();
    let server = Binary::start(&["serve"], &[], data).await;
    Client::of(server.address).with_key(token.trim()).get("/api/v1/app").await.must(200);
}

#[tokio::test]
async fn doctor_says_what_is_well_and_what_is_not() {
    let server = Binary::serve().await;
    let verdicts = async |code| {
        let told = run(server.data.path(), &["doctor", "--output", "json"]).await;
        assert_eq!(told.code, Some(code), "{told:?}");
        let checks: Vec<Value> = serde_json::from_str(&told.stdout).unwrap();
        let failed = checks.iter().filter(|check| check["verdict"] == "fail");
        (checks.len(), failed.map(|check| check["check"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let (count, failed) = verdicts(0).await;
    assert!(count >= 8 && failed.is_empty(), "{count} {failed:?}");
    let key = server.data.path().join("seal.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(verdicts(1).await, (count, vec!["sealing key".to_owned()]));
    let table = run(server.data.path(), &["doctor"]).await.stdout;
    assert!(table.contains("FAIL  sealing key") && table.contains("chmod 600"), "{table}");
}

#[tokio::test]
async fn config_check_finds_a_misspelt_key_and_suggests_the_right_one() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("postrider.toml");
    std::fs::write(&file, "[dispatch]\ntimout = \"5s\"\n").unwrap();
    let file = file.display().to_string();
    let checked = run(data.path(), &["config", "check", "--config", &file]).await;
    assert_eq!(checked.code, Some(78), "{checked:?}");
    assert!(
        checked.stderr.contains("postrider.toml:2")
            && checked.stderr.contains("did you mean `dispatch.timeout`"),
        "{checked:?}"
    );
    let refused = run(data.path(), &["serve", "--config", &file]).await;
    assert_eq!(refused.code, Some(78), "the server does not start with it either");
    std::fs::write(&file, "[dispatch]\ntimeout = \"5s\"\n").unwrap();
    run(data.path(), &["config", "check", "--config", &file]).await.ok();
    let shown =
        run(data.path(), &["config", "show", "--config", &file, "--set", &format!("bootstrap_key={KEY}")])
            .await
            .ok();
    assert!(shown.contains("dispatch.timeout") && !shown.contains(KEY), "{shown}");
}
