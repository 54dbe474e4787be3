//! Numbers over time, and failures that look alike.

use serde_json::{Value, json};

use crate::support::{Answer, Scene, await_until};

/// An endpoint that takes the first message and refuses four others in three ways.
async fn scene() -> Scene {
    let scene = Scene::endpoint(json!({"retrySchedule": [0]})).await;
    let answers = [
        Answer::status(200),
        Answer::status(500).body("order 17 is unknown"),
        Answer::status(500).body("order 4711 is unknown"),
        Answer::status(500).body("no such user"),
        Answer::status(404),
    ];
    scene.receiver.script("/hook", answers);
    for n in 0..5 {
        let message = scene.publish_this(json!({"eventType": format!("t{}", n % 2), "payload": {}})).await;
        scene.attempts(&message, 1).await;
    }
    scene
}

async fn numbers(scene: &Scene, query: &str) -> Value {
    scene.client.get(&format!("/api/v1/analytics?{query}")).await.must(200)
}

#[tokio::test]
async fn what_happened_is_told_in_every_grouping() {
    let scene = scene().await;
    let all = numbers(&scene, "").await;
    let total = &all["total"];
    for (name, expected) in [
        ("messages", 5),
        ("attempts", 5),
        ("succeeded", 1),
        ("failed", 4),
        ("retries", 0),
        ("delivered", 1),
        ("givenUp", 4),
    ] {
        assert_eq!(total[name], expected, "{name}: {all}");
    }
    assert_eq!(total["failures"], json!({"status_4xx": 1, "status_5xx": 3}));
    assert!((total["successRate"].as_f64().unwrap() - 0.2).abs() < 1e-9);
    assert!(total["latency"]["meanMs"].as_f64().unwrap() > 0.0);
    assert_eq!(
        (&all["resolution"], &all["groupBy"], &all["rest"]),
        (&json!("5m"), &json!("none"), &Value::Null)
    );

    let by_type = numbers(&scene, "groupBy=eventType").await;
    let names: Vec<_> = by_type["series"].as_array().unwrap().iter().map(|series| &series["name"]).collect();
    assert_eq!(names, ["t0", "t1"]);
    let by_endpoint = numbers(&scene, "groupBy=endpoint&rank=failures").await;
    assert_eq!(by_endpoint["series"][0]["id"], scene.endpoint_id);
    assert_eq!(by_endpoint["series"][0]["total"]["failed"], 4);
    let by_app = numbers(&scene, "groupBy=application").await;
    assert_eq!(
        (&by_app["series"][0]["kind"], &by_app["series"][0]["name"]),
        (&json!("application"), &json!("scene"))
    );
    let by_outcome = numbers(&scene, "groupBy=outcome&resolution=1h").await;
    let outcomes: Vec<_> =
        by_outcome["series"].as_array().unwrap().iter().map(|series| &series["name"]).collect();
    assert_eq!(outcomes, ["succeeded", "status_4xx", "status_5xx"]);
    let one = numbers(&scene, "eventType=t1&resolution=1d").await;
    assert_eq!(one["total"]["attempts"], 2);
    let app = scene.app.rsplit('/').next().unwrap();
    let narrow = format!("appId={app}&endpointId={}", scene.endpoint_id);
    assert_eq!(numbers(&scene, &narrow).await["total"]["attempts"], 5);
}

#[tokio::test]
async fn numbers_come_as_a_file_too() {
    let scene = scene().await;
    let file = scene.client.get("/api/v1/analytics?groupBy=eventType&resolution=1d&format=csv").await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let text = file.text();
    let rows: Vec<_> = text.lines().collect();
    assert!(rows[0].starts_with("at,kind,id,name,messages,attempts,succeeded,failed,"), "{text}");
    assert!(rows[1..].iter().any(|row| row.contains(",eventType,,t0,")), "{text}");
}

