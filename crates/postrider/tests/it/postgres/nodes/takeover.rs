//! A node dies or stops: the others send what it was to send, soon, and twice only what was under way.

use std::time::{Duration, Instant};

use http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{TAKEOVER_MAX, all_arrived_from, node, nodes, owner, times, until_shared};
use crate::support::{Answer, Binary, Database, Gate, Receiver, await_until, new_app, new_endpoint, publish};

fn signal(node: &Binary, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(node.id()).unwrap()).unwrap(), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_of_a_killed_node_go_on_at_the_others() {
    let Some(database) = Database::fresh() else { return };
    let (mut nodes, receiver) = (nodes(&database, 3).await, Receiver::start().await);
    let app = new_app(&nodes[0].client(), "one").await;
    let mut worst = Duration::ZERO;
    for round in 0..3 {
        let path = format!("/{round}");
        let before = all_arrived_from(&nodes).await;
        let fields = json!({"eventTypes": [format!("t{round}")]});
        new_endpoint(&nodes[0].client(), &app, &receiver.url(&path), fields).await;
        let message = json!({"eventType": format!("t{round}"), "payload": {}});
        // Until the endpoint is known at the others too, what they accept is not for it.
        publish(&nodes[0].client(), &app, message.clone()).await;
        receiver.wait(&path, 1).await;
        let victim = owner(&nodes, &before).await;
        let other = nodes[(victim + 1) % 3].client();

        let killed_at = Instant::now();
        nodes.remove(victim).kill();
        let id = loop {
            let id = publish(&other, &app, message.clone()).await;
            let deliveries = other.get(&format!("{app}/msg/{id}/endpoint")).await.must(200);
            if !deliveries["data"].as_array().unwrap().is_empty() {
                break id;
            }
        };
        receiver
            .wait_until("the delivery by another node", |requests| {
                requests.iter().any(|request| request.header("webhook-id") == id)
            })
            .await;
        let took = killed_at.elapsed();
        println!("round {round}: taken over after {took:?}");
        worst = worst.max(took);
        nodes.push(node(&database, &[]).await);
        until_shared(&nodes).await;
    }
    assert!(worst <= TAKEOVER_MAX, "it took {worst:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_stopped_for_longer_than_its_lease_sends_nothing_that_it_had_not_begun() {
    const MESSAGES: usize = 40;
    let Some(database) = Database::fresh() else { return };
    let receiver = Receiver::start().await;
    // One at a time: so there is much that was not begun.
    let one = ["--set", "dispatch.endpoint_concurrency=1"];
    let mut nodes = [node(&database, &one).await, node(&database, &one).await];
    until_shared(&nodes).await;
    let app = new_app(&nodes[0].client(), "one").await;
    let before = all_arrived_from(&nodes).await;
    let endpoint = new_endpoint(&nodes[0].client(), &app, &receiver.url("/hook"), json!({})).await;
    publish(&nodes[0].client(), &app, json!({"eventType": "t", "payload": {}})).await;
    receiver.wait("/hook", 1).await;
    let stopped = owner(&nodes, &before).await;

    let gate = Gate::shut();
    receiver.script("/hook", [Answer::status(200), Answer::status(200), Answer::status(200).when(&gate)]);
    let client = nodes[stopped].client();
    for _ in 0..MESSAGES {
        publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    }
    // The third hangs, and the others are behind it in the memory of the node.
    receiver.wait("/hook", 4).await;
    // Those before it are under way until their answers are recorded, as the other node sees it.
    let other = nodes[1 - stopped].client();
    await_until("the answers of those before it to be recorded", async || {
        let page = other.get(&format!("{app}/attempt/endpoint/{endpoint}")).await.must(200);
        (page["data"].as_array().unwrap().len() >= 3).then_some(())
    })
    .await;
    signal(&nodes[stopped], Signal::STOP);
    gate.open();
    let at = Instant::now();
    receiver.wait_until("the rest by the other node", |requests| times(requests).len() > MESSAGES).await;
    println!("the other node was done after {:?}", at.elapsed());
    signal(&nodes[stopped], Signal::CONT);

    assert_eq!(nodes[stopped].ended(Duration::from_secs(10)).await, Some(75));
    let log = nodes[stopped].log();
    assert!(log.contains("failed to stay in the cluster") && log.contains("fenced"), "{log}");
    let times = times(&receiver.requests());
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert_eq!(times.len(), MESSAGES + 1, "nothing is lost");
    assert!(
        twice.len() <= 1 && twice.iter().all(|(_, times)| **times == 2),
        "only what was under way: {twice:?}"
    );
    assert_eq!(other.ask(Method::GET, "/readyz").send().await.status, 200);
}
