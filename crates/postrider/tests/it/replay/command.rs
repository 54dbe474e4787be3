//! `postrider replay`.

use serde_json::json;

use super::Scene;
use crate::support::{KEY, free_port};
use crate::tools::{Tool, command};

impl Scene {
    /// Runs it against the server and the source.
    async fn command(&self, arguments: &[&str]) -> Tool {
        let server = format!("http://{}", self.server.address);
        let id = self.source.path.rsplit('/').next().unwrap();
        let fixed = ["replay", "--server", &server, "--source", id];
        let mut asked = command();
        asked.env("POSTRIDER_KEY", KEY).args(fixed).args(arguments);
        Tool::of(asked, b"").await
    }
}

#[tokio::test]
async fn it_replays_single_messages_changed_as_it_is_told() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    scene.send(&[("x-a", "1")], "{\"n\": 1, \"name\": \"x\"}").await;
    let message = scene.source.last(&scene.client).await;
    let to = ["--to-endpoint", "copy"];
    scene.command(&[&[message.as_str()][..], &to[..]].concat()).await.ends(0);
    assert_eq!(scene.receiver.wait("/copy", 1).await[0].body, "{\"n\": 1, \"name\": \"x\"}");

    let edits = ["--set", "n=2", "--set", "name=y z", "-H", "x-a:", "-H", "X-B: 3", "--output", "json"];
    let told = scene.command(&[&[message.as_str()][..], &to[..], &edits].concat()).await.json(0);
    assert_eq!(told[0]["replayOf"], *message);
    let came = &scene.receiver.wait("/copy", 2).await[1];
    assert_eq!(came.body, "{\"n\": 2, \"name\": \"y z\"}");
    assert_eq!((came.header("x-a"), came.header("x-b")), ("", "3"));

    let told = scene.command(&[&[message.as_str()][..], &to[..], &["--set", "nn=2"]].concat()).await;
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("did you mean `n`?"), "{told:?}");
    let told = scene.command(&["msg_000000000000000000000000000"]).await;
    assert_eq!(told.code, Some(3), "{told:?}");
}

#[tokio::test]
async fn it_counts_and_follows_a_range_to_its_end() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    for n in 0..3 {
        scene.send(&[], &format!("{{\"n\":{n}}}")).await;
    }
    scene.receiver.wait("/hook", 3).await;
    let range = ["--since", "1h", "--to-endpoint", "copy"];
    let told = scene.command(&[&range[..], &["--dry-run"]].concat()).await.ends(0);
    assert_eq!(told, "3 messages would be replayed\n");
    assert_eq!(scene.receiver.at("/copy").len(), 0);
    let told = scene.command(&[&range[..], &["--output", "json"]].concat()).await.json(0);
    assert_eq!((&told["status"], &told["data"]["affected"]), (&json!("finished"), &json!(3)));
    scene.receiver.wait("/copy", 3).await;
    let told = scene.command(&[&range[..], &["--type", "none"]].concat()).await.ends(0);
    assert!(told.ends_with("finished, 0 messages, 0 deliveries\n"), "{told}");
}

#[tokio::test]
async fn what_it_cannot_do_it_says_with_its_code() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let told = scene.command(&[]).await;
    assert_eq!(told.code, Some(2), "{told:?}");
    let told =
        Tool::run(&["replay", "--source", "s", "--since", "1h", "--server", "http://127.0.0.1:1"]).await;
    assert_eq!(told.code, Some(4), "no key: {told:?}");
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let server = format!("http://{}", scene.server.address);
    for (key, server, code) in [(KEY, nobody.as_str(), 69), ("prk_wrong", &server, 4), (KEY, "ftp://x", 2)] {
        let mut asked = command();
        asked
            .env("POSTRIDER_KEY", key)
            .args(["replay", "--source", "s", "--since", "1h", "--server", server]);
        let told = Tool::of(asked, b"").await;
        assert_eq!(told.code, Some(code), "{told:?}");
    }
}
