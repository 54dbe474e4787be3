//! Somebody with something behind every parameter of every path.

use serde_json::{Value, json};

use super::attackers::Attackers;
use crate::support::{Reply, Server, await_until, publish};

/// What must not show in an answer to anybody else.
pub(super) struct Victim {
    /// The value of each parameter, as id and as uid.
    values: Vec<(&'static str, String, String)>,
    canaries: Vec<String>,
}

impl Victim {
    /// A victim of its own for the operation with this number. Its endpoint leads nowhere, so that what it has stays
    /// as it is.
    pub(super) async fn new(server: &Server, attackers: &Attackers, number: usize) -> Self {
        let client = server.client();
        let words = ["app", "endpoint", "event", "type", "name", "words", "note", "payload", "tag", "header"]
            .map(|what| format!("canary-{number}-{what}"));
        let [app_uid, endpoint_uid, event_id, event_type, name, words_for_people, note, payload, tag, header] =
            &words;
        let body = json!({"name": name, "uid": app_uid, "metadata": {"note": note}});
        let app = client.post("/api/v1/app", body).await.must(201)["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/app/{app}");
        let body = json!({"name": event_type, "description": words_for_people});
        client.post("/api/v1/event-type", body).await.must(201);
        let body = json!({"url": format!("http://127.0.0.1:1099/{note}"), "uid": endpoint_uid, "retrySchedule": [0, 86_400],
            "headers": {"x-canary": header}});
        let endpoint =
            client.post(&format!("{path}/endpoint"), body).await.must(201)["id"].as_str().unwrap().to_owned();
        let secret = client.get(&format!("{path}/endpoint/{endpoint}/secret")).await.must(200);
        let body =
            json!({"eventType": event_type, "eventId": event_id, "payload": {"is": payload}, "tags": [tag]});
        let message = publish(&client, &path, body).await;
        let attempt = await_until("the victim's delivery to fail and to wait", async || {
            let attempts = client.get(&format!("{path}/attempt/msg/{message}")).await.must(200);
            attempts["data"][0]["id"].as_str().map(str::to_owned)
        })
        .await;

        let mut canaries = vec![app.clone(), endpoint.clone(), message.clone(), attempt.clone()];
        canaries.push(secret["key"].as_str().unwrap().to_owned());
        canaries.extend(words.clone());
        let values = vec![
            ("{app_id}", app, app_uid.clone()),
            ("{endpoint_id}", endpoint, endpoint_uid.clone()),
            ("{msg_id}", message, event_id.clone()),
            ("{attempt_id}", attempt.clone(), attempt),
            ("{event_type_name}", event_type.clone(), event_type.clone()),
            ("{key_id}", attackers.revoked_key.clone(), attackers.revoked_key.clone()),
        ];
        Self { values, canaries }
    }

    /// The template with its parameters as ids.
    pub(super) fn by_id(&self, template: &str) -> String {
        self.values.iter().fold(template.to_owned(), |path, (name, id, _)| path.replace(name, id))
    }

    /// The template with its parameters as uids, where there are any.
    pub(super) fn by_uid(&self, template: &str) -> String {
        let path =
            self.values.iter().fold(template.to_owned(), |path, (name, _, uid)| path.replace(name, uid));
        assert!(!path.contains('{'), "{path} has a parameter that no victim has");
        path
    }

    /// A body with the parameters in it filled.
    pub(super) fn fill_body(&self, body: &Value) -> Value {
        serde_json::from_str(&self.by_id(&body.to_string())).unwrap()
    }

    /// Takes the victim away, if its owner's request has not.
    pub(super) async fn leave(self, server: &Server) {
        for path in ["/api/v1/app/{app_id}", "/api/v1/event-type/{event_type_name}?expunge=true"] {
            server.client().delete(&self.by_id(path)).await;
        }
    }

    /// What of the victim is in the answer that was not in the question.
    pub(super) fn shows(&self, reply: &Reply, path: &str, body: &Value) -> Option<&str> {
        let (asked, told) = (format!("{path} {body}"), format!("{:?} {}", reply.headers, reply.text()));
        let mut unasked = self.canaries.iter().filter(|canary| !asked.contains(canary.as_str()));
        unasked.find(|canary| told.contains(canary.as_str())).map(String::as_str)
    }

    /// Nothing is.
    pub(super) fn assert_hidden(&self, reply: &Reply, path: &str, body: &Value) {
        if let Some(canary) = self.shows(reply, path, body) {
            panic!("{canary} shows in {reply}");
        }
    }
}
