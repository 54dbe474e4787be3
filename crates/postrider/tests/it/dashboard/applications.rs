//! Applications: the list, one of them, and its portal.

use super::{Desk, has, refused};

#[tokio::test]
async fn applications_are_listed_made_and_changed() {
    let desk = Desk::new().await;
    has(&desk.open("applications").await, &["scene", desk.app_id(), "applications?new"]);
    let (new, list) = ("applications?new", "applications");
    for (name, uid, rate) in [("", "", ""), ("n", "not a uid", ""), ("n", "", "none"), ("n", "", "0")] {
        let fields = [("name", name), ("uid", uid), ("throttleRate", rate)];
        refused(&desk.act(new, list, &fields).await, &["class=\"wrong\""]);
    }
    let made = desk
        .act(new, list, &[("name", "<Acme>"), ("uid", "acme"), ("metadata", r#"{"plan":"large"}"#)])
        .await;
    assert_eq!(made.status, 303, "{made}");
    refused(
        &desk.act(new, list, &[("name", "Other"), ("uid", "acme")]).await,
        &["Another application has this uid."],
    );
    has(
        &desk.open("applications/acme").await,
        &["&lt;Acme&gt;", "None yet", "None so far.", "plan", "large"],
    );
    let settings = "applications/acme/settings";
    has(&desk.open(settings).await, &["value=\"acme\""]);
    let saved =
        desk.act(settings, settings, &[("name", "Acme"), ("uid", "acme"), ("throttleRate", "9")]).await;
    assert_eq!(saved.status, 303, "{saved}");
    has(&desk.open("applications/acme").await, &["9 deliveries a second"]);
    let shown = desk.act(settings, "applications/acme/delete", &[("confirm", "acme")]).await;
    refused(&shown, &["This is not what stands above."]);
    let gone = desk.act(settings, "applications/acme/delete", &[("confirm", "Acme")]).await;
    assert_eq!(gone.status, 303, "{gone}");
    assert_eq!(desk.admin.open(&desk.path("applications/acme")).await.status, 404);
    let audited = desk.audited().await;
    for action in ["application.create", "application.patch", "application.delete"] {
        assert!(audited.contains(&action.to_owned()), "{action} in {audited:?}");
    }
}

#[tokio::test]
async fn an_application_shows_its_endpoints_and_what_went_there() {
    let desk = Desk::new().await;
    let message = desk.scene.publish(1).await;
    desk.scene.status(&message, 0).await;
    let shown = desk.open(&format!("applications/{}", desk.app_id())).await;
    has(&shown, &["/hook", &format!("/{message}/"), "Open its portal"]);
}

#[tokio::test]
async fn its_portal_is_opened_with_a_link_of_this_server() {
    let desk = Desk::new().await;
    let own = format!("applications/{}", desk.app_id());
    let opened = desk.act(&own, &format!("{own}/portal"), &[]).await;
    assert!(opened.status == 303 && opened.location().starts_with("/portal#key="), "{opened}");
    assert!(desk.audited().await.contains(&"authentication.app_portal_access".to_owned()));
}
