//! Answers of listeners that go back to providers.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Scene;
use crate::support::{Answer, Gate};

#[tokio::test]
async fn the_provider_hears_what_the_program_answers() {
    let scene = Scene::with(json!({"sync": true})).await;
    let to = scene.receiver.url("/hook");
    let answer = Answer::status(422)
        .header("content-type", "application/json")
        .header("retry-after", "7")
        .header("set-cookie", "a=b")
        .body("{\"text\":\"no\"}");
    scene
        .receiver
        .script("/hook", [answer, Answer::status(200).header("content-type", "text/html").body("<b>")]);
    let _listening = scene.listen(&["--to", &to, "--sync"]).ready().await;
    let anybody = scene.client.without_key();
    let reply = anybody.ask(http::Method::POST, &scene.address).body("1").send().await;
    assert_eq!(reply.must(422), json!({"text": "no"}));
    assert_eq!((reply.header("content-type"), reply.header("retry-after")), ("application/json", "7"));
    assert_eq!((reply.header("set-cookie"), reply.header("x-content-type-options")), ("", "nosniff"));
    // The provider comes again, and a page is nothing that goes back.
    let reply = anybody.ask(http::Method::POST, &scene.address).body("1").send().await;
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));
    assert_eq!(scene.receiver.at("/hook").len(), 2);
}

#[tokio::test]
async fn without_an_answer_in_time_the_provider_hears_what_it_expects() {
    let scene = Scene::with(json!({"sync": true})).await;
    let gate = Gate::shut();
    scene.receiver.script("/hook", [Answer::status(500).when(&gate)]);
    let _listening = scene.listen(&["--to", &scene.receiver.url("/hook"), "--sync"]).ready().await;
    let began = Instant::now();
    assert_eq!(scene.send("1").await, 200);
    let waited = began.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(10)).contains(&waited), "{waited:?}");
    gate.open();
}

#[tokio::test]
async fn nobody_waits_where_the_source_or_the_listener_does_not_ask_for_it() {
    for (config, sync) in [(json!({}), true), (json!({"sync": true}), false)] {
        let scene = Scene::with(config).await;
        let gate = Gate::shut();
        scene.receiver.script("/hook", [Answer::status(500).when(&gate)]);
        let to = scene.receiver.url("/hook");
        let flag: &[&str] = if sync { &["--sync"] } else { &[] };
        let _listening = scene.listen(&[&["--to", to.as_str()], flag].concat()).ready().await;
        let began = Instant::now();
        assert_eq!(scene.send("1").await, 200);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        scene.receiver.wait("/hook", 1).await;
        gate.open();
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_makes_nobody_wait() {
    let scene = Scene::with(json!({"sync": true})).await;
    let port = crate::support::free_port().to_string();
    let _listening =
        scene.listen(&["--to", &port, "--sync", "--backoff", "1ms", "--skip-failed"]).ready().await;
    let began = Instant::now();
    assert_eq!(scene.send("1").await, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
