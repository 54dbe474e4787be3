//! The commands, as a person or a script runs them.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Answer, Binary, Client, Gate, KEY, PATIENCE, Receiver, await_until, free_port, new_app, new_endpoint, publish, run,
    skip,
};

/// The commands in a greeting: each begins with `curl`, and goes on while its lines end in a backslash.
fn printed(greeting: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in greeting.lines() {
        match commands.last_mut().filter(|_| goes_on) {
            Some(command) => command.push_str(&format!("\n{line}")),
            None if line.trim_start().starts_with("curl ") => commands.push(line.to_owned()),
            None => continue,
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

/// What a shell makes of a command exactly as it was printed.
async fn shell(command: String) -> Value {
    let running = tokio::task::spawn_blocking(move || Command::new("/bin/sh").arg("-c").arg(command).output());
    let output = tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test]
async fn what_dev_prints_works_as_printed() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl");
    }
    let data = Arc::new(tempfile::tempdir().unwrap());
    let server = Binary::start(&["dev"], &[], data).await;
    let commands = await_until("the greeting", async || {
        let commands = printed(&server.stdout());
        (commands.len() == 3).then_some(commands)
    })
    .await;
    let [publish, attempts, bin] = <[String; 3]>::try_from(commands).unwrap();
    let message = shell(format!("{publish} --write-out '' --fail")).await;
    assert!(message["id"].as_str().unwrap().starts_with("msg_"), "{message}");
    let attempt = await_until("the attempt", async || {
        let page = shell(attempts.clone()).await;
        page["data"][0].as_object().cloned()
    })
    .await;
    assert_eq!((&attempt["msgId"], &attempt["status"]), (&message["id"], &json!(0)));
    let received = shell(bin).await.to_string();
    assert!(received.contains("in_1") && received.contains(message["id"].as_str().unwrap()), "{received}");
}

#[tokio::test]
async fn dev_keeps_its_key_and_works_again_after_a_kill() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let mut keys = Vec::new();
    for _ in 0..2 {
        let server = Binary::start(&["dev"], &[], Arc::clone(&data)).await;
        await_until("the greeting", async || (printed(&server.stdout()).len() == 3).then_some(())).await;
        let text = server.stdout();
        keys.push(text.lines().find_map(|line| line.trim().strip_prefix("key   ")).unwrap().to_owned());
        server.kill();
    }
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn serve_keeps_loopback_shut() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let receiver = Receiver::start().await;
    let variables = [("POSTRIDER_BOOTSTRAP_KEY", KEY)];
    let server = Binary::start(&["serve", "--set", "egress.allow=127.0.0.0/8"], &variables, data).await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    let fields = json!({"uid": "main", "retrySchedule": [0]});
    new_endpoint(&client, &app, &receiver.url("/hook"), fields).await;
    let data = server.kill();

    // The endpoint was allowed when it was made; now it no longer is.
    let server = Binary::start(&["serve"], &variables, data).await;
    let client = server.client();
    let message = publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    let attempt = await_until("the attempt", async || {
        let page = client.get(&format!("{app}/attempt/msg/{message}")).await.must(200);
        page["data"][0].as_object().cloned()
    })
    .await;
    assert_eq!((&attempt["failure"]["class"], &attempt["responseStatusCode"]), (&json!("blocked"), &json!(0)));
    let body = json!({"url": receiver.url("/new")});
    let refused = client.post(&format!("{app}/endpoint"), body).await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "url"]));
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn the_first_start_prints_a_key_once_and_takes_one_from_the_environment() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let server = Binary::start(&["serve"], &[], Arc::clone(&data)).await;
    let key = await_until("the key", async || {
        server.stdout().lines().find_map(|line| Some(line.strip_prefix("key: ")?.to_owned()))
    })
    .await;
    Client::of(server.address).with_key(&key).get("/api/v1/app").await.must(200);
    server.client().get("/api/v1/app").await.must(401);
    server.kill();
    let server = Binary::start(&["serve"], &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], data).await;
    for token in [key.as_str(), KEY] {
        Client::of(server.address).with_key(token).get("/api/v1/app").await.must(200);
    }
    assert_eq!(server.stdout(), "", "nothing to tell");
}

