//! Somebody with something behind every parameter of every path.

use serde_json::{Value, json};

use super::attackers::Attackers;
use crate::support::{Client, Reply, Server, await_until, publish};

/// What must not show in an answer to anybody else.
pub(super) struct Victim {
    /// The value of each parameter, as id and as uid.
    values: Vec<(&'static str, String, String)>,
    canaries: Vec<String>,
}

/// A source that has received something, and refused something.
struct Received {
    id: String,
    endpoint: String,
    reception: String,
    canaries: Vec<String>,
}

impl Received {
    async fn new(client: &Client, [uid, endpoint_uid, name, header, note]: [&String; 5]) -> Self {
        let body = json!({"name": name, "uid": uid, "type": "generic-webhook",
            "config": {"preset": "github", "secret": note}});
        let made = client.post("/ingest/api/v1/source", body).await.must(201);
        let id = made["id"].as_str().unwrap().to_owned();
        let path = format!("/ingest/api/v1/source/{id}");
        let body = json!({"url": format!("http://127.0.0.1:1099/{note}"), "uid": endpoint_uid,
            "headers": {"x-canary": header}});
        let endpoint = client.post(&format!("{path}/endpoint"), body).await.must(201);
        let endpoint = endpoint["id"].as_str().unwrap().to_owned();
        let inner = format!("{path}/endpoint/{endpoint}");
        let code = json!({"code": note});
        client.patch(&format!("{inner}/transformation"), code).await.must(204);
        let filter = json!({"filter": {"value": "payload.canary", "notEquals": note}});
        client.put(&format!("{inner}/filter"), filter).await.must(204);
        let secret = client.get(&format!("{inner}/secret")).await.must(200);
        // What is disabled is not tried, so that all stays as it is.
        client.put(&inner, json!({"url": "http://127.0.0.1:1099/", "disabled": true})).await.must(200);
        let address = made["ingestUrl"].as_str().unwrap().to_owned();
        let at = &address[address.find("/in/").unwrap()..];
        let anybody = client.without_key();
        let send = async |body: Value| {
            anybody.ask(http::Method::POST, at).header("x-canary", note).json(&body).send().await.status
        };
        assert_eq!(send(json!({"forged": true})).await, 401);
        await_until("the refused request to be kept", async || {
            let refused = client.get(&format!("{path}/refused")).await.must(200);
            (!refused["data"].as_array().unwrap().is_empty()).then_some(())
        })
        .await;
        let body = json!({"name": name, "uid": uid, "type": "generic-webhook"});
        client.put(&path, body).await.must(200);
        assert_eq!(send(json!({"is": note})).await, 200);
        let seen = client.get(&format!("{path}/reception")).await.must(200);
        let reception = seen["data"][0]["id"].as_str().unwrap().to_owned();
        let canaries = vec![
            id.clone(),
            endpoint.clone(),
            reception.clone(),
            address,
            secret["key"].as_str().unwrap().to_owned(),
        ];
        Self { id, endpoint, reception, canaries }
    }
}

impl Victim {
    /// A victim of its own for the operation with this number. Its endpoint leads nowhere, so that what it has stays
    /// as it is.
    pub(super) async fn new(server: &Server, attackers: &Attackers, number: usize) -> Self {
        let client = server.client();
        let words = [
            "app", "endpoint", "event", "type", "name", "words", "note", "payload", "tag", "header",
            "source", "inner",
        ]
        .map(|what| format!("canary-{number}-{what}"));
        let [
            app_uid,
            endpoint_uid,
            event_id,
            event_type,
            name,
            words_for_people,
            note,
            payload,
            tag,
            header,
            source_uid,
            inner_uid,
        ] = &words;
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

        let issues = client.get(&format!("/api/v1/issue?appId={app}")).await.must(200);
        let issue = issues["data"][0]["id"].as_str().unwrap().to_owned();

        // It finds nothing to do: what the victim has stays as it is.
        let body = json!({"since": "2020-01-01T00:00:00Z"});
        let task = client.post(&format!("{path}/endpoint/{endpoint}/replay-missing"), body).await.must(202);
        let task = task["id"].as_str().unwrap().to_owned();

        let body = json!({"email": format!("canary-{number}-user@example.com"), "role": "viewer"});
        let invited = server.operator().post("/api/v1/users", body).await.must(201);
        let user = invited["user"]["id"].as_str().unwrap().to_owned();

        let source = Received::new(&client, [source_uid, inner_uid, name, header, note]).await;

        let bin = client.post("/api/v1/bin", json!({})).await.must(201);
        let bin = bin["name"].as_str().unwrap().to_owned();

        let mut canaries = vec![app.clone(), endpoint.clone(), message.clone(), attempt.clone(), bin.clone()];
        canaries.push(secret["key"].as_str().unwrap().to_owned());
        canaries.push(task.clone());
        canaries.push(issue.clone());
        canaries.push(user.clone());
        canaries.extend(words.clone());
        canaries.extend(source.canaries);
        let values = vec![
            (
                "{source_id}/endpoint/{endpoint_id}",
                format!("{}/endpoint/{}", source.id, source.endpoint),
                format!("{source_uid}/endpoint/{inner_uid}"),
            ),
            ("{source_id}", source.id, source_uid.clone()),
            ("{reception_id}", source.reception.clone(), source.reception),
            ("{bin_name}", bin.clone(), bin),
            ("{app_id}", app, app_uid.clone()),
            ("{endpoint_id}", endpoint, endpoint_uid.clone()),
            ("{msg_id}", message, event_id.clone()),
            ("{attempt_id}", attempt.clone(), attempt),
            ("{issue_id}", issue.clone(), issue.clone()),
            ("{task_id}", task.clone(), task),
            ("{event_type_name}", event_type.clone(), event_type.clone()),
            ("{user_id}", user.clone(), user.clone()),
            ("{key_id}", attackers.revoked_key.clone(), attackers.revoked_key.clone()),
        ];
        Self { values, canaries }
    }

    /// A caller with a token of the victim's own portal, with only these capabilities if there are any.
    pub(super) async fn portal(&self, server: &Server, capabilities: Option<&[&str]>) -> Client {
        let path = self.by_id("/api/v1/auth/app-portal-access/{app_id}");
        let access = server.client().post(&path, json!({"capabilities": capabilities})).await.must(200);
        server.client().with_key(access["token"].as_str().unwrap())
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

    /// What a parameter of a template is, as an id.
    pub(super) fn word(&self, template: &str, parameter: &str) -> String {
        let (pieces, path) = (template.split('/'), self.by_id(template));
        let found = pieces.zip(path.split('/')).find(|(piece, _)| *piece == parameter);
        found.expect("the template has the parameter").1.to_owned()
    }

    /// A body with the parameters in it filled.
    pub(super) fn fill_body(&self, body: &Value) -> Value {
        serde_json::from_str(&self.by_id(&body.to_string())).unwrap()
    }

    /// Takes the victim away, if its owner's request has not.
    pub(super) async fn leave(self, server: &Server) {
        for path in [
            "/api/v1/app/{app_id}",
            "/api/v1/event-type/{event_type_name}?expunge=true",
            "/ingest/api/v1/source/{source_id}",
        ] {
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
