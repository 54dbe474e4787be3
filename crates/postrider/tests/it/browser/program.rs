//! What people do with the program itself, from its first start on.
//!
//! `POSTRIDER_TEST_BINARY` names another build of it, such as that of a release.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::look;
use crate::support::{Answer, Binary, KEY, Receiver, await_until, new_app, new_endpoint, publish};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_leads_to_a_delivery_with_the_mouse() {
    leads_to_a_delivery("mouse").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_leads_to_a_delivery_with_nothing_but_keys() {
    leads_to_a_delivery("keys").await;
}

async fn leads_to_a_delivery(by: &str) {
    let (program, receiver) = (Binary::serve().await, Receiver::start().await);
    let scene =
        json!({"open": first_link(&program), "by": by, "key": KEY, "receiver": receiver.url("/hook")});
    look("onboarding", program.address, &scene).await;
    assert_eq!(receiver.at("/hook").len(), 1);
}

/// More than a page of the list has.
const FAILED: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_sent_again_and_one_of_it_changed() {
    // A breaker would draw out what fails before the test has begun.
    let settings = ["serve", "--set", "egress.allow=127.0.0.0/8", "--set", "dispatch.breaker_failures=1000"];
    let data = Arc::new(tempfile::tempdir().unwrap());
    let program = Binary::start(&settings, &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], data).await;
    let (client, receiver) = (program.client(), Receiver::start().await);
    client.patch("/api/v1/environment/settings", json!({"retrySchedule": [0]})).await.must(200);
    let app = new_app(&client, "broken").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({})).await;
    receiver.script("/hook", [Answer::status(500)]);
    for number in 0..FAILED {
        let payload = json!({"order": number, "amount": 1_900});
        publish(&client, &app, json!({"eventType": "order.paid", "payload": payload})).await;
    }
    let failed = "/api/v1/delivery?q=status:failed&limit=250";
    await_until("all to have failed", async || {
        let found = client.get(failed).await.must(200);
        (found["data"].as_array().unwrap().len() == FAILED).then_some(())
    })
    .await;

    receiver.script("/hook", [Answer::status(200).after(Duration::from_millis(20))]);
    let scene = json!({
        "open": first_link(&program),
        "key": KEY,
        "count": FAILED,
        "delivered": "/api/v1/delivery?q=status:delivered&limit=250",
    });
    look("repair", program.address, &scene).await;

    let came = receiver.at("/hook");
    assert_eq!(came.len(), 2 * FAILED + 1);
    let ids: BTreeSet<_> = came.iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), FAILED + 1, "only what was changed is a new message");
    assert_eq!(came.last().unwrap().json()["amount"], 77);
}

/// The link that the program has printed at its first start.
fn first_link(program: &Binary) -> String {
    let told = format!("{}{}", program.stdout(), program.log());
    let link = told.split_whitespace().find(|word| word.contains("/sign-in/link#key="));
    link.unwrap_or_else(|| panic!("the first start prints a link:\n{told}")).to_owned()
}
