//! Lists of the dashboard that follow what happens.

use serde_json::json;

use super::look;
use super::world::World;
use crate::support::{KEY, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_deliveries_follows_them_through_a_dropped_stream() {
    let server = Server::start().await;
    let world = World::fill(&server.client(), "Ada’s shop", "").await;
    let scene = json!({
        "open": server.first_link(),
        "list": format!("/dashboard/{}/deliveries", server.environment()),
        "app": world.app,
        "key": KEY,
    });
    look("live", server.address, &scene).await;
}
