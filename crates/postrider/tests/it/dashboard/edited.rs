//! A message is changed on a page and sent.

use http::Method;
use serde_json::json;

use super::{Desk, has, refused};
use crate::sign_in::somebody;

impl Desk {
    /// A message that has arrived, and the page of its delivery.
    async fn delivered(&self) -> (String, String) {
        let message = self.scene.publish(1).await;
        self.scene.status(&message, 0).await;
        let page = format!("deliveries/{}/{message}/{}", self.app_id(), self.scene.endpoint_id);
        (message, page)
    }
}

#[tokio::test]
async fn a_message_is_changed_and_sent_and_says_what_it_was_made_of() {
    let desk = Desk::new().await;
    let (original, page) = desk.delivered().await;
    let copy = desk.scene.add_endpoint("/copy", json!({"filterTypes": ["none"]})).await;
    let form = format!("{page}/edit");
    has(&desk.open(&page).await, &["Edit and send…", &form]);
    has(&desk.open(&form).await, &["{\n  &quot;n&quot;: 1\n}", "What will differ", &copy, "/copy"]);

    let fields = [("endpoint", copy.as_str()), ("payload", "{\r\n  \"n\": 2\r\n}"), ("headers", "X-Test: 1")];
    let sent = desk.act(&form, &form, &fields).await;
    assert_eq!(sent.status, 303, "{sent}");
    let came = desk.scene.receiver.wait("/copy", 1).await.pop().unwrap();
    assert_eq!((came.body.as_ref(), came.header("x-test")), (&b"{\n  \"n\": 2\n}"[..], "1"));
    let id = came.header("webhook-id").to_owned();
    assert!(sent.location().ends_with(&format!("/{id}/{copy}")), "{sent}");
    let link = format!("messages/{}/{original}", desk.app_id());
    for rest in
        [format!("deliveries/{}/{id}/{copy}", desk.app_id()), format!("messages/{}/{id}", desk.app_id())]
    {
        has(&desk.open(&rest).await, &["Edited", &link]);
    }
    for list in ["deliveries", "messages"] {
        let shown = desk.open(list).await;
        assert_eq!(shown.text().matches("Edited").count(), 1, "{list}: {shown}");
    }
    assert!(desk.audited().await.contains(&"message.replay".to_owned()));
}

#[tokio::test]
async fn what_nobody_touched_is_the_same_message_to_the_byte() {
    let desk = Desk::new().await;
    let (original, page) = desk.delivered().await;
    let form = format!("{page}/edit");
    let fields =
        [("endpoint", desk.scene.endpoint_id.as_str()), ("payload", "{\r\n  \"n\": 1\r\n}"), ("headers", "")];
    let sent = desk.act(&form, &form, &fields).await;
    assert!(sent.status == 303 && sent.location().ends_with(&page), "{sent}");
    let came = desk.scene.receiver.wait("/hook", 2).await;
    assert_eq!((came[1].header("webhook-id"), &came[1].body), (original.as_str(), &came[0].body));
}

