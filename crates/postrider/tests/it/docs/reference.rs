//! The reference of the API has everything that the description has.

use serde_json::Value;

use super::page;
use crate::support::Server;

#[tokio::test]
async fn every_operation_has_its_place() {
    let server = Server::start().await;
    let visitor = server.client().without_key();
    let document = serde_json::to_value(postrider::api::openapi()).unwrap();
    let index = page(&visitor, "/docs/api").await;
    let mut count = 0;
    for tag in document["tags"].as_array().unwrap() {
        let name = tag["name"].as_str().unwrap();
        let path = format!("/docs/api/{}", name.to_lowercase().replace(' ', "-"));
        let operations: Vec<&Value> = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|item| {
                item.as_object().unwrap().values().filter(|operation| operation["tags"][0] == name)
            })
            .collect();
        if operations.is_empty() {
            continue;
        }
        let shown = page(&visitor, &path).await;
        for operation in operations {
            let id = operation["operationId"].as_str().unwrap();
            assert!(shown.contains(&format!("<h2 id=\"{id}\">")), "{id} in {path}");
            assert!(index.contains(&format!("href=\"{path}#{id}\"")), "{id} in the index");
            count += 1;
        }
    }
    assert!(count > 60, "{count} operations");
    assert_eq!(visitor.get("/docs/api/none").await.status, 404);
}

#[tokio::test]
async fn an_operation_is_told_with_body_answers_and_calls() {
    let server = Server::builder().set("public_url", "https://hooks.example.com/").start().await;
    let visitor = server.client().without_key();
    let shown = page(&visitor, "/docs/api/message").await;
    for part in [
        "POST</span> <code>/api/v1/app/{app_id}/msg</code>",
        "<code title=\"eventType\">eventType</code> <span class=\"must\">required</span>",
        "curl -sS -X POST https://hooks.example.com/api/v1/app/APP_ID/msg",
        "svix.message.create(",
        "MessageIn(",
        "client.Message.Create(ctx, &quot;APP_ID&quot;, models.MessageIn{",
        ">202</span>",
        "Idempotency-Key",
    ] {
        assert!(shown.to_lowercase().contains(&part.to_lowercase()), "{part}: {shown}");
    }
    let index = page(&visitor, "/docs/api").await;
    assert!(index.contains("href=\"/openapi.json\"") && !index.contains("href=\"/docs/events\""), "{index}");
}
