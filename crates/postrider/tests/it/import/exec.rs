//! Commands are run: with what they are given, by whom they may be, and never longer than they may.

use std::path::Path;
use std::time::Duration;

use postrider::config::{Command, Input, Size, Texts};
use serde_json::{Value, json};

use super::{KEEP, SOURCES, kept, path_of, receptions, script, send, server};
use crate::support::{Client, Server, await_until, new_app, new_endpoint, publish};

/// An application named in `allow`, whose one endpoint runs `exec:it`; the client and the application's path.
async fn app(command: Command) -> (Server, Client, String) {
    let allow = Texts(vec!["app:own".to_owned()]);
    let server = server([("it", Command { allow, ..command })]).await;
    let client = server.client();
    client.post("/api/v1/app", json!({"name": "own", "uid": "own"})).await.must(201);
    let app = "/api/v1/app/own".to_owned();
    new_endpoint(&client, &app, "exec:it", json!({})).await;
    (server, client, app)
}

/// The first attempt of a new message with this payload.
async fn attempt(client: &Client, app: &str, payload: Value) -> Value {
    let message = publish(client, app, json!({"eventType": "t", "payload": payload})).await;
    let path = format!("{app}/attempt/msg/{message}");
    await_until("an attempt", async || {
        let page = client.get(&path).await.must(200);
        page["data"].as_array().unwrap().last().cloned()
    })
    .await
}

#[tokio::test]
async fn a_request_that_a_source_takes_runs_its_command() {
    let out = tempfile::tempdir().unwrap();
    let arguments = [
        "{method}",
        "{query.shop}",
        "{header.x-event}",
        "{payload.a.b[1]}",
        "{payload.none}",
        "--id={payload.id}",
    ];
    let server = server([("keep", script(KEEP, out.path(), &arguments))]).await;
    let client = server.client();
    let made =
        client.post(SOURCES, json!({"name": "s", "uid": "s", "type": "generic-webhook"})).await.must(201);
    let endpoint = format!("{SOURCES}/s/endpoint");
    client.post(&endpoint, json!({"url": "exec:keep"})).await.must(201);
    let address = format!("{}/orders?shop=7%208", path_of(&made["ingestUrl"]));
    send(&client, &address, &[("x-event", "push")], r#"{"id":12,"a":{"b":[1,"two"]}}"#).await.must(200);
    let message = receptions(&client, "s").await[0]["id"].as_str().unwrap().to_owned();
    let expected = ["POST", "7 8", "push", "two", "", "--id=12"];
    assert_eq!(kept(out.path(), &message).await, expected);
}

#[tokio::test]
async fn a_hostile_value_is_one_argument_whatever_it_has() {
    let out = tempfile::tempdir().unwrap();
    let touched = out.path().join("touched");
    let (_server, client, app) = app(script(KEEP, out.path(), &["{payload.x}", "end"])).await;
    let touch = touched.display();
    for hostile in [
        format!("$(touch {touch})"),
        format!("`touch {touch}`"),
        format!("; touch {touch}"),
        format!("x\ntouch {touch}\n"),
        "--flag".to_owned(),
        "-c".to_owned(),
        "a b\tc  d".to_owned(),
        "*".to_owned(),
        "'\"\\".to_owned(),
        "{payload.x}{header.authorization}".to_owned(),
        "é\u{202e}\u{1b}[2J".to_owned(),
    ] {
        let payload = json!({"eventType": "t", "payload": {"x": hostile}});
        let message = publish(&client, &app, payload).await;
        assert_eq!(kept(out.path(), &message).await, [&*hostile, "end"]);
    }
    assert!(!touched.exists());
    let refused = attempt(&client, &app, json!({"x": "a\u{0}b"})).await;
    assert_eq!(refused["failure"]["class"], "exec");
    assert!(refused["response"].as_str().unwrap().contains("NUL"), "{refused}");
    let long = attempt(&client, &app, json!({"x": "x".repeat(200_000)})).await;
    assert!(long["response"].as_str().unwrap().contains("longer than"), "{long}");
}

#[tokio::test]
async fn a_command_gets_the_body_and_an_environment_of_its_own() {
    let (_server, client, app) = app(script("cat; echo; /usr/bin/env; pwd", Path::new("/"), &[])).await;
    let done = attempt(&client, &app, json!({"n": 1})).await;
    assert_eq!((&done["status"], &done["responseStatusCode"]), (&json!(0), &json!(200)), "{done}");
    let lines: Vec<_> = done["response"].as_str().unwrap().lines().collect();
    assert_eq!((lines[0], lines[lines.len() - 1]), (r#"{"n":1}"#, "/"));
    let mut names: Vec<_> =
        lines[1..lines.len() - 1].iter().map(|line| line.split('=').next().unwrap()).collect();
    names.retain(|name| !matches!(*name, "PWD" | "SHLVL" | "_" | "OLDPWD"));
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "OUT",
            "PATH",
            "POSTRIDER_ATTEMPT",
            "POSTRIDER_ENDPOINT_ID",
            "POSTRIDER_EVENT_TYPE",
            "POSTRIDER_MESSAGE_ID",
            "POSTRIDER_OWNER"
        ]
    );
}

/// Waits for its limit, which is set when it runs already.
const LIMITED: &str = r#"while [ "$(ulimit -n)" != 16 ]; do sleep 0.01; done; ulimit -n; exit 1"#;

#[tokio::test]
async fn how_a_command_ends_is_told_with_what_it_wrote() {
    let (out, dir) = (Path::new("/"), tempfile::tempdir().unwrap());
    let text = dir.path().join("text");
    std::fs::write(&text, "no program").unwrap();
    for (command, sentence, output) in [
        (script("echo out; echo err >&2; exit 3", out, &[]), "exit code 3", "out\nerr\n"),
        (script("echo last; kill -9 $$", out, &[]), "signal 9", "last\n"),
        (Command { program: "/no/such/program".into(), ..Command::default() }, "does not exist", ""),
        (Command { directory: "/no/such".into(), ..script(":", out, &[]) }, "does not exist", ""),
        (Command { program: text, ..Command::default() }, "may not be run", ""),
        (Command { open_files: 16, ..script(LIMITED, out, &[]) }, "exit code 1", "16\n"),
    ] {
        let (_server, client, app) = app(command).await;
        let failed = attempt(&client, &app, json!({})).await;
        assert_eq!((&failed["status"], &failed["failure"]["class"]), (&json!(2), &json!("exec")), "{failed}");
        assert!(failed["failure"]["message"].as_str().unwrap().contains(sentence), "{failed}");
        if !output.is_empty() {
            assert_eq!(failed["response"], output, "{failed}");
        }
    }
}

#[tokio::test]
async fn output_beyond_its_ceiling_is_forgotten_and_hurts_nobody() {
    let command = script("yes | head -c 3000000; echo done", Path::new("/"), &[]);
    let command = Command { max_output: Size::kibibytes(1), input: Input::None, ..command };
    let (_server, client, app) = app(command).await;
    let done = attempt(&client, &app, json!({})).await;
    assert_eq!(done["status"], 0, "{done}");
    assert_eq!(done["response"].as_str().unwrap().len(), 1024);
}

/// Whether there is such a process; one that has ended and that nobody has waited for yet is none.
fn lives(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !matches!(rest.trim().chars().next(), None | Some('Z' | 'X')))
}

