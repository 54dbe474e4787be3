//! Event types.

use serde_json::json;

use crate::support::{Scene, Server};

const PATH: &str = "/api/v1/event-type";

#[tokio::test]
async fn an_event_type_is_made_read_replaced_and_patched() {
    let server = Server::start().await;
    let client = server.client();
    let schema = json!({"1": {"type": "object", "properties": {"n": {"type": "number"}}}});
    let body = json!({"name": "invoice.paid", "description": "Paid", "schemas": schema,
        "groupName": "billing", "featureFlags": ["beta"], "deprecated": true});
    let made = client.post(PATH, body.clone()).await.must(201);
    for field in ["name", "description", "schemas", "groupName", "featureFlags", "deprecated"] {
        assert_eq!(made[field], body[field], "{field}");
    }
    assert_eq!(made["archived"], false);
    let path = format!("{PATH}/invoice.paid");
    assert_eq!(client.get(&path).await.must(200), made);
    client.post(PATH, body).await.must(409);

    let replaced = client.put(&path, json!({"description": "New"})).await.must(200);
    assert_eq!((&replaced["description"], &replaced["groupName"]), (&json!("New"), &json!(null)));
    let made = client.put(&format!("{PATH}/user.new"), json!({"description": "Made"})).await.must(201);
    assert_eq!(made["name"], "user.new");
    let patched = client.patch(&path, json!({"groupName": "x", "archived": true})).await.must(200);
    assert_eq!((&patched["description"], &patched["groupName"]), (&json!("New"), &json!("x")));
    let cleared = client.patch(&path, json!({"groupName": null})).await.must(200);
    assert_eq!((&cleared["groupName"], &cleared["archived"]), (&json!(null), &json!(true)));
}

#[tokio::test]
async fn lists_leave_archived_types_and_contents_out_unless_asked() {
    let server = Server::start().await;
    let client = server.client();
    for (name, archived) in [("b", false), ("a", false), ("c", true)] {
        let body = json!({"name": name, "description": name, "archived": archived, "schemas": {"1": {"type": "object"}}});
        client.post(PATH, body).await.must(201);
    }
    let names = async |query: &str| {
        let page = client.get(&format!("{PATH}{query}")).await.must(200);
        let names =
            page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["a", "b"]);
    assert_eq!(names("?order=descending").await, ["b", "a"]);
    assert_eq!(names("?include_archived=true").await, ["a", "b", "c"]);
    assert_eq!(names("?iterator=a").await, ["b"]);
    let bare = client.get(PATH).await.must(200);
    assert_eq!(bare["data"][0]["schemas"], json!(null));
    let full = client.get(&format!("{PATH}?with_content=true")).await.must(200);
    assert_eq!(full["data"][0]["schemas"], json!({"1": {"type": "object"}}));
}

#[tokio::test]
async fn delete_archives_and_expunge_removes() {
    let server = Server::start().await;
    let client = server.client();
    client.post(PATH, json!({"name": "t", "description": "T"})).await.must(201);
    client.delete(&format!("{PATH}/t")).await.must(204);
    assert_eq!(client.get(&format!("{PATH}/t")).await.must(200)["archived"], true);
    let back = client.post(PATH, json!({"name": "t", "description": "T"})).await.must(201);
    assert_eq!(back["archived"], false, "an archived name can be used again");
    client.delete(&format!("{PATH}/t?expunge=true")).await.must(204);
    client.get(&format!("{PATH}/t")).await.must(404);
    client.delete(&format!("{PATH}/t")).await.must(404);
}

#[tokio::test]
async fn unknown_types_are_accepted_unless_the_environment_refuses_them() {
    let scene = Scene::new().await;
    scene.publish(1).await;
    let settings = "/api/v1/environment/settings";
    scene.client.patch(settings, json!({"unknownEventTypes": "refuse"})).await.must(200);
    let message = json!({"eventType": "t", "payload": {}});
    let refused = scene.client.post(&format!("{}/msg", scene.app), message).await.must(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "eventType"]));
    scene.client.post(PATH, json!({"name": "t", "description": "T"})).await.must(201);
    scene.publish(2).await;
    assert_eq!(scene.receiver.wait("/hook", 2).await.len(), 2);
}
