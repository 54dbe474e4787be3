//! No page reaches what belongs to another application.

use serde_json::json;

use super::Customer;
use crate::support::{Receiver, Server, await_until, new_app, new_endpoint, publish, state};

/// Every route that names something, with `{endpoint}` and `{message}` for what is named.
const PAGES: [&str; 6] = [
    "/portal/endpoints/{endpoint}",
    "/portal/endpoints/{endpoint}/test",
    "/portal/endpoints/{endpoint}/settings",
    "/portal/endpoints/{endpoint}/secret",
    "/portal/endpoints/{endpoint}/recover",
    "/portal/deliveries/{message}/{endpoint}",
];
const ACTS: [(&str, &[(&str, &str)]); 11] = [
    ("/portal/endpoints/{endpoint}/test", &[("type", "t"), ("payload", "{}")]),
    ("/portal/endpoints/{endpoint}/settings", &[("url", "http://127.0.0.1:1099/stolen")]),
    ("/portal/endpoints/{endpoint}/pause", &[]),
    ("/portal/endpoints/{endpoint}/resume", &[]),
    ("/portal/endpoints/{endpoint}/secret", &[]),
    ("/portal/endpoints/{endpoint}/secret/rotate", &[]),
    ("/portal/endpoints/{endpoint}/recover", &[("hours", "24")]),
    ("/portal/endpoints/{endpoint}/replay-missing", &[("hours", "24")]),
    ("/portal/deliveries/{message}/{endpoint}/resend", &[]),
    ("/portal/deliveries/{message}/{endpoint}/skip", &[]),
    ("/portal/endpoints/{endpoint}/delete", &[]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_shows_or_changes_what_is_of_another_application() {
    let (server, receiver) = (Server::start().await, Receiver::start().await);
    let client = server.client();
    let (own, other) = (new_app(&client, "own").await, new_app(&client, "other").await);
    let victim = new_endpoint(&client, &other, &receiver.url("/victim"), json!({"uid": "victims-uid"})).await;
    let message =
        json!({"eventType": "t", "eventId": "victims-event", "payload": {"secret": "of the victim"}});
    let message = publish(&client, &other, message).await;
    let path = format!("{other}/msg/{message}/endpoint");
    await_until("the victim's delivery", async || {
        let page = client.get(&path).await.must(200);
        (page["data"][0]["status"] == 0).then_some(())
    })
    .await;
    let mine = new_endpoint(&client, &own, &receiver.url("/own"), json!({})).await;
    let own_message = publish(&client, &own, json!({"eventType": "t", "payload": {}})).await;
    let own_path = format!("{own}/msg/{own_message}/endpoint");
    await_until("the own delivery", async || {
        let page = client.get(&own_path).await.must(200);
        (page["data"][0]["status"] == 0).then_some(())
    })
    .await;
    let attacker = Customer::of(&server, &own).await;
    let before = state(&client).await;
    // The victim's by id and by uid, and each beside something of the attacker's.
    for (endpoint, message) in [
        (victim.as_str(), message.as_str()),
        ("victims-uid", "victims-event"),
        (&mine, &message),
        (&victim, &own_message),
    ] {
        let named = |path: &str| path.replace("{endpoint}", endpoint).replace("{message}", message);
        let names_victim = |path: &str| path.contains("{message}") || endpoint != mine;
        for path in PAGES.into_iter().filter(|path| names_victim(path)) {
            let page = attacker.get(&named(path)).await;
            assert_eq!(page.status, 404, "{page}");
            assert!(!page.text().contains("/victim") && !page.text().contains("of the victim"), "{page}");
        }
        for (path, fields) in ACTS.into_iter().filter(|(path, _)| names_victim(path)) {
            let act = attacker.post(&named(path), fields).await;
            assert_eq!(act.status, 404, "{act}");
        }
    }
    for path in [
        "/portal/endpoints".to_owned(),
        "/portal/activity".to_owned(),
        format!("/portal/activity?q=endpoint%3A{victim}"),
        format!("/portal/activity?q=app%3A{}", other.rsplit('/').next().unwrap()),
        "/portal/activity?q=app%3Aother".to_owned(),
    ] {
        let page = attacker.get(&path).await.text();
        assert!(!page.contains("/victim") && !page.contains(&message), "{path}: {page}");
    }
    assert_eq!(state(&client).await, before);
    let tasks = client.get("/api/v1/background-task").await.must(200);
    assert_eq!(tasks["data"], json!([]), "no task was begun");

    // Its owner does the same: so the requests were good ones.
    let owner = Customer::of(&server, &other).await;
    let named = |path: &str| path.replace("{endpoint}", &victim).replace("{message}", &message);
    for path in PAGES {
        assert_eq!(owner.get(&named(path)).await.status, 200, "{path}");
    }
    for (path, fields) in ACTS {
        let done = owner.post(&named(path), fields).await;
        // What has arrived cannot be given up.
        let expected: &[u16] = if path.ends_with("/skip") { &[303, 404] } else { &[200, 303] };
        assert!(expected.contains(&done.status), "{done}");
    }
}
