//! Lists of the dashboard that follow what happens.

use std::time::Duration;

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use super::look;
use super::world::World;
use crate::support::{KEY, Server, Sink, new_app, new_endpoint, publish};

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

/// Deliveries a second, as the list follows them at its busiest.
const BUSY: u32 = 400;
/// To how many endpoints each message goes.
const ENDPOINTS: u32 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_stays_smooth_while_hundreds_of_deliveries_come() {
    let server = Server::start().await;
    let (client, sink) = (server.client(), Sink::start(async |_| 200).await);
    let app = new_app(&client, "busy").await;
    for number in 0..ENDPOINTS {
        new_endpoint(&client, &app, &format!("http://{}/{number}", sink.address), json!({})).await;
    }
    let busy = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut turns = interval(Duration::from_secs(1) * ENDPOINTS / BUSY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            turns.tick().await;
            publish(&client, &app, json!({"eventType": "order.paid", "payload": {}})).await;
        }
    }));
    // Half of what the page is measured to do on a machine of its own (bench/README.md): other tests run beside it here.
    let least = std::env::var("POSTRIDER_TEST_FRAMES").map_or(25.0, |least| least.parse().unwrap());
    let list = format!("/dashboard/{}/deliveries", server.environment());
    let scene = json!({"open": server.first_link(), "list": list, "seconds": 10, "least": least});
    look("pace", server.address, &scene).await;
    assert!(!busy.is_finished(), "publishing has ended");
}