#[tokio::test]
async fn what_is_wrong_stands_beside_what_was_typed() {
    let desk = Desk::new().await;
    let (_, page) = desk.delivered().await;
    let form = format!("{page}/edit");
    let own = desk.scene.endpoint_id.as_str();
    for (endpoint, payload, headers, parts) in [
        (own, "{\n  \"n\": \n}", "", &["Must be JSON", "line 3", "&quot;n&quot;: "][..]),
        (own, "[7]", "", &["Must be an object.", "[7]"]),
        (own, "{\"n\":7}", "host: x", &["`host`", "{&quot;n&quot;:7}", "host: x"]),
        (own, "{\"n\":7}", "no colon", &["Must be lines such as x-test: 1."]),
        ("ep_nothing", "{\"n\":7}", "", &["There is no such endpoint here.", "{&quot;n&quot;:7}"]),
    ] {
        let fields = [("endpoint", endpoint), ("payload", payload), ("headers", headers)];
        refused(&desk.act(&form, &form, &fields).await, parts);
    }
    assert_eq!(desk.scene.receiver.count(), 1, "nothing went");
    // Who looks only has no form, and can send none.
    let viewer = somebody(&desk.scene.server, "eve@example.com", "viewer").await;
    let shown = viewer.open(&desk.path(&form)).await;
    assert!(shown.status == 200 && !shown.text().contains("<textarea"), "{shown}");
    assert!(!viewer.open(&desk.path(&page)).await.text().contains("Edit and send"));
    let fields = [("endpoint", own), ("payload", "{}")];
    assert_eq!(viewer.act(&desk.path("account"), &desk.path(&form), &fields).await.status, 403);
    // A message whose payload is gone has nothing to be changed.
    let content = format!("{}/msg/{}/content", desk.scene.app, page.split('/').nth(2).unwrap());
    desk.scene.client.delete(&content).await.must(204);
    assert_eq!(desk.admin.open(&desk.path(&form)).await.status, 409);
}

#[tokio::test]
async fn what_a_source_received_is_changed_with_a_signature_of_choice() {
    let desk = Desk::new().await;
    let client = &desk.scene.client;
    let body = json!({"name": "a source", "type": "generic-webhook"});
    let source = client.post("/ingest/api/v1/source", body).await.must(201);
    let (id, address) = (source["id"].as_str().unwrap(), source["ingestUrl"].as_str().unwrap());
    let path = format!("/ingest/api/v1/source/{id}");
    let body = json!({"url": desk.scene.receiver.url("/source")});
    let endpoint =
        client.post(&format!("{path}/endpoint"), body).await.must(201)["id"].as_str().unwrap().to_owned();
    let anybody = client.without_key();
    let asking = anybody.ask(Method::POST, &address[address.find("/in/").unwrap()..]);
    assert_eq!(asking.header("x-a", "1").body("{\"n\":1}".to_owned()).send().await.status, 200);
    desk.scene.receiver.wait("/source", 1).await;
    let received = client.get(&format!("{path}/reception")).await.must(200);
    let form = format!("deliveries/{id}/{}/{endpoint}/edit", received["data"][0]["id"].as_str().unwrap());
    has(&desk.open(&form).await, &["Signature", "x-a"]);
    let changed = |sign| {
        [("endpoint", endpoint.as_str()), ("payload", "{\"n\":2}"), ("headers", "x-a:"), ("sign", sign)]
    };
    refused(&desk.act(&form, &form, &changed("provider")).await, &["no preset", "{&quot;n&quot;:2}"]);
    let sent = desk.act(&form, &form, &changed("postrider")).await;
    assert_eq!(sent.status, 303, "{sent}");
    let came = desk.scene.receiver.wait("/source", 2).await.pop().unwrap();
    assert_eq!((came.body.as_ref(), came.header("x-a")), (&b"{\"n\":2}"[..], ""));
    assert!(!came.header("webhook-signature").is_empty());
    assert!(desk.audited().await.contains(&"ingest_reception.replay".to_owned()));
}

#[tokio::test]
async fn a_secret_is_checked_against_what_was_sent() {
    let desk = Desk::new().await;
    let (message, page) = desk.delivered().await;
    let attempt = desk.scene.attempts(&message, 1).await[0]["id"].as_str().unwrap().to_owned();
    let view = format!("{page}?view=signature");
    has(&desk.open(&view).await, &["What was signed", &message, "Check a secret"]);
    let secret = desk.scene.secret().await;
    let to = format!("{page}/signature");
    for (secret, status, part) in [
        (secret.as_str(), 200, "Matches"),
        ("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 200, "Does not match"),
        ("nonsense!", 422, "That is no secret"),
    ] {
        let shown = desk.act(&view, &to, &[("attempt", &attempt), ("secret", secret)]).await;
        assert_eq!(shown.status, status, "{shown}");
        assert!(shown.text().contains(part) && !shown.text().contains(secret), "{shown}");
    }
}
