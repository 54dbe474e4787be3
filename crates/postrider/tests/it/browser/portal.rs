//! The portal, inside of another site's page and by itself.

use serde_json::json;

use super::look;
use crate::support::{KEY, Scene, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portal_works_inside_of_a_page_of_another_site() {
    let server = Server::builder().set("portal.origins", "http://localhost:*").start().await;
    let scene = Scene::with(server, json!({"description": "the customer's"})).await;
    let schema =
        json!({"type": "object", "properties": {"id": {"type": "string"}, "amount": {"type": "integer"}}});
    let body = json!({"name": "order.paid", "description": "An order was paid.", "schemas": {"1": schema}});
    scene.client.post("/api/v1/event-type", body).await.must(201);
    let message = scene.publish(1).await;
    scene.status(&message, 0).await;
    let app = scene.app.rsplit('/').next().unwrap();
    let looked = json!({
        "app": app,
        "key": KEY,
        "endpoint": format!("/portal/endpoints/{}", scene.endpoint_id),
        "delivery": format!("/portal/deliveries/{message}/{}", scene.endpoint_id),
    });
    look("portal", scene.server.address, &looked).await;
}
