//! An environment with something of everything that pages show.

use serde_json::json;

use crate::support::{Answer, Client, Receiver, await_until, new_app, new_endpoint, publish};

/// What of it tests refer to.
pub(super) struct World {
    /// The path of its application in the API.
    pub(super) app: String,
}

impl World {
    /// Fills the environment of `client`'s key. Every field that takes what people like has `text`; what is sent and
    /// answered has `wild` besides, which no field with a rule would take.
    pub(super) async fn fill(client: &Client, text: &str, wild: &str) -> Self {
        let receiver = Receiver::start().await;
        client.patch("/api/v1/environment/settings", json!({"retrySchedule": [0]})).await.must(200);
        let schema = json!({"1": {
            "type": "object",
            "description": text,
            "properties": {"id": {"type": "string", "description": text, "enum": [text]}, text: {"type": "number"}},
            "examples": [{"id": text}],
        }});
        let event_type = json!({"name": "order.paid", "description": text, "schemas": schema});
        client.post("/api/v1/event-type", event_type).await.must(201);

        let app = new_app(client, text).await;
        client.patch(&app, json!({"metadata": {"note": text}})).await.must(200);
        let fields =
            json!({"description": text, "metadata": {"note": text}, "headers": {"x-odd": ascii(text)}});
        new_endpoint(client, &app, &receiver.url("/hook"), fields).await;

        let body = format!("<html>{text}{wild}");
        let answer = |status| {
            let answer = Answer::status(status).header("content-type", "text/html");
            answer.header("x-odd", ascii(text)).body(body.clone())
        };
        receiver.script("/hook", [answer(200), answer(500)]);
        let message = json!({"eventType": "order.paid", "payload": {text: [text, wild, 12.50]}});
        for status in [0, 2] {
            let message = publish(client, &app, message.clone()).await;
            let deliveries = format!("{app}/msg/{message}/endpoint");
            await_until("the delivery to end", async || {
                let page = client.get(&deliveries).await.must(200);
                (page["data"][0]["status"] == status).then_some(())
            })
            .await;
        }
        Self { app }
    }
}

/// What of a text can stand in a header.
fn ascii(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
}
