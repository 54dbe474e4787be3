//! Messages: the list, one of them, and a test message.

use serde_json::json;

use super::{Desk, has, refused};

#[tokio::test]
async fn the_list_shows_how_deliveries_stand_and_what_is_wrong_with_a_search() {
    let desk = Desk::new().await;
    has(&desk.open("messages").await, &["Nothing has been published yet", "messages?publish"]);
    let message = desk.scene.publish(1).await;
    desk.scene.status(&message, 0).await;
    let list = desk.open("messages").await;
    has(&list, &["1 delivered", &format!("/messages/{}/{message}", desk.app_id()), "scene"]);
    has(&desk.open("messages?q=type%3Aelsewhere").await, &["Nothing matches"]);
    has(
        &desk.open("messages?q=since%3Ayesterdayish").await,
        &["id=\"q-error\"", "value=\"since:yesterdayish\""],
    );
}

#[tokio::test]
async fn a_message_leads_to_its_deliveries_and_goes_where_it_did_not_go() {
    let desk = Desk::new().await;
    let message = desk.scene.publish(7).await;
    desk.scene.status(&message, 0).await;
    let later = desk.scene.add_endpoint("/later", json!({})).await;
    let rest = format!("messages/{}/{message}", desk.app_id());
    let shown = desk.open(&rest).await;
    let delivery = format!("/deliveries/{}/{message}/{}", desk.app_id(), desk.scene.endpoint_id);
    has(&shown, &[&delivery, "Delivered", "It was made after the message.", &format!("value=\"{later}\"")]);
    let sent = desk.act(&rest, &format!("{rest}/send"), &[("endpoint", &later)]).await;
    assert_eq!((sent.status, sent.location()), (303, desk.path(&rest).as_str()), "{sent}");
    assert_eq!(desk.scene.receiver.wait("/later", 1).await[0].body, r#"{"n":7}"#);
    assert!(!desk.open(&rest).await.text().contains("that it did not go to"));
    assert!(desk.audited().await.contains(&"message_attempt.resend".to_owned()));
}

#[tokio::test]
async fn a_test_message_is_published_as_it_was_typed() {
    let desk = Desk::new().await;
    let (form, list) = (format!("messages?publish={}", desk.app_id()), "messages");
    has(&desk.open(&form).await, &[&format!("value=\"{}\"", desk.app_id()), "<textarea"]);
    for (app, event_type, payload, part) in [
        ("nobody", "t", "{}", "There is no application with this id or uid."),
        (desk.app_id(), "not a name", "{}", "May have only"),
        (desk.app_id(), "t", "[1]", "Must be an object."),
        (desk.app_id(), "t", "{\"a\":", "Must be JSON"),
    ] {
        let fields = [("app", app), ("eventType", event_type), ("payload", payload)];
        let shown = desk.act(&form, list, &fields).await;
        refused(&shown, &[part, &format!("value=\"{app}\"")]);
    }
    let fields = [("app", desk.app_id()), ("eventType", "t"), ("payload", "{\r\n  \"a\": 1\r\n}")];
    let sent = desk.act(&form, list, &fields).await;
    assert!(sent.status == 303 && sent.location().contains("/messages/app_"), "{sent}");
    assert_eq!(desk.scene.receiver.wait("/hook", 1).await[0].body, "{\n  \"a\": 1\n}");
    assert!(desk.audited().await.contains(&"message.create".to_owned()));
}
