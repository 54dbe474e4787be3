//! Receiving: what providers send to a source, what becomes of it, and how sources are made.

mod api;
mod handshakes;
mod journey;
mod keys;
mod limits;
mod link;
mod refused;
mod repeated;
mod schedules;
mod taken;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, Receiver, Reply, Server, await_until, hmac_hex};

const SOURCES: &str = "/ingest/api/v1/source";
const SECRET: &str = "It's a Secret to Everybody";

/// A source with an endpoint that is a receiver's path `/hook`.
struct Scene {
    server: Server,
    receiver: Receiver,
    client: Client,
    source: Source,
}

/// A source.
struct Source {
    /// `/ingest/api/v1/source/ID`.
    path: String,
    /// `/in/TOKEN`.
    address: String,
}

impl Scene {
    /// With a source of this type and configuration.
    async fn new(kind: &str, config: Value) -> Self {
        Self::on(Server::start().await, kind, config).await
    }

    async fn on(server: Server, kind: &str, config: Value) -> Self {
        let (receiver, client) = (Receiver::start().await, server.client());
        let source = Source::new(&client, kind, config).await;
        source.endpoint(&client, json!({"url": receiver.url("/hook")})).await;
        Self { server, receiver, client, source }
    }

    /// A request to the source, without a key.
    async fn send(&self, headers: &[(&str, &str)], body: &str) -> Reply {
        send(&self.client, &self.source.address, headers, body).await
    }

    /// The same, signed as GitHub does.
    async fn send_signed(&self, secret: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let signature = signed(secret, body);
        let headers: Vec<_> =
            headers.iter().copied().chain([("x-hub-signature-256", signature.as_str())]).collect();
        self.send(&headers, body).await
    }

    /// What was received, newest first.
    async fn receptions(&self) -> Vec<Value> {
        let path = format!("{}/reception", self.source.path);
        self.client.get(&path).await.must(200)["data"].as_array().unwrap().clone()
    }

    /// Waits for so many refused requests, newest first.
    async fn refused(&self, count: usize) -> Vec<Value> {
        let path = format!("{}/refused", self.source.path);
        await_until("the refused requests", async || {
            let refused = self.client.get(&path).await.must(200)["data"].as_array().unwrap().clone();
            (refused.len() >= count).then_some(refused)
        })
        .await
    }
}

impl Source {
    async fn new(client: &Client, kind: &str, config: Value) -> Self {
        let body = json!({"name": "a source", "type": kind, "config": config});
        let made = client.post(SOURCES, body).await.must(201);
        let address = made["ingestUrl"].as_str().unwrap_or_default();
        Self { path: format!("{SOURCES}/{}", made["id"].as_str().unwrap()), address: path_of(address) }
    }

    /// A new endpoint; gives its path.
    async fn endpoint(&self, client: &Client, body: Value) -> String {
        let made = client.post(&format!("{}/endpoint", self.path), body).await.must(201);
        format!("{}/endpoint/{}", self.path, made["id"].as_str().unwrap())
    }
}

/// The path of a source's address.
fn path_of(address: &str) -> String {
    address.find("/in/").map_or_else(String::new, |at| address[at..].to_owned())
}

async fn send(client: &Client, address: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let anybody = client.without_key();
    let asking = anybody.ask(Method::POST, address);
    let asking = headers.iter().fold(asking, |asking, (name, value)| asking.header(name, value));
    asking.body(body.to_owned()).send().await
}

/// `sha256=` and HMAC-SHA256 in hexadecimal digits.
fn signed(secret: &str, body: &str) -> String {
    format!("sha256={}", hmac_hex(secret, body))
}
