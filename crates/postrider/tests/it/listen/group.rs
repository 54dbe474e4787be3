//! Several developers who share what comes.

use serde_json::json;

use super::{LISTEN, Scene};
use crate::listen::stream::Stream;
use crate::support::{Answer, Gate, KEY, Receiver};

#[tokio::test]
async fn each_request_goes_to_one_member_and_a_dying_ones_to_another() {
    let scene = Scene::new().await;
    let other = Receiver::start().await;
    let (here, there) = (scene.receiver.url("/hook"), other.url("/hook"));
    // What is with the first member stays there.
    let gate = Gate::shut();
    scene.receiver.script("/hook", [Answer::status(200).when(&gate)]);
    let first = scene.listen(&["--to", &here, "--group", "team", "--name", "a"]).ready().await;
    scene.send("0").await;
    scene.receiver.wait("/hook", 1).await;
    let _second = scene.listen(&["--to", &there, "--group", "team", "--name", "b"]).ready().await;
    for number in 1..12 {
        scene.send(&number.to_string()).await;
    }
    // The first has no hand free for all; the rest reaches the second.
    other.wait("/hook", 1).await;
    first.kill();
    other.wait("/hook", 12).await;
    let mut all: Vec<_> = other.requests().iter().map(|request| request.json().as_u64().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..12).collect::<Vec<_>>(), "each once, those of the dead member too");
}

#[tokio::test]
async fn a_group_goes_on_where_it_was_when_all_come_again() {
    let scene = Scene::new().await;
    let to = scene.receiver.url("/hook");
    let arguments = ["--to", to.as_str(), "--group", "team", "--count", "2"];
    let mut first = scene.listen(&arguments).ready().await;
    for number in 0..2 {
        scene.send(&number.to_string()).await;
    }
    assert_eq!(first.ended().await, Some(0));
    for number in 2..4 {
        scene.send(&number.to_string()).await;
    }
    scene.run(&arguments).await.ends(0);
    let bodies: Vec<_> = scene.receiver.requests().iter().map(|request| request.json()).collect();
    assert_eq!(bodies, [0, 1, 2, 3]);
}

#[tokio::test]
async fn what_is_not_acknowledged_stays_with_its_member_for_as_long_as_it_lives() {
    let scene = Scene::new().await;
    let bearer = format!("Bearer {KEY}");
    let path = format!("{LISTEN}?group=team");
    let mut silent = Stream::open(&scene.server, &path, &[("authorization", &bearer)]).await;
    scene.send("1").await;
    let held = silent.next().await.data;
    let mut other = Stream::open(&scene.server, &path, &[("authorization", &bearer)]).await;
    // The silent one has hands for three more.
    for number in 2..=6 {
        scene.send(&number.to_string()).await;
    }
    let first = other.next().await.data;
    assert_ne!(first["id"], held["id"], "it is another's");
    drop(silent);
    let mut last = first;
    while last["id"] != held["id"] {
        let ack = json!({"listener": other.ready["listener"], "id": last["id"], "done": true});
        scene.client.post(&format!("{LISTEN}/ack"), ack).await.must(200);
        last = other.next().await.data;
    }
    assert_eq!(last["attempt"], 2);
}
