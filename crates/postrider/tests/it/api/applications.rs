//! Applications.

use http::Method;
use serde_json::json;

use crate::support::{Server, publish};

#[tokio::test]
async fn an_application_lives_from_create_to_delete() {
    let server = Server::start().await;
    let client = server.client();
    let body =
        json!({"name": "First", "uid": "customer-1", "throttleRate": 10, "metadata": {"plan": "gold"}});
    let made = client.post("/api/v1/app", body).await.must(201);
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("app_") && id.len() == 31, "{id}");
    assert_eq!(made["uid"], "customer-1");
    assert_eq!(made["throttleRate"], 10);
    assert_eq!(made["metadata"], json!({"plan": "gold"}));
    assert_eq!(made["createdAt"], made["updatedAt"]);

    for name in [id, "customer-1"] {
        let read = client.get(&format!("/api/v1/app/{name}")).await.must(200);
        assert_eq!(read, made, "by {name}");
    }
    assert_eq!(client.delete("/api/v1/app/customer-1").await.must(204), json!(null));
    for name in [id, "customer-1"] {
        client.get(&format!("/api/v1/app/{name}")).await.must(404);
        client.delete(&format!("/api/v1/app/{name}")).await.must(404);
    }
}

#[tokio::test]
async fn patch_tells_absent_from_null() {
    let server = Server::start().await;
    let client = server.client();
    let body = json!({"name": "First", "uid": "one", "throttleRate": 10, "metadata": {"a": "1", "b": "2"}});
    let made = client.post("/api/v1/app", body).await.must(201);
    let path = format!("/api/v1/app/{}", made["id"].as_str().unwrap());

    let nothing = client.patch(&path, json!({})).await.must(200);
    for field in ["name", "uid", "throttleRate", "metadata", "createdAt"] {
        assert_eq!(nothing[field], made[field], "{field}");
    }
    let changed = client.patch(&path, json!({"throttleRate": null, "metadata": {"b": "3"}})).await.must(200);
    assert_eq!(changed["throttleRate"], json!(null));
    assert_eq!(changed["metadata"], json!({"b": "3"}), "metadata is replaced as a whole");
    assert_eq!((&changed["uid"], &changed["name"]), (&json!("one"), &json!("First")));
    let freed = client.patch(&path, json!({"uid": null})).await.must(200);
    assert_eq!(freed["uid"], json!(null));
    client.get("/api/v1/app/one").await.must(404);
    assert_eq!(client.get(&path).await.must(200), freed, "reads agree with the answer");
}

#[tokio::test]
async fn upsert_makes_by_uid_and_replaces() {
    let server = Server::start().await;
    let client = server.client();
    let made = client.put("/api/v1/app/two", json!({"name": "Made", "throttleRate": 5})).await.must(201);
    assert_eq!(made["uid"], "two");
    let replaced = client.put("/api/v1/app/two", json!({"name": "Replaced"})).await.must(200);
    assert_eq!((&replaced["id"], &replaced["uid"]), (&made["id"], &made["uid"]));
    assert_eq!(replaced["throttleRate"], json!(null), "what a PUT leaves out is cleared");
    let renamed = json!({"name": "Renamed", "uid": "three"});
    assert_eq!(client.put("/api/v1/app/two", renamed).await.must(200)["uid"], "three");
    client.get("/api/v1/app/two").await.must(404);
    client.put("/api/v1/app/app_000000000000000000000000000", json!({"name": "No"})).await.must(404);
}

#[tokio::test]
async fn a_uid_is_unique_until_its_application_is_deleted() {
    let server = Server::start().await;
    let client = server.client();
    let body = json!({"name": "First", "uid": "only"});
    let first = client.post("/api/v1/app", body.clone()).await.must(201);
    let refused = client.post("/api/v1/app", body.clone()).await.must(409);
    assert_eq!(refused["code"], "conflict");
    let other = client.post("/api/v1/app", json!({"name": "Other"})).await.must(201);
    let other = format!("/api/v1/app/{}", other["id"].as_str().unwrap());
    client.patch(&other, json!({"uid": "only"})).await.must(409);

    client.delete("/api/v1/app/only").await.must(204);
    let again = client.post("/api/v1/app", body).await.must(201);
    assert_ne!(again["id"], first["id"]);
    let message = json!({"eventType": "t", "payload": {}});
    publish(&client, "/api/v1/app/only", message).await;
}

#[tokio::test]
async fn get_if_exists_gives_what_is_there() {
    let server = Server::start().await;
    let client = server.client();
    let path = "/api/v1/app?get_if_exists=true";
    let made = client.post(path, json!({"name": "First", "uid": "only"})).await.must(201);
    let found = client.post(path, json!({"name": "Second", "uid": "only"})).await.must(200);
    assert_eq!(found, made, "nothing is changed");
    client.post("/api/v1/app", json!({"name": "Second", "uid": "only"})).await.must(409);
}

#[tokio::test]
async fn lists_can_leave_out_applications_that_get_nothing() {
    let server = Server::start().await;
    let client = server.client();
    for (uid, endpoint) in [("bare", None), ("shut", Some(true)), ("open", Some(false))] {
        client.post("/api/v1/app", json!({"name": uid, "uid": uid})).await.must(201);
        if let Some(disabled) = endpoint {
            let body = json!({"url": "http://127.0.0.1:1099/", "disabled": disabled});
            client.post(&format!("/api/v1/app/{uid}/endpoint"), body).await.must(201);
        }
    }
    for (query, expected) in [
        ("", &["bare", "shut", "open"][..]),
        ("?exclude_apps_with_no_endpoints=true", &["shut", "open"]),
        ("?exclude_apps_with_disabled_endpoints=true", &["open"]),
        ("?exclude_apps_with_svix_play_endpoints=true", &["bare", "shut", "open"]),
    ] {
        let page = client.ask(Method::GET, &format!("/api/v1/app{query}")).send().await.must(200);
        let uids: Vec<_> =
            page["data"].as_array().unwrap().iter().map(|app| app["uid"].as_str().unwrap()).collect();
        assert_eq!(uids, expected, "{query}");
    }
}