#[tokio::test]
async fn sigterm_lets_a_slow_receiver_finish_and_exits_in_time() {
    let gate = Gate::shut();
    let receiver = Receiver::start().await;
    receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let mut server = Binary::serve().await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({})).await;
    let message = publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    receiver.wait("/hook", 1).await;

    server.terminate();
    let began = Instant::now();
    await_until("the server to accept nothing more", async || {
        client.ask(http::Method::GET, "/readyz").try_send().await.is_err().then_some(())
    })
    .await;
    gate.open();
    assert_eq!(server.ended(Duration::from_secs(25)).await, Some(0));
    assert!(began.elapsed() < Duration::from_secs(25));
    let data = server.kill();

    let server = Binary::start(&["serve"], &[], data).await;
    let page = server.client().get(&format!("{app}/attempt/msg/{message}")).await.must(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "recorded before the end, and not sent again");
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn sigterm_does_not_wait_for_ever() {
    let receiver = Receiver::start().await;
    receiver.script("/hook", [Answer::status(200).when(&Gate::shut())]);
    let data = Arc::new(tempfile::tempdir().unwrap());
    let arguments = ["serve", "--set", "egress.allow=127.0.0.0/8", "--set", "server.shutdown_grace=2s"];
    let mut server = Binary::start(&arguments, &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], data).await;
    let client = server.client();
    let app = new_app(&client, "one").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({"timeoutSeconds": 60})).await;
    publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    receiver.wait("/hook", 1).await;
    server.terminate();
    assert_eq!(server.ended(Duration::from_secs(10)).await, Some(0));
    // It was under way, so it is sent again.
    let data = server.kill();
    let _server = Binary::start(&["serve", "--set", "egress.allow=127.0.0.0/8"], &[], data).await;
    let requests = receiver.wait("/hook", 2).await;
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
}

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

    let listed: Value = serde_json::from_str(&run(data, &["key", "list", "--output", "json"]).await.ok()).unwrap();
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
async fn a_data_directory_has_one_server() {
    let server = Binary::serve().await;
    let address = format!("127.0.0.1:{}", free_port());
    let second = run(server.data.path(), &["serve", "--listen", &address]).await;
    assert_eq!(second.code, Some(75), "{second:?}");
    assert!(second.stderr.contains("another process is using it"), "{second:?}");
    server.client().get("/api/v1/app").await.must(200);
}

#[tokio::test]
async fn doctor_says_what_is_well_and_what_is_not() {
    let server = Binary::serve().await;
    let well = run(server.data.path(), &["doctor", "--output", "json"]).await;
    let checks: Value = serde_json::from_str(&well.stdout).unwrap_or_else(|_| panic!("{well:?}"));
    assert!(checks.as_array().is_some_and(|checks| checks.len() >= 8), "{checks}");
    use std::os::unix::fs::PermissionsExt as _;
    let key = server.data.path().join("seal.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ill = run(server.data.path(), &["doctor"]).await;
    assert!(ill.stdout.contains("seal.key") || ill.stdout.contains("seal key"), "{ill:?}");
    assert_ne!(ill.stdout, run(server.data.path(), &["doctor"]).await.stdout.replace("warn", "ok"), "{ill:?}");
}

#[tokio::test]
async fn config_check_finds_a_misspelt_key_and_suggests_the_right_one() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("postrider.toml");
    std::fs::write(&file, "[dispatch]\ntimout = \"5s\"\n").unwrap();
    let file = file.display().to_string();
    let checked = run(data.path(), &["config", "check", "--config", &file]).await;
    assert_eq!(checked.code, Some(78), "{checked:?}");
    assert!(checked.stderr.contains("postrider.toml:2") && checked.stderr.contains("did you mean `dispatch.timeout`"), "{checked:?}");
    let refused = run(data.path(), &["serve", "--config", &file]).await;
    assert_eq!(refused.code, Some(78), "the server does not start with it either");
    std::fs::write(&file, "[dispatch]\ntimeout = \"5s\"\n").unwrap();
    run(data.path(), &["config", "check", "--config", &file]).await.ok();
    let shown = run(data.path(), &["config", "show", "--config", &file, "--set", &format!("bootstrap_key={KEY}")]).await.ok();
    assert!(shown.contains("dispatch.timeout") && !shown.contains(KEY), "{shown}");
}
