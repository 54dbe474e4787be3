//! The customers' portal: the way in, what is seen, and what is not.

mod look;
mod rights;
mod strangers;
mod way_in;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, Reply, Server};

/// The key of a new link to the portal of the application at `app`.
async fn key(client: &Client, app: &str, body: Value) -> String {
    let path = app.replace("/app/", "/auth/app-portal-access/");
    let access = client.post(&path, body).await.must(200);
    access["url"].as_str().unwrap().split_once("/portal#key=").unwrap().1.to_owned()
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Asks the door to exchange a key.
async fn exchange(client: &Client, key: &str, look: &str) -> Reply {
    let nobody = client.without_key();
    let asking = nobody.ask(Method::POST, "/portal/open").header("sec-fetch-site", "same-origin");
    asking.body(form(&[("key", key), ("look", look)])).send().await
}

/// A customer whose session's token is in hand.
struct Customer {
    client: Client,
    csrf: String,
}

impl Customer {
    /// One who comes by a link to the application at `app`.
    async fn new(server: &Server, app: &str, access: Value) -> Self {
        let client = server.client();
        let key = key(&client, app, access).await;
        let opened = exchange(&client, &key, "").await.must(200);
        let client = client.with_key(opened["token"].as_str().unwrap());
        let page = client.get("/portal/activity").await.text();
        let csrf = page.split_once("name=\"csrf\" value=\"").map(|(_, rest)| rest.split('"').next().unwrap());
        Self { client, csrf: csrf.unwrap_or_default().to_owned() }
    }

    /// One who may do everything.
    async fn of(server: &Server, app: &str) -> Self {
        Self::new(server, app, json!({})).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.client.get(path).await
    }

    /// Sends a form of a page.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let fields = [fields, &[("csrf", &self.csrf)]].concat();
        let asking = self.client.ask(Method::POST, path).header("sec-fetch-site", "same-origin");
        asking.body(form(&fields)).send().await
    }
}
