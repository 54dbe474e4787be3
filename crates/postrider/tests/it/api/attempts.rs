//! Attempts: what is recorded of each, and the ways to list them.

use serde_json::{Value, json};

use crate::support::{Answer, Scene};

async fn ids(scene: &Scene, path: &str) -> Vec<String> {
    let page = scene.client.get(&format!("{}/{path}", scene.app)).await.must(200);
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_attempt_records_what_was_sent_and_answered() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, 0]})).await;
    let first = Answer::status(500).header("x-why", "broken").body("no \"luck\"");
    scene.receiver.script("/hook", [first, Answer::status(201).body("fine")]);
    let message = scene.publish(1).await;
    let attempts = scene.attempts(&message, 2).await;
    let (second, first) = (&attempts[0], &attempts[1]);
    assert_eq!((&first["status"], &first["statusText"]), (&json!(2), &json!("fail")));
    assert_eq!((&second["status"], &second["statusText"]), (&json!(0), &json!("success")));
    assert_eq!((&first["responseStatusCode"], &first["response"]), (&json!(500), &json!("no \"luck\"")));
    assert_eq!((&second["responseStatusCode"], &second["response"]), (&json!(201), &json!("fine")));
    assert_eq!((&first["number"], &second["number"]), (&json!(1), &json!(2)));
    for attempt in [first, second] {
        assert_eq!(attempt["msgId"], *message);
        assert_eq!(attempt["endpointId"], *scene.endpoint_id);
        assert_eq!(attempt["url"], scene.receiver.url("/hook"));
        assert_eq!(attempt["triggerType"], 0);
        assert_eq!(attempt["remoteAddress"], scene.receiver.address.to_string());
        assert!(attempt["id"].as_str().unwrap().starts_with("atmpt_"));
        assert!(attempt["responseDurationMs"].is_u64());
        let timings = &attempt["timings"];
        let total = timings["totalMs"].as_f64().unwrap();
        assert!(total > 0.0 && timings["firstByteMs"].as_f64().unwrap() <= total, "{timings}");
        let has =
            |list: &Value, name: &str, value: &str| list.as_array().unwrap().contains(&json!([name, value]));
        assert!(has(&attempt["requestHeaders"], "webhook-id", &message), "{attempt}");
    }
    assert!(first["responseHeaders"].as_array().unwrap().contains(&json!(["x-why", "broken"])), "{first}");
    let one = format!("{}/msg/{message}/attempt/{}", scene.app, first["id"].as_str().unwrap());
    assert_eq!(scene.client.get(&one).await.must(200)["response"], first["response"]);
}

#[tokio::test]
async fn a_failed_connection_has_code_0_and_its_cause() {
    let scene = Scene::endpoint(json!({"url": "http://127.0.0.1:1099/", "retrySchedule": [0]})).await;
    let message = scene.publish(1).await;
    let attempt = &scene.attempts(&message, 1).await[0];
    assert_eq!((&attempt["status"], &attempt["responseStatusCode"]), (&json!(2), &json!(0)));
    assert_eq!(attempt["failure"]["class"], "connect");
    let told = attempt["failure"]["message"].as_str().unwrap();
    assert!(!told.is_empty());
    assert!(attempt["response"].as_str().unwrap().contains(told), "clients of old read it there: {attempt}");
}

