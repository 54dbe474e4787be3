//! Every known bypass, at every door: create, upsert, patch, send-example, resend and retry.

use serde_json::json;

use super::urls::{AtWrite, with_port};
use super::{assert_blocked, attempts_at};
use crate::support::{Names, Server, Tripwire, new_app, new_endpoint, publish};

/// Where all names lead in these tests.
const LOOPBACK: [std::net::IpAddr; 2] = [
    std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    std::net::IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
];

/// The attempts that a message and an example make at an endpoint that always fails: two each. When a person asks for
/// the message again, there is one more.
const SCHEDULED: usize = 4;

async fn shut() -> Server {
    Server::builder()
        .config(|config| config.egress.allow.clear())
        .egress(|client| client.dns(Names::of(LOOPBACK)))
        .start()
        .await
}

/// The listener does notice who gets through.
#[tokio::test]
async fn control_an_open_door_leads_to_the_listener() {
    let (server, tripwire) = (Server::start().await, Tripwire::on_loopback());
    let client = server.client();
    let app = new_app(&client, "open").await;
    let url = format!("http://127.1:{}/", tripwire.port());
    let endpoint = new_endpoint(&client, &app, &url, json!({"timeoutSeconds": 1})).await;
    publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    // Nobody accepts, so nobody answers.
    assert_eq!(attempts_at(&client, &app, &endpoint, 1).await[0]["failure"]["class"], "timeout");
    assert!(tripwire.touched().is_some());
}

#[tokio::test]
async fn nothing_is_written() {
    let (server, tripwire) = (shut().await, Tripwire::on_loopback());
    let client = server.client();
    let app = new_app(&client, "shut").await;
    let good = "https://hooks.example.com/";
    let endpoint =
        format!("{app}/endpoint/{}", new_endpoint(&client, &app, good, json!({"uid": "own"})).await);

    for (url, at_write) in with_port(tripwire.port()) {
        let taken = at_write == AtWrite::Taken;
        let body = json!({"url": url, "uid": "tried"});
        let created = client.post(&format!("{app}/endpoint"), body.clone()).await;
        assert_eq!(created.status, if taken { 201 } else { 422 }, "{url:?}: {created}");
        if taken {
            client.delete(&format!("{app}/endpoint/tried")).await.must(204);
            continue;
        }
        assert_eq!(created.json()["detail"][0]["loc"], json!(["body", "url"]), "{url:?}");
        for path in [&format!("{app}/endpoint/tried"), &endpoint] {
            client.put(path, json!({"url": url})).await.must(422);
        }
        client.patch(&endpoint, json!({"url": url})).await.must(422);
    }
    assert_eq!(client.get(&endpoint).await.must(200)["url"], good);
    let listed = client.get(&format!("{app}/endpoint")).await.must(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(tripwire.touched(), None);
}

/// Endpoints that were written when more was open are judged by what is open now.
#[tokio::test]
async fn nothing_is_sent() {
    let tripwire = Tripwire::on_loopback();
    let open = Server::builder()
        .config(|config| config.egress.allow = ["0.0.0.0/0", "::/0"].map(|net| net.parse().unwrap()).into())
        .start()
        .await;
    let client = open.client();
    let app = new_app(&client, "open").await;
    client.post("/api/v1/event-type", json!({"name": "t", "description": "an example"})).await.must(201);
    let mut endpoints = Vec::new();
    for (url, at_write) in with_port(tripwire.port()) {
        let body = json!({"url": url, "retrySchedule": [0, 1]});
        let created = client.post(&format!("{app}/endpoint"), body).await;
        assert!(created.status == 201 || at_write != AtWrite::Taken, "{url:?}: {created}");
        if at_write == AtWrite::AlwaysRefused {
            assert_eq!(created.status, 422, "{url:?}: {created}");
        }
        if created.status == 201 {
            endpoints.push((url, created.json()["id"].as_str().unwrap().to_owned()));
        }
    }
    assert!(endpoints.len() > 40, "most can be opened: {endpoints:?}");
    let data = open.stop().await;

    let server = Server::builder()
        .data(data)
        .config(|config| config.egress.allow.clear())
        .egress(|client| client.dns(Names::of(LOOPBACK)))
        .start()
        .await;
    let client = server.client();
    let message = publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    for (url, endpoint) in &endpoints {
        let example = json!({"eventType": "t"});
        let shown = client.post(&format!("{app}/endpoint/{endpoint}/send-example"), example).await;
        assert!((200..300).contains(&shown.status), "{url:?}: {shown}");
    }
    for (_, endpoint) in &endpoints {
        // Asking again for what is on its way would be one attempt less.
        attempts_at(&client, &app, endpoint, SCHEDULED).await;
        client.post(&format!("{app}/msg/{message}/endpoint/{endpoint}/resend"), json!({})).await.must(202);
    }
    for (url, endpoint) in &endpoints {
        for attempt in attempts_at(&client, &app, endpoint, SCHEDULED + 1).await {
            assert_eq!(attempt["status"], 2, "{url:?}");
            assert_blocked(&attempt);
        }
    }
    assert_eq!(tripwire.touched(), None);
}
