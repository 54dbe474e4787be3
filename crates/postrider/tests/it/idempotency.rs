//! `idempotency-key`: the same request again has the same answer and no second effect.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, Reply, Scene, Server};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Reply {
    client.ask(Method::POST, path).once(key).json(body).send().await
}

async fn count(client: &Client, path: &str) -> usize {
    client.get(path).await.must(200)["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn every_post_is_replayed_with_status_and_body() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    scene.status(&message, 0).await;
    let (app, endpoint) = (&scene.app, &scene.endpoint);
    for (path, body) in [
        ("/api/v1/app".to_owned(), json!({"name": "new"})),
        ("/api/v1/event-type".to_owned(), json!({"name": "new", "description": "New"})),
        (format!("{app}/endpoint"), json!({"url": "http://127.0.0.1:1099/", "disabled": true})),
        (format!("{app}/msg"), json!({"eventType": "t", "payload": {"a": 1.0}, "tags": ["x"]})),
        (format!("{endpoint}/secret/rotate"), json!({})),
        (format!("{endpoint}/recover"), json!({"since": "2020-01-01T00:00:00Z"})),
        (format!("{endpoint}/send-example"), json!({"eventType": "t", "payload": {"n": 3}})),
        (format!("{app}/msg/{message}/endpoint/{}/resend", scene.endpoint_id), json!({})),
    ] {
        let first = post(&scene.client, &path, "key", &body).await;
        assert!((200..300).contains(&first.status), "{first}");
        for _ in 0..2 {
            let again = post(&scene.client, &path, "key", &body).await;
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{again}");
            assert_eq!(again.header("content-type"), first.header("content-type"));
        }
    }
    assert_eq!(count(&scene.client, "/api/v1/app").await, 2);
    assert_eq!(count(&scene.client, &format!("{app}/endpoint")).await, 2);
    assert_eq!(count(&scene.client, &format!("{app}/msg")).await, 3);
    // The first one, the published one, the example, and one resent: in whatever order they came.
    scene.receiver.wait("/hook", 4).await;
    let last = scene.publish(2).await;
    let requests = scene.receiver.wait("/hook", 5).await;
    assert_eq!(requests.len(), 5, "nothing was sent twice for being asked for again");
    assert!(requests.iter().any(|request| request.header("webhook-id") == last));
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let scene = Scene::new().await;
    let path = format!("{}/msg", scene.app);
    post(&scene.client, &path, "key", &json!({"eventType": "t", "payload": {"n": 1}})).await.must(202);
    let refused =
        post(&scene.client, &path, "key", &json!({"eventType": "t", "payload": {"n": 2}})).await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["header", "idempotency-key"]));
    assert_eq!(count(&scene.client, &path).await, 1);
    // Another path or another caller is another request.
    post(&scene.client, "/api/v1/app", "key", &json!({"name": "x"})).await.must(201);
    let app = scene.app.rsplit('/').next().unwrap();
    let (_, token) = scene.server.new_key(json!({"scope": "app", "app": app})).await;
    let tenant = scene.client.with_key(&token);
    post(&tenant, &path, "key", &json!({"eventType": "t", "payload": {"n": 2}})).await.must(202);
}

#[tokio::test]
async fn requests_at_the_same_time_have_one_effect() {
    let scene = Scene::new().await;
    for (path, body, list, expected) in [
        (
            format!("{}/msg", scene.app),
            json!({"eventType": "t", "payload": {"n": 1}}),
            format!("{}/msg", scene.app),
            1,
        ),
        ("/api/v1/app".to_owned(), json!({"name": "same"}), "/api/v1/app".to_owned(), 2),
    ] {
        let asking: Vec<_> = (0..16)
            .map(|_| {
                let (client, path, body) = (scene.client.clone(), path.clone(), body.clone());
                tokio::spawn(async move { post(&client, &path, "together", &body).await })
            })
            .collect();
        let mut bodies = Vec::new();
        for reply in asking {
            let reply = reply.await.unwrap();
            assert!((200..300).contains(&reply.status), "{reply}");
            bodies.push(reply.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "all got the same answer");
        assert_eq!(count(&scene.client, &list).await, expected, "{path}");
    }
}

#[tokio::test]
async fn an_answer_is_remembered_across_a_restart_and_for_half_a_day() {
    let scene = Scene::new().await;
    let path = format!("{}/msg", scene.app);
    let body = json!({"eventType": "t", "payload": {"n": 1}});
    let first = post(&scene.client, &path, "key", &body).await;
    let made = post(&scene.client, "/api/v1/app", "key", &json!({"name": "x"})).await;
    let clock = scene.server.clock.clone();
    let data = scene.server.stop().await;

    let server = Server::builder().data(data).clock(clock).start().await;
    let client = server.client();
    for _ in 0..2 {
        assert_eq!(post(&client, &path, "key", &body).await.body, first.body);
        assert_eq!(post(&client, "/api/v1/app", "key", &json!({"name": "x"})).await.body, made.body);
        server.clock.advance(std::time::Duration::from_secs(12 * 3600 - 60));
    }
    server.clock.advance(std::time::Duration::from_secs(12 * 3600));
    assert_ne!(post(&client, &path, "key", &body).await.body, first.body, "forgotten in the end");
}

#[tokio::test]
async fn only_successes_are_remembered() {
    let server = Server::start().await;
    let client = server.client();
    let message = json!({"eventType": "t", "payload": {}});
    post(&client, "/api/v1/app/one/msg", "key", &message).await.must(404);
    post(&client, "/api/v1/app", "key", &json!({"name": ""})).await.must(422);
    post(&client, "/api/v1/app", "key", &json!({"name": "x", "uid": "one"})).await.must(201);
    post(&client, "/api/v1/app/one/msg", "key", &message).await.must(202);
    post(&client, "/api/v1/app", "other", &json!({"name": "y", "uid": "one"})).await.must(409);
    client.delete("/api/v1/app/one").await.must(204);
    post(&client, "/api/v1/app", "other", &json!({"name": "y", "uid": "one"})).await.must(201);
}

#[tokio::test]
async fn a_repeated_event_id_is_a_conflict_unless_the_request_is_the_same() {
    let scene = Scene::new().await;
    let path = format!("{}/msg", scene.app);
    let body = json!({"eventType": "t", "eventId": "evt", "payload": {"n": 1}});
    let first = post(&scene.client, &path, "key", &body).await;
    first.must(202);
    assert_eq!(post(&scene.client, &path, "key", &body).await.body, first.body);
    post(&scene.client, &path, "another", &body).await.must(409);
    scene.client.post(&path, body).await.must(409);
    assert_eq!(count(&scene.client, &path).await, 1);
}

#[tokio::test]
async fn a_key_that_is_empty_or_too_long_is_refused() {
    let server = Server::start().await;
    let client = server.client();
    for key in ["", &"k".repeat(257)] {
        let refused = post(&client, "/api/v1/app", key, &json!({"name": "x"})).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["header", "idempotency-key"]));
    }
    post(&client, "/api/v1/app", &"k".repeat(256), &json!({"name": "x"})).await.must(201);
}
