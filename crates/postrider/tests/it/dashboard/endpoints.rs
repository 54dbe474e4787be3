//! Endpoints: the list, each part of one, and what can be done with it.

use serde_json::json;

use super::{Desk, has, refused};

#[tokio::test]
async fn the_list_has_endpoints_of_all_applications_by_how_they_stand() {
    let desk = Desk::new().await;
    let other = crate::support::new_app(&desk.scene.client, "other").await;
    let url = desk.scene.receiver.url("/paused");
    crate::support::new_endpoint(&desk.scene.client, &other, &url, json!({"disabled": true})).await;
    let message = desk.scene.publish(1).await;
    desk.scene.status(&message, 0).await;
    let all = desk.open("endpoints").await;
    has(&all, &["/hook", "/paused", "scene", "other", "Active", "Paused", "100 %"]);
    let disabled = desk.open("endpoints?show=disabled").await.text();
    assert!(disabled.contains("/paused") && !disabled.contains("/hook"));
    has(&desk.open("endpoints?show=failing").await, &["None is failing"]);
}

#[tokio::test]
async fn a_long_list_goes_on_where_its_page_ended() {
    let desk = Desk::new().await;
    let mut made = vec![desk.scene.endpoint_id.clone()];
    for application in 0..3 {
        let app = crate::support::new_app(&desk.scene.client, &format!("app{application}")).await;
        for number in 0..13 {
            let url = desk.scene.receiver.url(&format!("/{application}-{number}"));
            made.push(crate::support::new_endpoint(&desk.scene.client, &app, &url, json!({})).await);
        }
    }
    let (mut path, mut seen) = (desk.path("endpoints"), Vec::new());
    for _ in 0..made.len() {
        let text = desk.admin.open(&path).await.text();
        seen.extend(text.split("class=\"row\" href=\"").skip(1).map(|rest| {
            let (link, _) = rest.split_once('"').unwrap();
            link.rsplit('/').next().unwrap().to_owned()
        }));
        let Some((_, rest)) = text.split_once("rel=\"next\" href=\"") else { break };
        path = rest.split_once('"').unwrap().0.replace("&amp;", "&");
    }
    assert_eq!(seen.len(), made.len(), "none twice: {seen:?}");
    seen.sort();
    made.sort();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn each_part_of_an_endpoint_is_shown_with_and_without_data() {
    let desk = Desk::new().await;
    has(
        &desk.open(&desk.endpoint("")).await,
        &["sent at once", "None of them went here.", "Recover what failed"],
    );
    has(&desk.open(&desk.endpoint("/deliveries")).await, &["None so far."]);
    has(&desk.open(&desk.endpoint("/test")).await, &["Send an example"]);
    let security = desk.open(&desk.endpoint("/security")).await;
    has(&security, &["Show the secret", "Set a header"]);
    assert!(!security.text().contains(&desk.scene.secret().await), "a secret is shown when asked for");
    has(&desk.open(&desk.endpoint("/settings")).await, &["name=\"retrySchedule\"", "To confirm, type"]);
    let message = desk.scene.publish(1).await;
    desk.scene.status(&message, 0).await;
    has(&desk.open(&desk.endpoint("")).await, &["Success rate", "1 delivered"]);
    has(&desk.open(&desk.endpoint("/deliveries")).await, &[&format!("/{message}/")]);
}

#[tokio::test]
async fn settings_are_saved_as_a_whole_or_refused_field_by_field() {
    let desk = Desk::new().await;
    let (settings, url) = (desk.endpoint("/settings"), desk.scene.receiver.url("/other"));
    let fields = [
        ("url", "ftp://nowhere"),
        ("eventTypes", "good not/good"),
        ("throttleRate", "0"),
        ("timeoutSeconds", "61"),
        ("description", "<b>kept</b>"),
    ];
    let shown = desk.act(&settings, &settings, &fields).await;
    refused(&shown, &["value=\"ftp://nowhere\"", "Entry 2", "Must be from 1 to 60.", "&lt;b&gt;kept"]);
    for (field, value) in [("throttleRate", "many"), ("retrySchedule", "soon"), ("metadata", "[]")] {
        refused(
            &desk.act(&settings, &settings, &[("url", &url), (field, value)]).await,
            &["class=\"wrong\""],
        );
    }
    let fields = [
        ("url", url.as_str()),
        ("eventTypes", "a.b, c"),
        ("throttleRate", "7"),
        ("ordering", "fifo"),
        ("retrySchedule", "0s 1m"),
        ("metadata", r#"{"team":"billing"}"#),
    ];
    let saved = desk.act(&settings, &settings, &fields).await;
    assert_eq!((saved.status, saved.location()), (303, desk.path(&desk.endpoint("")).as_str()), "{saved}");
    let endpoint = desk.scene.client.get(&desk.scene.endpoint).await.must(200);
    assert_eq!(endpoint["url"], json!(url));
    assert_eq!(endpoint["filterTypes"], json!(["a.b", "c"]));
    assert_eq!((&endpoint["throttleRate"], &endpoint["retrySchedule"]), (&json!(7), &json!([0, 60])));
    assert_eq!(endpoint["metadata"], json!({"team": "billing"}));
    has(&desk.open(&settings).await, &["value=\"0s 1m\"", "&quot;team&quot;"]);
    assert!(desk.audited().await.contains(&"endpoint.patch".to_owned()));
}

#[tokio::test]
async fn a_paused_endpoint_says_so_and_is_resumed() {
    let desk = Desk::new().await;
    let own = desk.endpoint("");
    desk.act(&own, &desk.endpoint("/pause"), &[]).await;
    has(&desk.open(&own).await, &["Somebody paused it", "Resume"]);
    desk.act(&own, &desk.endpoint("/resume"), &[]).await;
    let message = desk.scene.publish(1).await;
    desk.scene.status(&message, 0).await;
    has(&desk.open(&own).await, &["Active"]);
}

#[tokio::test]
async fn an_example_is_sent_and_leads_to_its_delivery() {
    let desk = Desk::new().await;
    let test = desk.endpoint("/test");
    for (event_type, payload, part) in [
        ("", "{}", "Must"),
        ("unknown", "", "There is no such event type."),
        ("t", "[1]", "Must be an object."),
        ("t", "{", "Must be JSON"),
    ] {
        refused(&desk.act(&test, &test, &[("eventType", event_type), ("payload", payload)]).await, &[part]);
    }
    let sent = desk.act(&test, &test, &[("eventType", "t"), ("payload", "{\"x\":1}")]).await;
    assert_eq!(sent.status, 303, "{sent}");
    assert_eq!(desk.scene.receiver.wait("/hook", 1).await[0].body, "{\"x\":1}");
    assert_eq!(desk.admin.open(sent.location()).await.status, 200);
}

#[tokio::test]
async fn the_secret_is_shown_once_and_replaced_with_an_overlap() {
    let desk = Desk::new().await;
    let (security, old) = (desk.endpoint("/security"), desk.scene.secret().await);
    let shown = desk.act(&security, &desk.endpoint("/secret"), &[]).await;
    assert!(shown.status == 200 && shown.text().contains(&old), "{shown}");
    refused(&desk.act(&security, &desk.endpoint("/rotate"), &[("key", "short")]).await, &["class=\"wrong\""]);
    let rotated = desk.act(&security, &desk.endpoint("/rotate"), &[("gracePeriodSeconds", "3600")]).await;
    let new = desk.scene.secret().await;
    assert!(new != old && rotated.text().contains(&new), "{rotated}");
    has(&rotated, &["A key from before still signs"]);
    let audited = desk.audited().await;
    assert!(
        ["endpoint.get_secret", "endpoint.rotate_secret"]
            .iter()
            .all(|action| audited.contains(&(*action).to_owned()))
    );
}

#[tokio::test]
async fn own_headers_are_set_withheld_and_removed() {
    let desk = Desk::new().await;
    let (security, headers) = (desk.endpoint("/security"), desk.endpoint("/headers"));
    for name in ["", "host", "not a name"] {
        refused(
            &desk.act(&security, &headers, &[("headers", name), ("value", "v")]).await,
            &["class=\"wrong\""],
        );
    }
    desk.act(&security, &headers, &[("headers", "X-Gate"), ("value", "let-me-in")]).await;
    let shown = desk.open(&security).await;
    assert!(shown.text().contains("x-gate") && !shown.text().contains("let-me-in"), "{shown}");
    desk.scene.publish(1).await;
    assert_eq!(desk.scene.receiver.wait("/hook", 1).await[0].header("x-gate"), "let-me-in");
    desk.act(&security, &headers, &[("remove", "x-gate")]).await;
    assert!(!desk.open(&security).await.text().contains("x-gate"));
}

#[tokio::test]
async fn what_failed_and_what_is_missing_is_replayed_as_a_task() {
    let desk = Desk::new().await;
    let own = desk.endpoint("");
    for act in ["/recover", "/replay-missing"] {
        let begun = desk.act(&own, &desk.endpoint(act), &[("since", "7d")]).await;
        assert!(begun.status == 303 && begun.location().contains("/replays/"), "{begun}");
    }
}

#[tokio::test]
async fn an_endpoint_is_made_and_deleted_by_its_host() {
    let desk = Desk::new().await;
    let new = format!("applications/{}/endpoints", desk.app_id());
    refused(&desk.act(&new, &new, &[("url", "")]).await, &["class=\"wrong\""]);
    let url = desk.scene.receiver.url("/made");
    let made = desk.act(&new, &new, &[("url", &url), ("uid", "mine")]).await;
    assert_eq!(made.status, 303, "{made}");
    refused(&desk.act(&new, &new, &[("url", &url), ("uid", "mine")]).await, &["has this uid"]);
    let path = made.location().to_owned();
    let (settings, delete) = (format!("{path}/settings"), format!("{path}/delete"));
    let shown = desk.admin.act(&settings, &delete, &[("confirm", "yes")]).await;
    refused(&shown, &["This is not what stands above."]);
    let gone = desk.admin.act(&settings, &delete, &[("confirm", "127.0.0.1")]).await;
    assert_eq!(gone.status, 303, "{gone}");
    assert_eq!(desk.admin.open(&path).await.status, 404);
}
