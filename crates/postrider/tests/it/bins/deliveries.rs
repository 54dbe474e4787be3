//! Our own deliveries, against a scripted bin of the same server.

use serde_json::json;

use super::{newest, open, requests, send};
use crate::support::{await_until, new_app, new_endpoint, publish};

#[tokio::test]
async fn retries_are_seen_at_work_and_their_signature_verifies() {
    let (server, client) = open().await;
    let api = server.client();
    client.put("/bin/hook/script", json!({"steps": [{"status": 500}, {"status": 500}, {}]})).await.must(200);
    let app = new_app(&api, "retried").await;
    let url = format!("http://{}/bin/hook/in", server.address);
    let endpoint = new_endpoint(&api, &app, &url, json!({"retrySchedule": [0, 0, 0, 0]})).await;
    let message = publish(&api, &app, json!({"eventType": "t", "payload": {"n": 1}})).await;
    await_until("the message to arrive at the third attempt", async || {
        let page = api.get(&format!("{app}/msg/{message}/endpoint")).await.must(200);
        (page["data"][0]["status"] == 0).then_some(())
    })
    .await;
    let received = requests(&client, "hook").await;
    let told: Vec<_> = received.iter().map(|one| one["answered"].as_str().unwrap()).collect();
    assert_eq!(told, ["200", "500", "500"]);

    let secret = api.get(&format!("{app}/endpoint/{endpoint}/secret")).await.must(200);
    let number = newest(&client, "hook").await;
    for (secret, word) in
        [(secret["key"].as_str().unwrap(), "verified"), ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "failed")]
    {
        let fields = [("request", number.as_str()), ("preset", "standard-webhooks"), ("secret", secret)];
        let page = send(&client, "/bin/hook/-/verify", &fields).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(&format!("</span>{word}</span>")), "{word}: {page}");
        assert!(!page.text().contains(secret), "the secret is in no answer");
    }
    let page = super::page(&client, &format!("/bin/hook?r={number}")).await.text();
    assert!(page.contains("looks like standard-webhooks"), "it is guessed");
}
