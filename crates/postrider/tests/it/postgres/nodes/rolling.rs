//! All nodes are restarted in turn under load: nothing is lost, and nothing comes twice.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::{node, nodes, times, until_shared};
use crate::support::{Client, Database, Receiver, alone, new_app, new_endpoint};

const ENDPOINTS: usize = 12;
const PUBLISHERS: usize = 2;
/// How many are acknowledged between two restarts.
const ACKNOWLEDGED: usize = 150;

/// Publishes to whichever nodes there are.
#[derive(Clone, Default)]
struct Load {
    clients: Arc<Mutex<Vec<Client>>>,
    acknowledged: Arc<Mutex<HashSet<String>>>,
    stop: Arc<AtomicBool>,
}

impl Load {
    async fn run(self, app: String, mut turn: usize) {
        let body = json!({"eventType": "t", "payload": {"a": 1}});
        while !self.stop.load(Ordering::Relaxed) {
            turn += 1;
            let client = {
                let clients = self.clients.lock().unwrap();
                clients[turn % clients.len()].clone()
            };
            let asked = client.ask(Method::POST, &format!("{app}/msg")).json(&body).try_send().await;
            if let Ok(reply) = asked
                && reply.status == 202
            {
                self.acknowledged.lock().unwrap().insert(reply.json()["id"].as_str().unwrap().to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn more(&self) {
        let wanted = self.acknowledged.lock().unwrap().len() + ACKNOWLEDGED;
        crate::support::await_until("messages to be acknowledged", async || {
            (self.acknowledged.lock().unwrap().len() >= wanted).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_nothing_and_sends_nothing_twice() {
    let Some(database) = Database::fresh() else { return };
    let _alone = alone().await;
    let (mut nodes, receiver) = (nodes(&database, 3).await, Receiver::start().await);
    let app = new_app(&nodes[0].client(), "one").await;
    for endpoint in 0..ENDPOINTS {
        new_endpoint(&nodes[0].client(), &app, &receiver.url(&format!("/{endpoint}")), json!({})).await;
    }
    super::changes::known_everywhere(&nodes, &app, &receiver, ENDPOINTS).await;

    let load = Load::default();
    *load.clients.lock().unwrap() = nodes.iter().map(crate::support::Binary::client).collect();
    let mut publishers = JoinSet::new();
    for publisher in 0..PUBLISHERS {
        publishers.spawn(load.clone().run(app.clone(), publisher));
    }
    for turn in 0..3 {
        load.more().await;
        let mut leaving = nodes.remove(0);
        leaving.terminate();
        assert_eq!(leaving.ended(Duration::from_secs(30)).await, Some(0), "{}", leaving.log());
        load.more().await;
        nodes.push(node(&database, &[]).await);
        *load.clients.lock().unwrap() = nodes.iter().map(crate::support::Binary::client).collect();
        until_shared(&nodes).await;
        println!("{} acknowledged after restart {turn}", load.acknowledged.lock().unwrap().len());
    }
    load.more().await;
    load.stop.store(true, Ordering::Relaxed);
    publishers.join_all().await;

    let acknowledged = load.acknowledged.lock().unwrap().clone();
    receiver
        .wait_until("all that was acknowledged", |requests| {
            let times = times(requests);
            let came = times.keys().filter(|(id, _)| acknowledged.contains(id)).count();
            came == acknowledged.len() * ENDPOINTS
        })
        .await;
    let twice: Vec<_> = times(&receiver.requests()).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "came twice: {twice:?}");
}
