//! The scene of most tests: a server, a receiver, an application with one endpoint.

use serde_json::{Value, json};

use super::{Client, Receiver, Server, await_until};

/// A server with one application, whose one endpoint is a receiver's path `/hook`.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) receiver: Receiver,
    pub(crate) client: Client,
    /// `/api/v1/app/ID`.
    pub(crate) app: String,
    /// `/api/v1/app/ID/endpoint/ID`.
    pub(crate) endpoint: String,
    pub(crate) endpoint_id: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Server::start().await, json!({})).await
    }

    /// With these fields of the endpoint besides its URL.
    pub(crate) async fn endpoint(fields: Value) -> Self {
        Self::with(Server::start().await, fields).await
    }

    pub(crate) async fn with(server: Server, fields: Value) -> Self {
        let (receiver, client) = (Receiver::start().await, server.client());
        let app = new_app(&client, "scene").await;
        let endpoint_id = new_endpoint(&client, &app, &receiver.url("/hook"), fields).await;
        let endpoint = format!("{app}/endpoint/{endpoint_id}");
        Self { server, receiver, client, app, endpoint, endpoint_id }
    }

    /// Publishes `{"n": n}` of type `t`, and gives the message's id.
    pub(crate) async fn publish(&self, n: u64) -> String {
        publish(&self.client, &self.app, json!({"eventType": "t", "payload": {"n": n}})).await
    }

    /// Publishes this, and gives the message's id.
    pub(crate) async fn publish_this(&self, message: Value) -> String {
        publish(&self.client, &self.app, message).await
    }

    /// Another endpoint, at another path of the receiver.
    pub(crate) async fn add_endpoint(&self, path: &str, fields: Value) -> String {
        new_endpoint(&self.client, &self.app, &self.receiver.url(path), fields).await
    }

    /// The endpoint's signing key.
    pub(crate) async fn secret(&self) -> String {
        let secret = self.client.get(&format!("{}/secret", self.endpoint)).await.must(200);
        secret["key"].as_str().unwrap().to_owned()
    }

    /// Waits for `count` attempts of a message, and gives them, newest first.
    pub(crate) async fn attempts(&self, message: &str, count: usize) -> Vec<Value> {
        let path = format!("{}/attempt/msg/{message}?expanded_statuses=true", self.app);
        await_until(&format!("{count} attempts of {message}"), async || {
            let page = self.client.get(&path).await.must(200);
            let attempts = page["data"].as_array().unwrap().clone();
            (attempts.len() >= count).then_some(attempts)
        })
        .await
    }

    /// Waits until the message's delivery to the endpoint has this status.
    pub(crate) async fn status(&self, message: &str, status: u64) {
        let path = format!("{}/msg/{message}/endpoint", self.app);
        await_until(&format!("{message} to have status {status}"), async || {
            let page = self.client.get(&path).await.must(200);
            let deliveries = page["data"].as_array().unwrap().clone();
            let own = deliveries.into_iter().find(|delivery| delivery["id"] == *self.endpoint_id)?;
            (own["status"] == status).then_some(())
        })
        .await;
    }
}

/// A new application; gives its path.
pub(crate) async fn new_app(client: &Client, name: &str) -> String {
    let app = client.post("/api/v1/app", json!({"name": name})).await.must(201);
    format!("/api/v1/app/{}", app["id"].as_str().unwrap())
}

/// A new endpoint of the application at the path `app`; gives its id.
pub(crate) async fn new_endpoint(client: &Client, app: &str, url: &str, fields: Value) -> String {
    let mut body = json!({"url": url});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let endpoint = client.post(&format!("{app}/endpoint"), body).await.must(201);
    endpoint["id"].as_str().unwrap().to_owned()
}

/// Publishes to the application at the path `app`; gives the message's id.
pub(crate) async fn publish(client: &Client, app: &str, message: Value) -> String {
    let message = client.post(&format!("{app}/msg"), message).await.must(202);
    message["id"].as_str().unwrap().to_owned()
}