#[tokio::test]
async fn lists_are_narrowed_by_outcome_code_endpoint_and_message() {
    let scene = Scene::endpoint(json!({"retrySchedule": [0]})).await;
    let second = scene.add_endpoint("/second", json!({"retrySchedule": [0], "uid": "second"})).await;
    scene.receiver.script("/second", [Answer::status(404), Answer::status(503)]);
    let tagged = json!({"eventType": "a", "payload": {}, "tags": ["red"], "channels": ["x"]});
    let first = scene.publish_this(tagged).await;
    scene.attempts(&first, 2).await;
    let other = scene.publish_this(json!({"eventType": "b", "payload": {}})).await;
    scene.attempts(&other, 2).await;

    for (path, expected) in [
        (format!("attempt/msg/{first}"), 2),
        (format!("attempt/msg/{first}?status=0"), 1),
        (format!("attempt/msg/{first}?status=2"), 1),
        (format!("attempt/msg/{first}?status=4"), 0),
        (format!("attempt/msg/{first}?status_code_class=400"), 1),
        (format!("attempt/msg/{first}?status_code_class=500"), 0),
        (format!("attempt/msg/{first}?endpoint_id={second}"), 1),
        (format!("attempt/msg/{first}?endpoint_id=second"), 1),
        (format!("attempt/endpoint/{second}"), 2),
        ("attempt/endpoint/second?status=2".to_owned(), 2),
        ("attempt/endpoint/second?status_code_class=500".to_owned(), 1),
        ("attempt/endpoint/second?tag=red".to_owned(), 1),
        ("attempt/endpoint/second?channel=x".to_owned(), 1),
        ("attempt/endpoint/second?event_types=b".to_owned(), 1),
        ("attempt/endpoint/second?after=2200-01-01T00:00:00Z".to_owned(), 0),
    ] {
        assert_eq!(ids(&scene, &path).await.len(), expected, "{path}");
    }
    for (path, expected) in [
        ("endpoint/second/msg".to_owned(), vec![other.clone(), first.clone()]),
        ("endpoint/second/msg?status=2".to_owned(), vec![other.clone(), first.clone()]),
        ("endpoint/second/msg?status=0".to_owned(), vec![]),
        ("endpoint/second/msg?tag=red".to_owned(), vec![first.clone()]),
        (format!("msg/{first}/endpoint?limit=1"), vec![second.clone()]),
    ] {
        assert_eq!(ids(&scene, &path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn messages_come_with_attempts_on_request() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    scene.attempts(&message, 1).await;
    let path = format!("{}/attempt/endpoint/{}", scene.app, scene.endpoint_id);
    let without = scene.client.get(&path).await.must(200);
    assert_eq!(without["data"][0]["msg"], json!(null));
    let with = scene.client.get(&format!("{path}?with_msg=true")).await.must(200);
    assert_eq!(
        (&with["data"][0]["msg"]["id"], &with["data"][0]["msg"]["payload"]),
        (&json!(message), &json!({"n": 1}))
    );
}

#[tokio::test]
async fn expunging_an_attempt_drops_the_answer_and_keeps_the_record() {
    let scene = Scene::new().await;
    scene.receiver.script("/hook", [Answer::status(200).header("x-canary", "tweet").body("private")]);
    let message = scene.publish(1).await;
    let attempt = scene.attempts(&message, 1).await[0].clone();
    let path = format!("{}/msg/{message}/attempt/{}", scene.app, attempt["id"].as_str().unwrap());
    scene.client.delete(&format!("{path}/content")).await.must(204);
    let after = scene.client.get(&path).await;
    assert!(!after.text().contains("private") && !after.text().contains("tweet"), "{after}");
    assert_eq!(after.must(200)["responseStatusCode"], 200);
    let other = scene.publish(2).await;
    scene
        .client
        .get(&format!("{}/msg/{other}/attempt/{}", scene.app, attempt["id"].as_str().unwrap()))
        .await
        .must(404);
}

#[tokio::test]
async fn what_is_under_way_is_pending_or_sending() {
    let gate = crate::support::Gate::shut();
    let scene = Scene::new().await;
    scene.receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let message = scene.publish(1).await;
    scene.receiver.wait("/hook", 1).await;
    for (query, status, text) in [("", 1, "pending"), ("?expanded_statuses=true", 3, "sending")] {
        let path = format!("{}/endpoint/{}/msg{query}", scene.app, scene.endpoint_id);
        let row = scene.client.get(&path).await.must(200)["data"][0].clone();
        assert_eq!(
            (&row["id"], &row["status"], &row["statusText"]),
            (&json!(message), &json!(status), &json!(text))
        );
    }
    gate.open();
    scene.status(&message, 0).await;
}
