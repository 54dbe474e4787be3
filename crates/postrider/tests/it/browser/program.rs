//! What people do with the program itself, from its first start on.
//!
//! `POSTRIDER_TEST_BINARY` names another build of it, such as that of a release.

use serde_json::json;

use super::look;
use crate::support::{Binary, KEY, Receiver};

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

/// The link that the program has printed at its first start.
fn first_link(program: &Binary) -> String {
    let told = format!("{}{}", program.stdout(), program.log());
    let link = told.split_whitespace().find(|word| word.contains("/sign-in/link#key="));
    link.unwrap_or_else(|| panic!("the first start prints a link:\n{told}")).to_owned()
}
