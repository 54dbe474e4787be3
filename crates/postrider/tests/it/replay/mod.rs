//! Replay: one message, edited, signed anew, or a range of them; of sources, and of endpoints of applications.

mod command;
mod endpoint;
mod one;
mod published;
mod range;
mod refused;
mod search;

use std::time::Duration;

use http::Method;
use postrider_core::app::Ref;
use postrider_core::scope::SystemScope;
use postrider_core::time::{Clock as _, Timestamp};
use serde_json::{Value, json};

use crate::support::{Client, Receiver, Reply, Server, await_until, hmac_hex};

const SOURCES: &str = "/ingest/api/v1/source";
const TASKS: &str = "/api/v1/background-task";
const SECRET: &str = "whsec_a secret of a test";

/// A source with two endpoints: `/hook` gets what comes, `/copy` gets only what is sent there.
struct Scene {
    server: Server,
    receiver: Receiver,
    client: Client,
    source: Source,
    hook: String,
    copy: String,
}

/// A source.
struct Source {
    /// `/ingest/api/v1/source/ID`.
    path: String,
    /// Where it receives.
    address: String,
}

impl Source {
    async fn new(client: &Client, kind: &str, config: Value) -> Self {
        let body = json!({"name": "a source", "type": kind, "config": config});
        let made = client.post(SOURCES, body).await.must(201);
        let address = made["ingestUrl"].as_str().unwrap().to_owned();
        Self { path: format!("{SOURCES}/{}", made["id"].as_str().unwrap()), address }
    }

    /// A new endpoint; gives its id.
    async fn endpoint(&self, client: &Client, body: Value) -> String {
        let made = client.post(&format!("{}/endpoint", self.path), body).await.must(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// A request to the source, without a key.
    async fn send(&self, client: &Client, headers: &[(&str, &str)], body: &str) -> Reply {
        let anybody = client.without_key();
        let path = &self.address[self.address.find("/in/").unwrap()..];
        let asking = anybody.ask(Method::POST, path);
        let asking = headers.iter().fold(asking, |asking, (name, value)| asking.header(name, value));
        asking.body(body.to_owned()).send().await
    }

    /// What was received, newest first.
    async fn receptions(&self, client: &Client) -> Vec<Value> {
        let path = format!("{}/reception?limit=250", self.path);
        client.get(&path).await.must(200)["data"].as_array().unwrap().clone()
    }

    /// The id of what was received last.
    async fn last(&self, client: &Client) -> String {
        self.receptions(client).await[0]["id"].as_str().unwrap().to_owned()
    }
}

impl Scene {
    async fn new(kind: &str, config: Value) -> Self {
        Self::on(Server::start().await, kind, config).await
    }

    async fn on(server: Server, kind: &str, config: Value) -> Self {
        let (receiver, client) = (Receiver::start().await, server.client());
        let source = Source::new(&client, kind, config).await;
        let hook = source.endpoint(&client, json!({"url": receiver.url("/hook")})).await;
        let body = json!({"url": receiver.url("/copy"), "uid": "copy", "filterTypes": ["nothing.of.this"]});
        let copy = source.endpoint(&client, body).await;
        Self { server, receiver, client, source, hook, copy }
    }

    async fn send(&self, headers: &[(&str, &str)], body: &str) {
        self.source.send(&self.client, headers, body).await.must_be_taken();
    }

    /// The same, signed as Stripe does at the server's time.
    async fn send_stripe(&self, body: &str) {
        let signature = stripe(body, self.server.clock.now().as_seconds());
        self.send(&[("stripe-signature", &signature), ("x-extra", "1")], body).await;
    }

    /// Waits until so many deliveries have arrived at an endpoint, and none is left.
    async fn settled(&self, endpoint: &str, count: u64) {
        let store = &self.server.context().store;
        let system = SystemScope::assume();
        let environment = store.environments(system.instance()).await.unwrap()[0].id;
        let id = Ref::parse(self.source.path.rsplit('/').next().unwrap());
        let source = store.source(system.environment(environment), &id).await.unwrap().unwrap();
        let scope = system.app(environment, source.app);
        let times = (Timestamp::default(), self.server.clock.now().after(Duration::from_secs(60)));
        await_until("all deliveries to be settled", async || {
            let stats = store.stats(scope, endpoint.parse().unwrap(), times.0, times.1).await.unwrap();
            (stats.succeeded == count && stats.pending + stats.sending == 0).then_some(())
        })
        .await;
    }

    /// Replays the last message.
    async fn replay(&self, body: Value) -> Reply {
        let path = format!("{}/reception/{}/replay", self.source.path, self.source.last(&self.client).await);
        self.client.post(&path, body).await
    }

    /// Begins a replay of a range; gives the path of its task.
    async fn range(&self, body: Value) -> String {
        let begun = self.client.post(&format!("{}/replay", self.source.path), body).await.must(202);
        format!("{TASKS}/{}", begun["id"].as_str().unwrap())
    }
}

/// Waits for the end of a task, and gives it.
async fn ended(client: &Client, task: &str) -> Value {
    await_until("the end of the task", async || {
        let task = client.get(task).await.must(200);
        (task["status"] != "running").then_some(task)
    })
    .await
}

/// `t=TIME,v1=HMAC`.
fn stripe(body: &str, seconds: i64) -> String {
    format!("t={seconds},v1={}", hmac_hex(SECRET, &format!("{seconds}.{body}")))
}

trait MustBeTaken {
    fn must_be_taken(&self);
}

impl MustBeTaken for Reply {
    #[track_caller]
    fn must_be_taken(&self) {
        assert_eq!(self.status, 200, "{self}");
    }
}