/// Starts a child, and tells who both are.
const FAMILY: &str = "sleep 600 & echo $! $$ > \"$OUT/.part\"; mv \"$OUT/.part\" \"$OUT/family\"; ";

async fn family(out: &Path) -> Vec<String> {
    let text = await_until("the processes", async || std::fs::read_to_string(out.join("family")).ok()).await;
    text.split_whitespace().map(str::to_owned).collect()
}

async fn gone(family: &[String]) {
    await_until("the processes to be gone", async || family.iter().all(|one| !lives(one)).then_some(()))
        .await;
}

#[tokio::test]
async fn the_deadline_kills_the_command_and_its_children() {
    let out = tempfile::tempdir().unwrap();
    let command = script(&format!("{FAMILY} echo waiting; wait"), out.path(), &[]);
    let (_server, client, app) = app(Command { timeout: Duration::from_secs(1), ..command }).await;
    let failed = attempt(&client, &app, json!({})).await;
    assert_eq!(failed["failure"]["message"], "the command ran longer than 1 s and was killed", "{failed}");
    assert_eq!(failed["response"], "waiting\n");
    gone(&family(out.path()).await).await;
}

#[tokio::test]
async fn a_command_that_has_ended_leaves_nobody_behind() {
    let out = tempfile::tempdir().unwrap();
    let (_server, client, app) = app(script(FAMILY, out.path(), &[])).await;
    let done = attempt(&client, &app, json!({})).await;
    assert_eq!(done["status"], 0, "{done}");
    gone(&family(out.path()).await).await;
}

