//! The page of one source.

use http::Method;
use serde_json::json;

use super::{Desk, has};
use crate::sign_in::somebody;
use crate::support::{await_until, hmac_hex};

const SECRET: &str = "It's a Secret to Everybody";

#[tokio::test]
async fn a_source_shows_what_came_what_was_refused_and_where_it_goes() {
    let desk = Desk::new().await;
    let client = &desk.scene.client;
    let source = json!({"name": "a <b>source", "type": "github", "config": {"secret": SECRET}});
    let made = client.post("/ingest/api/v1/source", source).await.must(201);
    let (source, address) = (made["id"].as_str().unwrap(), made["ingestUrl"].as_str().unwrap());
    let endpoint = json!({"url": desk.scene.receiver.url("/github")});
    client.post(&format!("/ingest/api/v1/source/{source}/endpoint"), endpoint).await.must(201);
    let page = format!("sources/{source}");
    has(&desk.open("sources").await, &[&format!("/sources/{source}\""), "a &lt;b&gt;source"]);
    let empty = desk.open(&page).await;
    has(&empty, &[address, "Nothing that is kept.", "is refused, and goes nowhere", "/github</a>"]);
    assert!(!empty.text().contains(SECRET), "{empty}");

    let anybody = client.without_key();
    let way = &address[address.find("/in/").unwrap()..];
    let send = async |signature: &str| {
        let asking = anybody.ask(Method::POST, way).header("x-github-event", "push");
        let asking =
            asking.header("x-hub-signature-256", signature).header("content-type", "application/json");
        asking.body("{}").send().await.status
    };
    assert_eq!(send(&format!("sha256={}", hmac_hex(SECRET, "{}"))).await, 200);
    assert!((400..500).contains(&send(&format!("sha256={}", hmac_hex("another", "{}"))).await));
    let refused = format!("/ingest/api/v1/source/{source}/refused");
    await_until("the refused request", async || {
        let refused = client.get(&refused).await.must(200);
        (!refused["data"].as_array().unwrap().is_empty()).then_some(())
    })
    .await;
    let shown = desk.open(&page).await;
    has(&shown, &["Verified", &format!("/messages/{source}/msg_"), "no_match", "x-hub-signature-256"]);

    let viewer = somebody(&desk.scene.server, "eve@example.com", "viewer").await;
    let theirs = viewer.open(&desk.path(&page)).await;
    assert!(theirs.status == 200 && !theirs.text().contains("/in/"), "an address is a secret: {theirs}");
    has(&theirs, &["It is withheld from your role."]);
    assert_eq!(desk.admin.open(&desk.path("sources/nothing")).await.status, 404);
}
