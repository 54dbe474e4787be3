//! Every page, looked at: in both themes, at three widths, and with texts of people who mean harm.

use serde_json::{Value, json};

use super::look;
use super::world::World;
use crate::support::{Server, publish};

/// Sets `window.evil` wherever it runs, and hides where it is shown as it is.
const TEXT: &str = "<script>window.evil=1</script><img src=x onerror=window.evil=2>\"' onfocus='window.evil=3' autofocus x='\
    javascript:window.evil=4 </textarea></title><svg onload=window.evil=5> {{7*7}}";
/// What only payloads and answers may have.
const WILD: &str = "\u{202e}desrever\u{200b}\0\u{1b}[31mred\u{1b}]8;;https://example.com\u{7}\u{9b}\u{2028}\u{feff}\u{e0041}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_the_dashboard_are_fit_to_look_at() {
    let server = Server::start().await;
    let empty = server.operator().post("/api/v1/environment", json!({"name": "empty"})).await.must(201);
    World::fill(&server.client(), "Ada’s shop", "").await;
    let scene = json!({
        "open": server.first_link(),
        "full": overview(&server.environment()),
        "empty": overview(empty["id"].as_str().unwrap()),
    });
    look("walk", server.address, &scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_for_everybody_are_fit_to_look_at() {
    let server = Server::builder().set("docs.events", "public").start().await;
    World::fill(&server.client(), "Ada’s shop", "").await;
    let pages = [
        ("sign-in", "/sign-in"),
        ("sign-in-link", "/sign-in/link"),
        ("docs-api", "/docs/api"),
        ("docs-events", "/docs/events"),
        ("docs-event", "/docs/events/order.paid"),
        ("docs-changes", "/docs/changes"),
    ];
    look("walk", server.address, &json!({"pages": pages})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_send_runs_on_no_page_and_hides_on_none() {
    let server = Server::start().await;
    World::fill(&server.client(), "harmless", "").await;
    let made = server.operator().post("/api/v1/environment", json!({"name": "wild"})).await.must(201);
    let (_, key) = server.new_key(json!({"scope": "environment", "environment": made["id"]})).await;
    let client = server.client().with_key(&key);
    let hostile = World::fill(&client, TEXT, WILD).await;
    // Long enough to be cut wherever it is shown.
    let long = "<i>".repeat(60_000);
    publish(&client, &hostile.app, json!({"eventType": "order.paid", "payload": {"long": long}})).await;
    let scene = json!({
        "open": server.first_link(),
        "harmless": overview(&server.environment()),
        "hostile": overview(made["id"].as_str().unwrap()),
    });
    look("hostile", server.address, &scene).await;
}

/// The page that an environment's navigation begins with.
fn overview(environment: &str) -> Value {
    format!("/dashboard/{environment}/overview").into()
}