#[tokio::test]
async fn latencies_are_told_by_how_many_took_how_long() {
    let scene = scene().await;
    let heat = scene.client.get("/api/v1/analytics/latency?resolution=1d").await.must(200);
    assert_eq!((&heat["stepSeconds"], heat["buckets"].as_array().unwrap().len()), (&json!(86_400), 16));
    assert_eq!(heat["buckets"][15], json!({"fromMs": 16_384, "toMs": null}));
    let counts =
        heat["points"].as_array().unwrap().iter().flat_map(|point| point["counts"].as_array().unwrap());
    assert_eq!(counts.map(|count| count.as_u64().unwrap()).sum::<u64>(), 5, "{heat}");
    assert!(heat["points"][0]["p99Ms"].as_f64().unwrap() > 0.0, "{heat}");

    let file = scene.client.get("/api/v1/analytics/latency?format=csv&eventType=t1").await;
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"latency.csv\"");
    assert!(file.text().starts_with("at,from_0_ms,from_1_ms,"), "{file}");
    let refused = scene.client.get("/api/v1/analytics/latency?endpointId=ep").await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["query", "endpointId"]));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_by_name() {
    let scene = Scene::new().await;
    for (query, name) in [
        ("since=2020-01-01T00:00:00Z&resolution=5m", "resolution"),
        ("since=2200-01-01T00:00:00Z", "since"),
        ("endpointId=ep", "endpointId"),
        ("groupBy=colour", "groupBy"),
    ] {
        let refused = scene.client.get(&format!("/api/v1/analytics?{query}")).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["query", name]), "{query}");
    }
    scene.client.get("/api/v1/analytics?appId=nobody").await.must(404);
}

#[tokio::test]
async fn an_issue_is_found_spoken_of_and_repaired() {
    let scene = scene().await;
    let list = async |query: &str| {
        let page = scene.client.get(&format!("/api/v1/issue?{query}")).await.must(200);
        assert_eq!(page["done"], true);
        page["data"].as_array().unwrap().clone()
    };
    let issues = list("state=open").await;
    let seen: Vec<_> = issues.iter().map(|issue| (&issue["statusCode"], &issue["attempts"])).collect();
    assert_eq!(seen, [(&json!(404), &json!(1)), (&json!(500), &json!(1)), (&json!(500), &json!(2))]);
    let issue = &issues[2];
    assert_eq!((&issue["givenUp"], &issue["hours"][0]["attempts"]), (&json!(2), &json!(2)));
    let path = format!("/api/v1/issue/{}", issue["id"].as_str().unwrap());

    let newest = format!(
        "{}/msg/{}/attempt/{}",
        scene.app,
        issue["lastMsgId"].as_str().unwrap(),
        issue["lastAttemptId"].as_str().unwrap()
    );
    assert_eq!(scene.client.get(&newest).await.must(200)["response"], "order 4711 is unknown");

    let changed =
        scene.client.patch(&path, json!({"state": "muted", "mutedUntil": "2200-01-01T00:00:00Z"})).await;
    let changed = changed.must(200);
    assert_eq!(changed["state"], "muted");
    assert!(changed["mutedUntil"].as_str().unwrap().starts_with("2200-01-01T00:00:00"));
    assert_eq!(list("state=open").await.len(), 2);
    assert_eq!(list("state=open,muted").await.len(), 3);
    for (body, name) in [
        (json!({"state": "muted", "mutedUntil": "2001-01-01T00:00:00Z"}), "mutedUntil"),
        (json!({"state": "open", "mutedUntil": "2200-01-01T00:00:00Z"}), "mutedUntil"),
        (json!({"state": "gone"}), "state"),
    ] {
        let refused = scene.client.patch(&path, body).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", name]));
    }
    assert_eq!(scene.client.patch(&path, json!({"state": "resolved"})).await.must(200)["state"], "resolved");

    // Everything that ended in a 5xx goes again, and what ended in a 404 does not.
    let before = scene.receiver.count();
    let task = scene.client.post(&format!("{path}/replay"), json!({})).await.must(202);
    let task = format!("/api/v1/background-task/{}", task["id"].as_str().unwrap());
    let ended = await_until("the replay to end", async || {
        let task = scene.client.get(&task).await.must(200);
        (task["status"] == "finished").then_some(task)
    })
    .await;
    assert_eq!(ended["data"]["affected"], 3);
    scene.receiver.wait("/hook", before + 3).await;
}
