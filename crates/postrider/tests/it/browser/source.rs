//! The page of a source, by a link.

use http::Method;
use serde_json::json;

use super::look;
use crate::support::{Server, hmac_hex};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_seen_by_its_link() {
    let server = Server::start().await;
    let client = server.client();
    let body = json!({"name": "a source", "type": "github", "config": {"secret": "it is one"}});
    let source = client.post("/ingest/api/v1/source", body).await.must(201);
    let id = source["id"].as_str().unwrap();
    let address = source["ingestUrl"].as_str().unwrap();
    let address = &address[address.find("/in/").unwrap()..];
    for (payload, signature) in [
        (
            r#"{"title":"<b>bold</b>"}"#,
            format!("sha256={}", hmac_hex("it is one", r#"{"title":"<b>bold</b>"}"#)),
        ),
        ("{}", "sha256=00".to_owned()),
    ] {
        let nobody = client.without_key();
        let sending = nobody.ask(Method::POST, address).header("x-github-event", "push");
        sending.header("x-hub-signature-256", &signature).body(payload.to_owned()).send().await;
    }
    let link = client.post(&format!("/ingest/api/v1/source/{id}/dashboard"), json!({})).await.must(200);
    look("source", server.address, &json!({"link": link["url"]})).await;
}