#[tokio::test]
async fn a_server_that_stops_kills_its_commands_and_the_next_one_runs_them_again() {
    let out = tempfile::tempdir().unwrap();
    let slow = script(&format!("{FAMILY} wait"), out.path(), &[]);
    let allow = Texts(vec!["app:own".to_owned()]);
    let with = |command: Command| {
        let command = Command { allow: allow.clone(), ..command };
        Server::builder()
            .set("server.shutdown_grace", "1s")
            .config(|config| config.exec = [("it".to_owned(), command)].into())
    };
    let server = with(slow).start().await;
    let client = server.client();
    client.post("/api/v1/app", json!({"name": "own", "uid": "own"})).await.must(201);
    new_endpoint(&client, "/api/v1/app/own", "exec:it", json!({})).await;
    let message = publish(&client, "/api/v1/app/own", json!({"eventType": "t", "payload": {}})).await;
    let family = family(out.path()).await;
    let data = server.stop().await;
    gone(&family).await;

    let server = with(script(KEEP, out.path(), &["again"])).data(data).start().await;
    assert_eq!(kept(out.path(), &message).await, ["again"]);
    let path = format!("/api/v1/app/own/attempt/msg/{message}");
    let attempts = await_until("the attempt", async || {
        let page = server.client().get(&path).await.must(200);
        Some(page["data"].as_array().unwrap().clone()).filter(|all| !all.is_empty())
    })
    .await;
    assert_eq!((attempts.len(), &attempts[0]["number"]), (1, &json!(1)), "what was cut short is no attempt");
}

#[tokio::test]
async fn only_those_may_use_a_command_whom_the_configuration_names() {
    let allow = |all: &[&str]| Texts(all.iter().map(|text| (*text).to_owned()).collect());
    let command = || script(":", Path::new("/"), &[]);
    let server = server([
        ("all", command()),
        ("one", Command { allow: allow(&["source:github"]), ..command() }),
        ("elsewhere", Command { allow: allow(&["source:*@staging"]), ..command() }),
        ("tenant", Command { allow: allow(&["app:acme"]), ..command() }),
    ])
    .await;
    let client = server.client();
    for uid in ["github", "gitlab"] {
        client.post(SOURCES, json!({"name": uid, "uid": uid, "type": "generic-webhook"})).await.must(201);
    }
    for uid in ["acme", "other"] {
        client.post("/api/v1/app", json!({"name": uid, "uid": uid})).await.must(201);
    }
    for (owner, url, may) in [
        (format!("{SOURCES}/github"), "exec:all", true),
        (format!("{SOURCES}/github"), "exec:one", true),
        (format!("{SOURCES}/gitlab"), "exec:one", false),
        (format!("{SOURCES}/github"), "exec:elsewhere", false),
        (format!("{SOURCES}/github"), "exec:tenant", false),
        (format!("{SOURCES}/github"), "exec:none", false),
        (format!("{SOURCES}/github"), "exec:", false),
        (format!("{SOURCES}/github"), "exec:/bin/sh", false),
        ("/api/v1/app/acme".to_owned(), "exec:tenant", true),
        ("/api/v1/app/acme".to_owned(), "exec:all", false),
        ("/api/v1/app/other".to_owned(), "exec:tenant", false),
    ] {
        let reply = client.post(&format!("{owner}/endpoint"), json!({"url": url})).await;
        if may {
            reply.must(201);
        } else {
            let told = reply.must(422);
            assert_eq!(told["detail"][0]["loc"], json!(["body", "url"]), "{owner} {url}: {told}");
        }
    }
    let http = new_app(&client, "plain").await;
    let endpoint = new_endpoint(&client, &http, "http://127.0.0.1:1099/", json!({})).await;
    client.patch(&format!("{http}/endpoint/{endpoint}"), json!({"url": "exec:all"})).await.must(422);
    client.put(&format!("{http}/endpoint/{endpoint}"), json!({"url": "exec:all"})).await.must(422);
}

#[tokio::test]
async fn a_command_that_the_configuration_has_no_more_is_not_run() {
    let (first, client, app) = app(script(":", Path::new("/"), &[])).await;
    drop(client);
    let data = first.stop().await;
    let server = Server::builder().data(data).start().await;
    let failed = attempt(&server.client(), &app, json!({})).await;
    assert_eq!(failed["failure"]["class"], "blocked", "{failed}");
}
