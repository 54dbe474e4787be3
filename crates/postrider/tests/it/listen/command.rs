//! `postrider listen`, beside a real server and a program of a developer.

use serde_json::{Value, json};

use super::{Scene, send, source};
use crate::support::{Answer, Received, await_until};

fn bodies(requests: &[Received]) -> Vec<String> {
    requests.iter().map(|request| String::from_utf8(request.body.to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn requests_reach_the_program_in_order_and_as_they_came() {
    let scene = Scene::new().await;
    let listening = scene.listen(&["shop", "--to", &scene.receiver.url("/hook")]).ready().await;
    for number in 0..5 {
        assert_eq!(scene.send(&format!("{{ \"n\": {number} }}")).await, 200);
    }
    let came = scene.receiver.wait("/hook", 5).await;
    assert_eq!(bodies(&came), (0..5).map(|n| format!("{{ \"n\": {n} }}")).collect::<Vec<_>>());
    assert_eq!((came[0].method.as_str(), came[0].header("content-type")), ("POST", "application/json"));
    assert_eq!(came[0].header("host"), scene.receiver.address.to_string());
    await_until("its lines", async || (listening.stdout().lines().count() == 5).then_some(())).await;
    assert!(listening.stdout().contains("shop webhook.received  200  POST"), "{}", listening.stdout());
}

#[tokio::test]
async fn after_a_crash_nothing_is_missed_and_what_was_answered_does_not_come_again() {
    let scene = Scene::new().await;
    let to = scene.receiver.url("/hook");
    let arguments = ["shop", "--to", to.as_str(), "--backoff", "10ms"];
    let listening = scene.listen(&arguments).ready().await;
    for number in 0..3 {
        scene.send(&number.to_string()).await;
    }
    scene.receiver.wait("/hook", 3).await;
    await_until("the third's line", async || (listening.stdout().lines().count() == 3).then_some(())).await;
    // The program is broken now: what it does not take, is not done.
    scene.receiver.script("/hook", [Answer::status(500)]);
    scene.send("3").await;
    scene.receiver.wait("/hook", 5).await;
    listening.kill();
    scene.send("4").await;
    scene.receiver.script("/hook", [Answer::status(200)]);
    let before = scene.receiver.count();
    let listening = scene.listen(&arguments).ready().await;
    scene.send("5").await;
    scene.receiver.wait("/hook", before + 3).await;
    let after = &bodies(&scene.receiver.requests())[before..];
    // The cursor of the third may not have been written when it was killed.
    let after: Vec<_> = after.iter().skip_while(|body| *body == "2").collect();
    assert_eq!(after, ["3", "4", "5"]);
    drop(listening);
}

#[tokio::test]
async fn a_backlog_is_told_and_not_fired_at_the_program() {
    let scene = Scene::new().await;
    for number in 0..4 {
        scene.send(&number.to_string()).await;
    }
    let to = scene.receiver.url("/hook");
    let arguments = ["shop", "--to", to.as_str(), "--since", "beginning", "--count", "4"];
    let refused = scene.run(&[&arguments[..], &["--max-backlog", "3"]].concat()).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("4 requests wait") && refused.stderr.contains("--max-backlog"),
        "{refused:?}"
    );
    assert_eq!(scene.receiver.count(), 0);
    scene.run(&[&arguments[..], &["--max-backlog", "4"]].concat()).await.ends(0);
    assert_eq!(bodies(&scene.receiver.requests()), ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn routes_go_by_type_and_several_sources_come_together() {
    let scene = Scene::new().await;
    let github = source(&scene.client, "github", json!({"preset": "github"})).await;
    let routes = scene.state.path().join("routes.toml");
    std::fs::write(&routes, format!("[routes]\n\"issues*\" = \"{}\"\n", scene.receiver.url("/issues")))
        .unwrap();
    let (rest, push) = (scene.receiver.url("/rest"), format!("push={}", scene.receiver.url("/push")));
    let routes = routes.display().to_string();
    let listening = scene.listen(&["shop", "github", "--to", &rest, "--route", &push, "--routes", &routes]);
    let _listening = listening.ready().await;
    for event in ["push", "issues", "release"] {
        let anybody = scene.client.without_key();
        let asking = anybody.ask(http::Method::POST, &format!("{github}/below?a=b"));
        asking.header("x-github-event", event).body(format!("\"{event}\"")).send().await.must(200);
    }
    scene.send("\"shop\"").await;
    for (path, body) in [
        ("/push/below", "\"push\""),
        ("/issues/below", "\"issues\""),
        ("/rest/below", "\"release\""),
        ("/rest", "\"shop\""),
    ] {
        assert_eq!(bodies(&scene.receiver.wait(path, 1).await), [body]);
    }
}

#[tokio::test]
async fn only_this_machine_is_sent_to() {
    let scene = Scene::new().await;
    for target in ["https://example.com/", "http://10.0.0.1/", "http://169.254.169.254/"] {
        let refused = scene.run(&["--to", target]).await.refused();
        assert!(refused.contains("not on this machine"), "{refused}");
    }
    let refused = scene.run(&["--to", "http://169.254.169.254/", "--allow-remote"]).await.refused();
    assert!(refused.contains("cannot be sent to"), "{refused}");
    let elsewhere = scene.receiver.url("/elsewhere");
    scene.receiver.script("/hook", [Answer::status(302).header("location", elsewhere)]);
    let to = scene.receiver.url("/hook");
    let mut listening =
        scene.listen(&["--to", &to, "--backoff", "1ms", "--skip-failed", "--once"]).ready().await;
    scene.send("1").await;
    assert_eq!(listening.ended().await, Some(0));
    assert!(scene.receiver.at("/elsewhere").is_empty(), "a redirect is an answer");
}

#[tokio::test]
async fn what_fails_stops_it_loudly_and_comes_first_the_next_time() {
    let scene = Scene::new().await;
    scene.receiver.script("/hook", [Answer::status(500)]);
    let to = scene.receiver.url("/hook");
    let arguments = ["shop", "--to", to.as_str(), "--backoff", "1ms"];
    let mut listening = scene.listen(&arguments).ready().await;
    scene.send("broken").await;
    assert_eq!(listening.ended().await, Some(1));
    assert_eq!(scene.receiver.at("/hook").len(), 8);
    assert!(listening.stderr().contains("failed 8 times"), "{}", listening.stderr());
    scene.receiver.script("/hook", [Answer::status(204)]);
    scene.run(&[&arguments[..], &["--once"]].concat()).await.ends(0);
    assert_eq!(bodies(&scene.receiver.at("/hook")[8..]), ["broken"]);
}

#[tokio::test]
async fn nothing_from_outside_steers_the_terminal() {
    let scene = Scene::new().await;
    let listening = scene.listen(&["shop"]).ready().await;
    let anybody = scene.client.without_key();
    let path = format!("{}/%1b%5b2J?a=%0d%0aroot", scene.address);
    // Bytes that no client library sends.
    let raw = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nx-evil: \u{9b}31m\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
    );
    assert!(crate::support::raw(scene.server.address, raw).await.starts_with("HTTP/1.1 200"));
    anybody.ask(http::Method::POST, &scene.address).body("{}  ").send().await.must(200);
    await_until("its lines", async || (listening.stdout().lines().count() == 2).then_some(())).await;
    let told = listening.stdout();
    assert!(told.chars().all(|char| char == '\n' || !char.is_control()), "{told:?}");
}

#[tokio::test]
async fn what_it_signs_verifies_with_the_key_that_it_prints() {
    let scene = Scene::new().await;
    let secret = scene.run(&["shop", "--print-secret"]).await.ends(0);
    let secret = secret.trim();
    assert!(secret.starts_with("whsec_"), "{secret}");
    let to = scene.receiver.url("/hook");
    let mut listening = scene.listen(&["shop", "--to", &to, "--resign", "--once"]).ready().await;
    let again = scene.run(&["shop", "--print-secret"]).await.ends(0);
    assert_eq!(again.trim(), secret, "while it listens, too");
    scene.send("{\"a\": 1}").await;
    assert_eq!(listening.ended().await, Some(0));
    let received = scene.receiver.wait("/hook", 1).await.remove(0);
    received.verified_by(secret).unwrap();
    assert!(received.header("webhook-id").starts_with("msg_"));
}

#[tokio::test]
async fn json_is_an_object_for_each_request() {
    let scene = Scene::new().await;
    let to = scene.receiver.url("/hook");
    let mut listening = scene.listen(&["--to", &to, "--output", "json", "--count", "2"]).ready().await;
    scene.send("{\"a\": 1}").await;
    let other = source(&scene.client, "other", json!({})).await;
    send(&scene.client, &other, "text").await;
    assert_eq!(listening.ended().await, Some(0));
    let told: Vec<Value> =
        listening.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["body"], &told[0]["sent"]["status"]), (&json!("{\"a\": 1}"), &json!(200)));
    assert_eq!((&told[1]["sourceUid"], &told[1]["body"]), (&json!("other"), &json!("text")));
}

#[tokio::test]
async fn two_do_not_share_a_cursor_unless_they_have_names() {
    let scene = Scene::new().await;
    let _first = scene.listen(&["shop"]).ready().await;
    let second = scene.run(&["shop"]).await;
    assert_eq!(second.code, Some(75), "{second:?}");
    assert!(second.stderr.contains("--name"), "{second:?}");
    let _named = scene.listen(&["shop", "--name", "other"]).ready().await;
}

#[tokio::test]
async fn mistakes_end_it_with_a_sentence() {
    let scene = Scene::new().await;
    for (arguments, code, said) in [
        (&["none"][..], 3, "source"),
        (&["--since", "yesterday"], 2, "--since"),
        (&["--to", "nowhere"], 2, "no target"),
        (&["--route", "a"], 2, "no route"),
        (&["--routes", "/nonexistent"], 2, "/nonexistent"),
        (&["--key-file", "/nonexistent"], 2, "/nonexistent"),
    ] {
        let told = scene.run(arguments).await;
        assert_eq!(told.code, Some(code), "{told:?}");
        assert!(told.stderr.contains(said), "{told:?}");
    }
    let mut keyless = super::command(&scene.server, scene.state.path(), &[]);
    keyless.env("POSTRIDER_KEY", "prk_somebody_elses_key_of_long_ago");
    assert_eq!(crate::tools::Tool::of(keyless, b"").await.code, Some(4));
}
