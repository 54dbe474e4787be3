//! Request bins as people and senders meet them: the real server, real clients.

mod answers;
mod deliveries;
mod escape;
mod export;
mod keyed;
mod live;
mod page;
mod replay;
mod share;
mod verdict;

use http::Method;
use serde_json::Value;

use crate::support::{Client, Reply, Server};

/// A server on which any name is a bin, and a client without a key.
async fn open() -> (Server, Client) {
    let server = Server::builder().open_bins().start().await;
    let client = server.client().without_key();
    (server, client)
}

/// What a browser gets.
async fn page(client: &Client, path: &str) -> Reply {
    client.ask(Method::GET, path).header("accept", "text/html,application/xhtml+xml").send().await
}

/// The token that the page of a bin gives its forms.
async fn token(client: &Client, name: &str) -> String {
    let page = page(client, &format!("/bin/{name}")).await.text();
    let (_, rest) = page.split_once("name=\"token\" value=\"").expect("a form with a token");
    rest.split('"').next().unwrap().to_owned()
}

/// Sends a form as a browser does from the bin's own page.
async fn send(client: &Client, path: &str, fields: &[(&str, &str)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client
        .ask(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("accept", "text/html")
        .body(body)
        .send()
        .await
}

/// What is in a bin, newest first.
async fn requests(client: &Client, name: &str) -> Vec<Value> {
    client.get(&format!("/bin/{name}")).await.must(200)["requests"].as_array().unwrap().clone()
}

/// The number of the newest request.
async fn newest(client: &Client, name: &str) -> String {
    requests(client, name).await[0]["id"].as_str().unwrap().to_owned()
}
