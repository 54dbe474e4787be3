//! Searching, through the API and from the command line.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{Answer, Client, KEY, Scene, Server, await_until, new_app, new_endpoint, publish};
use crate::tools::{Tool, command};

fn encoded(query: &str) -> String {
    utf8_percent_encode(query, NON_ALPHANUMERIC).to_string()
}

async fn search(client: &Client, noun: &str, query: &str) -> Value {
    let path = format!("/api/v1/{noun}?limit=250&q={}", encoded(query));
    let page = client.get(&path).await.must(200);
    assert_eq!(page["done"], true, "{query}: {page}");
    page
}

async fn found(client: &Client, noun: &str, query: &str) -> Vec<String> {
    let page = search(client, noun, query).await;
    let ids = page["data"].as_array().unwrap().iter().map(|row| row["msgId"].as_str().unwrap().to_owned());
    ids.collect()
}

/// An application with one message that arrived, one that failed, and one that waits for its second attempt.
struct Stock {
    scene: Scene,
    arrived: String,
    failed: String,
    retrying: String,
    /// Of another application.
    elsewhere: String,
}

impl Stock {
    async fn new() -> Self {
        let scene = Scene::endpoint(json!({"retrySchedule": [0], "uid": "main"})).await;
        let message = |event_type: &str, customer: &str| {
            json!({"eventType": event_type, "tags": ["batch-7"],
                   "payload": {"customer": {"id": customer}, "text": "<b>two words</b>"}})
        };
        let arrived = scene.publish_this(message("invoice.paid", "cus_1")).await;
        scene.status(&arrived, 0).await;
        scene.receiver.script("/hook", [Answer::status(503)]);
        let failed = scene.publish_this(message("invoice.sent", "cus_2")).await;
        scene.status(&failed, 2).await;
        scene.receiver.script("/hook", [Answer::status(200)]);

        let later = json!({"retrySchedule": [0, 86_400], "eventTypes": ["user.made"]});
        scene.add_endpoint("/later", later).await;
        scene.receiver.script("/later", [Answer::status(500)]);
        let retrying = scene.publish_this(message("user.made", "cus_1")).await;
        scene.attempts(&retrying, 2).await;
        scene.status(&retrying, 0).await;

        let other = new_app(&scene.client, "other").await;
        new_endpoint(&scene.client, &other, &scene.receiver.url("/other"), json!({})).await;
        let elsewhere = publish(&scene.client, &other, message("invoice.paid", "cus_1")).await;
        await_until("the other application's message to arrive", async || {
            let attempts = scene.client.get(&format!("{other}/attempt/msg/{elsewhere}")).await.must(200);
            (attempts["data"].as_array().unwrap().len() == 1).then_some(())
        })
        .await;
        Self { scene, arrived, failed, retrying, elsewhere }
    }
}

#[tokio::test]
async fn a_query_finds_what_it_means_across_applications() {
    let Stock { scene, arrived, failed, retrying, elsewhere } = Stock::new().await;
    let client = &scene.client;
    for (query, expected) in [
        ("status:failed", vec![&failed]),
        ("code:5xx", vec![&retrying, &failed]),
        ("status:retrying code:500", vec![&retrying]),
        ("type:invoice.* -status:failed", vec![&elsewhere, &arrived]),
        ("endpoint:main", vec![&retrying, &failed, &arrived]),
        (scene.endpoint_id.as_str(), vec![&retrying, &failed, &arrived]),
        (arrived.as_str(), vec![&arrived]),
        ("body.customer.id:\"cus_1\" status:delivered", vec![&elsewhere, &retrying, &arrived]),
        ("\"TWO words\" code:503", vec![&failed]),
        ("header.webhook-id:msg_* status:failed", vec![&failed]),
        ("tag:batch-7 since:1h attempt:1 code:503", vec![&failed]),
        ("app:nobody", vec![]),
        ("since:2100-01-01", vec![]),
    ] {
        assert_eq!(&found(client, "delivery", query).await.iter().collect::<Vec<_>>(), &expected, "{query}");
    }
    let other = search(client, "delivery", &elsewhere).await["data"][0]["appId"].as_str().unwrap().to_owned();
    assert_eq!(found(client, "delivery", &other).await, std::slice::from_ref(&elsewhere));

    let messages = search(client, "message", "type:user.made").await;
    let stands = &messages["data"][0]["deliveries"];
    assert_eq!((&stands["delivered"], &stands["pending"]), (&json!(1), &json!(1)), "{messages}");
    assert_eq!(found(client, "message", "status:failed").await, std::slice::from_ref(&failed));

    let hit = &search(client, "delivery", "status:failed").await["data"][0];
    assert_eq!((&hit["status"], &hit["attempts"]), (&json!("failed"), &json!(1)));
    assert_eq!(hit["lastAttempt"]["responseStatusCode"], 503);
    assert_eq!((&hit["endpoint"]["uid"], &hit["endpoint"]["deleted"]), (&json!("main"), &json!(false)));
    assert_eq!(hit["endpoint"]["url"], scene.receiver.url("/hook"));
}

