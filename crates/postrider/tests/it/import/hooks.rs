//! Hooks are imported, and then do what they did.

use std::path::Path;

use serde_json::{Value, json};

use super::{KEEP, SOURCES, kept, path_of, receptions, script, send, server, signed};
use crate::support::{Exit, Server, run};

/// A file with each feature that hooks have.
const HOOKS: &str = r#"[
  {
    "id": "deploy",
    "execute-command": "/srv/deploy.sh",
    "command-working-directory": "/srv",
    "response-message": "deploying",
    "pass-arguments-to-command": [
      {"source": "payload", "name": "ref"},
      {"source": "payload", "name": "commits.0.author"},
      {"source": "header", "name": "X-GitHub-Event"},
      {"source": "string", "name": "--now"}
    ],
    "trigger-rule": {"and": [
      {"match": {"type": "payload-hmac-sha256", "secret": "one", "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}},
      {"match": {"type": "value", "value": "refs/heads/main", "parameter": {"source": "payload", "name": "ref"}}}
    ]}
  },
  {"id": "loose", "execute-command": "/srv/loose.sh", "trigger-rule": {"or": [
    {"match": {"type": "payload-hmac-sha1", "secret": "one", "parameter": {"source": "header", "name": "X-Sig"}}},
    {"match": {"type": "value", "value": "42", "parameter": {"source": "url", "name": "token"}}}
  ]}}
]"#;

async fn import(server: &Server, file: &Path, more: &[&str]) -> Exit {
    let file = file.display().to_string();
    let arguments: Vec<&str> =
        ["import", "hooks", &file, "--output", "json"].iter().chain(more).copied().collect();
    run(server.data.path(), &arguments).await
}

fn report(exit: &Exit) -> Value {
    serde_json::from_str(&exit.stdout).unwrap_or_else(|_| panic!("{exit:?}"))
}

fn write(dir: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn an_imported_hook_runs_for_what_it_ran_for() {
    let out = tempfile::tempdir().unwrap();
    let arguments = ["{payload.ref}", "{payload.commits[0].author}", "{header.x-github-event}", "--now"];
    let server = server([("deploy", script(KEEP, out.path(), &arguments))]).await;
    let file = write(out.path(), "hooks.json", HOOKS);
    let exit = import(&server, &file, &[]).await;
    assert_eq!(exit.code, Some(1), "one of them is refused: {exit:?}");
    let done = report(&exit);
    let [deploy, loose] = &done["entries"].as_array().unwrap()[..] else { panic!("{done}") };
    assert_eq!(
        (&deploy["type"], &deploy["left"], &deploy["refused"]),
        (&json!("github"), &json!([]), &Value::Null)
    );
    assert!(deploy["notes"].to_string().contains("response-message"), "{deploy}");
    assert!(loose["refused"].as_str().unwrap().contains("`or`"), "{loose}");
    assert!(!exit.stdout.contains("\"one\""), "secrets are not shown");

    let (client, address) = (server.client(), path_of(&deploy["ingestUrl"]));
    let body =
        |branch: &str, author: &str| json!({"ref": branch, "commits": [{"author": author}]}).to_string();
    let sent = async |secret: &str, body: &str| {
        let signature = signed(secret, body);
        send(&client, &address, &[("x-hub-signature-256", &signature), ("x-github-event", "push")], body)
            .await
    };
    let (main, dev) = (body("refs/heads/main", "$(id) ; x"), body("refs/heads/dev", "a"));
    sent("another", &main).await.must(401);
    sent("one", &dev).await.must(200);
    sent("one", &main).await.must(200);
    let received = receptions(&client, "deploy").await;
    let [of_main, of_dev] = &received[..] else { panic!("{received:?}") };
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    assert_eq!(kept(out.path(), &id(of_main)).await, ["refs/heads/main", "$(id) ; x", "push", "--now"]);
    assert_eq!(of_dev["leftOut"].as_array().unwrap().len(), 1, "{of_dev}");
    assert!(!out.path().join(id(of_dev)).exists(), "the filter said no");
    client.get(&format!("{SOURCES}/loose")).await.must(404);
}

#[tokio::test]
async fn importing_again_brings_up_to_date_and_keeps_the_address() {
    let out = tempfile::tempdir().unwrap();
    let server = server([("deploy", script(":", out.path(), &[]))]).await;
    let client = server.client();
    let file = write(out.path(), "hooks.json", HOOKS);
    let first = report(&import(&server, &file, &[]).await);
    let endpoint = format!("{SOURCES}/deploy/endpoint/command");
    client.put(&endpoint, json!({"url": "exec:deploy", "uid": "command", "disabled": true})).await.must(200);
    let changed = HOOKS.replace("refs/heads/main", "refs/heads/next");
    let second = report(&import(&server, &write(out.path(), "hooks.json", &changed), &[]).await);
    assert_eq!(first["entries"][0]["ingestUrl"], second["entries"][0]["ingestUrl"]);
    let filter = client.get(&format!("{endpoint}/filter")).await.must(200);
    assert_eq!(filter["filter"], json!({"value": "payload.ref", "equals": "refs/heads/next"}));
    assert_eq!(
        client.get(&endpoint).await.must(200)["disabled"],
        true,
        "what a person has disabled stays so"
    );
    assert!(second["entries"][0]["left"].to_string().contains("disabled"), "{second}");
    let listed = client.get(SOURCES).await.must(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let keys = server.operator().get("/api/v1/key").await.must(200);
    let lent = |key: &&Value| key["name"] == "postrider import";
    let all: Vec<_> = keys["data"].as_array().unwrap().iter().filter(lent).collect();
    assert!(all.len() == 2 && all.iter().all(|key| !key["revokedAt"].is_null()), "{all:?}");
}

#[tokio::test]
async fn a_command_that_the_configuration_lacks_is_left_to_do() {
    let out = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let file = write(out.path(), "hooks.json", HOOKS);
    let config = out.path().join("exec.toml").display().to_string();
    let exit = import(&server, &file, &["--config-out", &config]).await;
    assert_eq!(exit.code, Some(1), "{exit:?}");
    let done = report(&exit);
    assert!(done["entries"][0]["left"][0].as_str().unwrap().contains("[exec.deploy]"), "{done}");
    let endpoints = server.client().get(&format!("{SOURCES}/deploy/endpoint")).await.must(200);
    assert_eq!(endpoints["data"], json!([]), "nothing runs that the configuration does not name");
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.starts_with("[exec.deploy]\nprogram = \"/srv/deploy.sh\"\n"), "{text}");
    let checked = run(server.data.path(), &["config", "check", "--config", &config]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let again = import(&server, &file, &["--config-out", &config]).await;
    assert_eq!(again.code, Some(1), "a file that is there is not overwritten");
    assert!(again.stderr.contains("exec.toml"), "{again:?}");
}

#[tokio::test]
async fn a_dry_run_makes_nothing_and_other_files_are_refused() {
    let (out, server) = (tempfile::tempdir().unwrap(), Server::start().await);
    let file = write(out.path(), "hooks.json", HOOKS);
    let exit = import(&server, &file, &["--dry-run"]).await;
    assert!(report(&exit)["config"].as_str().unwrap().contains("[exec.deploy]"), "{exit:?}");
    assert_eq!(server.client().get(SOURCES).await.must(200)["data"], json!([]));
    let template = write(out.path(), "template.json", "[\n{\"id\": \"{{ getenv `X` }}\"}]");
    let refused = import(&server, &template, &[]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("line 2") && refused.stderr.contains("Go template"), "{refused:?}");
    let binary = out.path().join("binary.json");
    std::fs::write(&binary, b"[\xff]").unwrap();
    assert_eq!(import(&server, &binary, &[]).await.code, Some(2));
    assert_eq!(import(&server, &out.path().join("none.json"), &[]).await.code, Some(3));
}

#[tokio::test]
async fn sources_of_convoy_check_what_they_checked() {
    let (out, server) = (tempfile::tempdir().unwrap(), Server::start().await);
    let verifier = json!({"type": "hmac", "hmac": {"header": "X-Sig", "hash": "SHA256", "secret": "s", "encoding": "hex"}});
    let listed =
        json!({"data": {"content": [{"uid": "01H", "name": "Shop", "type": "http", "verifier": verifier}]}});
    let file = write(out.path(), "sources.json", &listed.to_string());
    let file = file.display().to_string();
    let exit = run(server.data.path(), &["import", "convoy", &file, "--output", "json"]).await;
    let address = path_of(&report(&exit)["entries"][0]["ingestUrl"]);
    let client = server.client();
    send(&client, &address, &[("x-sig", &signed("t", "{}"))], "{}").await.must(401);
    send(&client, &address, &[("x-sig", &signed("s", "{}")[7..])], "{}").await.must(200);
    assert_eq!(receptions(&client, "01H").await[0]["verdict"], "verified");
}
