//! Pages for those who receive: the catalogue of event types, its guides and files, and the reference of the API.

mod catalog;
mod escape;
mod files;
mod guides;
mod reference;

use serde_json::{Value, json};

use crate::support::{Client, Server};

/// A server with a public catalogue, and a client without a key.
async fn public() -> (Server, Client) {
    with(&[]).await
}

/// The same with further settings.
async fn with(settings: &[(&str, &str)]) -> (Server, Client) {
    let builder = Server::builder().set("docs.events", "public");
    let builder = settings.iter().fold(builder, |builder, (key, value)| builder.set(key, value));
    let server = builder.start().await;
    let visitor = server.client().without_key();
    (server, visitor)
}

/// Makes an event type, with more than its name and description where there is more.
async fn make(server: &Server, name: &str, more: Value) {
    let mut body = json!({"name": name, "description": format!("What {name} says.")});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.client().post("/api/v1/event-type", body).await.must(201);
}

/// The text of a page that must be there.
async fn page(client: &Client, path: &str) -> String {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{reply}");
    assert!(reply.header("content-type").starts_with("text/html"), "{reply}");
    reply.text()
}