#[tokio::test]
async fn counts_and_pages_say_how_far_they_came() {
    let Stock { scene, failed, retrying, .. } = Stock::new().await;
    let facets = scene.client.get("/api/v1/delivery/facets?q=code:5xx").await.must(200);
    assert_eq!((&facets["matched"], &facets["whole"]), (&json!(2), &json!(true)), "{facets}");
    assert_eq!(facets["codes"], json!([{"value": "5xx", "count": 2}]));
    assert_eq!(facets["statuses"].as_array().unwrap().len(), 2);
    assert!(facets["searched"]["rows"].as_u64().unwrap() >= 2);

    let (mut walked, mut iterator, mut last) = (Vec::new(), String::new(), Value::Null);
    for _ in 0..20 {
        let path = format!("/api/v1/delivery?limit=1&q=code:5xx{iterator}");
        let page = scene.client.get(&path).await.must(200);
        walked.extend(page["data"].as_array().unwrap().iter().map(|row| row["msgId"].clone()));
        if page["done"] == true {
            last = page;
            break;
        }
        iterator = format!("&iterator={}", page["iterator"].as_str().unwrap());
    }
    assert_eq!(walked, [json!(retrying), json!(failed)]);
    let back = last["prevIterator"].as_str().unwrap();
    let page = scene.client.get(&format!("/api/v1/delivery?q=code:5xx&iterator={back}")).await.must(200);
    assert!(page["data"].as_array().unwrap().iter().any(|row| row["msgId"] == json!(retrying)), "{page}");
    scene.client.get("/api/v1/delivery?iterator=x").await.must(422);
}

#[tokio::test]
async fn an_applications_key_finds_only_its_own() {
    let Stock { scene, elsewhere, arrived, .. } = Stock::new().await;
    let own = scene.app.rsplit('/').next().unwrap();
    let (_, token) = scene.server.new_key(json!({"scope": "app", "app": own})).await;
    let client = scene.client.with_key(&token);
    let all = found(&client, "delivery", "").await;
    assert!(all.contains(&arrived) && !all.contains(&elsewhere), "{all:?}");
    for query in [elsewhere.as_str(), "-status:failed type:invoice.paid"] {
        for noun in ["delivery", "message"] {
            assert!(!found(&client, noun, query).await.contains(&elsewhere), "{query}");
        }
    }
    scene.server.operator().get("/api/v1/delivery").await.must(403);
}

#[tokio::test]
async fn what_a_source_received_is_found_without_its_hidden_application() {
    let scene = Scene::new().await;
    let source = json!({"name": "shop", "uid": "shop", "type": "generic-webhook"});
    let source = scene.client.post("/ingest/api/v1/source", source).await.must(201);
    let url = source["ingestUrl"].as_str().unwrap();
    let path = &url[url.find("/in/").unwrap()..];
    let sent = scene.client.without_key().post(path, json!({"n": 1})).await;
    assert!((200..300).contains(&sent.status), "{sent}");
    for query in ["source:shop", source["id"].as_str().unwrap(), ""] {
        let page = search(&scene.client, "message", query).await;
        let hit = &page["data"][0];
        assert_eq!((&hit["sourceId"], &hit["appId"]), (&source["id"], &Value::Null), "{query}: {page}");
    }
    assert!(found(&scene.client, "message", "source:other").await.is_empty());
}

#[tokio::test]
async fn a_mistake_is_told_with_its_place() {
    let scene = Scene::new().await;
    for noun in ["delivery", "message", "delivery/facets"] {
        let path = format!("/api/v1/{noun}?q={}", encoded("code:5xx staus:failed"));
        let told = scene.client.get(&path).await.must(422);
        let refusal = &told["detail"][0];
        assert_eq!(refusal["loc"], json!(["query", "q", "9"]), "{told}");
        assert!(refusal["msg"].as_str().unwrap().contains("did you mean `status`?"), "{told}");
    }
    let long = format!("/api/v1/delivery?q={}", "a".repeat(2_000));
    scene.client.get(&long).await.must(422);
}

#[tokio::test]
async fn the_command_searches() {
    let Stock { scene, failed, retrying, .. } = Stock::new().await;
    let run = async |arguments: &[&str]| {
        let server = format!("http://{}", scene.server.address);
        let mut asked = command();
        asked.env("POSTRIDER_KEY", KEY).args(["search", "--server", &server]).args(arguments);
        Tool::of(asked, b"").await
    };
    let told = run(&["code:5xx", "--output", "json"]).await.json(0);
    let ids: Vec<_> = told["data"].as_array().unwrap().iter().map(|row| &row["msgId"]).collect();
    assert_eq!((ids, &told["done"]), (vec![&json!(retrying), &json!(failed)], &json!(true)));

    let table = run(&["status:failed"]).await;
    assert!(table.stderr.starts_with("1 found: all there is"), "{table:?}");
    let table = table.ends(0);
    assert!(table.starts_with("TIME") && table.contains(&failed) && table.contains("503"), "{table}");
    let table = run(&["-status:delivered", "--messages", "--limit", "1"]).await.ends(0);
    assert!(table.contains(&retrying) && table.contains("1 delivered, 1 pending"), "{table}");

    let wrong = run(&["staus:failed"]).await;
    assert!(wrong.code == Some(2) && wrong.stderr.contains("did you mean status?"), "{wrong:?}");
}

#[tokio::test]
async fn the_index_of_payloads_is_kept_where_it_is_switched_on() {
    let server = Server::builder().set("search.payloads", "true").start().await;
    let client = server.client();
    let app = new_app(&client, "shop").await;
    let with = |word: &str| json!({"eventType": "invoice.paid", "payload": {"word": word}});
    let needle = publish(&client, &app, with("needle")).await;
    for _ in 0..20 {
        publish(&client, &app, with("straw")).await;
    }
    let page = await_until("the index to cover what there is", async || {
        let page = search(&client, "message", "body.word:needle").await;
        let rows = page["searched"]["rows"].as_u64().unwrap();
        (page["searched"]["indexed"] == true && rows == 1).then_some(page)
    })
    .await;
    assert_eq!(page["data"][0]["msgId"], json!(needle));
    assert_eq!(search(&client, "message", "type:invoice.paid").await["searched"]["indexed"], false);
}
