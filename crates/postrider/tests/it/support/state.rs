//! Everything that an environment's lists show, to prove that something changed nothing.

use std::fmt::Write as _;

use serde_json::Value;

use super::Client;

/// The text of all that `client` can read of its environment. Meant for tests' small environments: one page of each
/// list.
pub(crate) async fn state(client: &Client) -> String {
    let mut text = String::new();
    let mut read = async |path: String| -> Vec<Value> {
        let reply = client.get(&path).await;
        let body = reply.must(200);
        writeln!(text, "{path} {body}").unwrap();
        body["data"].as_array().cloned().unwrap_or_default()
    };
    read("/api/v1/environment/settings".to_owned()).await;
    read("/api/v1/event-type?include_archived=true&with_content=true&limit=250".to_owned()).await;
    for source in read("/ingest/api/v1/source?limit=250".to_owned()).await {
        let source = format!("/ingest/api/v1/source/{}", source["id"].as_str().unwrap());
        for endpoint in read(format!("{source}/endpoint?limit=250")).await {
            let id = endpoint["id"].as_str().unwrap();
            for part in ["/secret", "/headers", "/transformation"] {
                read(format!("{source}/endpoint/{id}{part}")).await;
            }
        }
        for part in ["/reception?limit=250", "/refused"] {
            read(format!("{source}{part}")).await;
        }
    }
    for app in read("/api/v1/app?limit=250".to_owned()).await {
        let app = format!("/api/v1/app/{}", app["id"].as_str().unwrap());
        for endpoint in read(format!("{app}/endpoint?limit=250")).await {
            let id = endpoint["id"].as_str().unwrap();
            for part in ["/secret", "/headers", "/msg?limit=250"] {
                read(format!("{app}/endpoint/{id}{part}")).await;
            }
            read(format!("{app}/attempt/endpoint/{id}?limit=250")).await;
        }
        for message in read(format!("{app}/msg?limit=250")).await {
            read(format!("{app}/msg/{}/endpoint?limit=250", message["id"].as_str().unwrap())).await;
        }
    }
    text
}
