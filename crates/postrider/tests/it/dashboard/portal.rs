//! The portal's page: its colours, what is copied from it, and the preview.

use super::{Desk, has};
use crate::sign_in::somebody;

#[tokio::test]
async fn a_look_is_judged_and_stands_in_what_is_copied() {
    let desk = Desk::new().await;
    let shown = desk.open("portal").await;
    has(
        &shown,
        &["/api/v1/auth/app-portal-access/customer-42", "/portal.js", "Sites that may show it", "None:"],
    );
    let shown = desk.open("portal?primaryColorLight=ffff00&darkMode=true&fontFamily=georgia").await;
    has(&shown, &["too faint to read", "fine for any text", "#ffff00", "instead of", "as it is"]);
    has(&shown, &["primaryColorLight: &quot;ffff00&quot;", "fontFamily: &quot;Georgia&quot;"]);
    let policy = |shown: &crate::sign_in::Shown| shown.header("content-security-policy").to_owned();
    assert!(policy(&shown).ends_with("; frame-src 'self'"), "{}", policy(&shown));
    assert!(policy(&shown).contains("frame-ancestors 'none'"), "nobody shows this page inside of theirs");
    assert!(!policy(&desk.open("overview").await).contains("frame-src"), "no other page has frames");
}

#[tokio::test]
async fn a_preview_looks_and_does_no_more() {
    let desk = Desk::new().await;
    let app = desk.app_id();
    let fields = [("app", app), ("primaryColorLight", "28bb93"), ("width", "mobile")];
    let shown = desk.act("portal", "portal/preview", &fields).await;
    assert_eq!(shown.status, 200, "{shown}");
    has(&shown, &["class=\"preview mobile\""]);
    let frame = shown.all("<iframe class=\"preview mobile\" src=\"").remove(0).replace("&amp;", "&");
    let (address, key) = frame.split_once("#key=").unwrap();
    assert_eq!(address, "/portal?primaryColorLight=28bb93&preview=true");
    assert_eq!(desk.audited().await[0], "authentication.app_portal_access");

    let ancestors = async |path: &str| {
        let reply = desk.admin.open(path).await;
        let policy = reply.header("content-security-policy").to_owned();
        policy.rsplit_once("frame-ancestors ").unwrap().1.to_owned()
    };
    assert_eq!(ancestors(address).await, "'self'", "the door");
    assert_eq!(ancestors("/portal").await, "'none'", "any other door");
    let look = address.split_once('?').unwrap().1;
    let opened = desk.admin.send("/portal/open", &[("key", key), ("look", look)]).await;
    assert_eq!(opened.status, 200, "{opened}");
    assert_eq!(ancestors("/portal/endpoints").await, "'self'", "what is behind it");
    let endpoints = desk.admin.open("/portal/endpoints").await;
    has(&endpoints, &["/hook", "primaryColorLight=28bb93"]);
    let made =
        desk.admin.act("/portal/endpoints", "/portal/endpoints", &[("url", "https://a.example/other")]).await;
    assert_eq!(made.status, 403, "{made}");
}

#[tokio::test]
async fn a_preview_takes_the_right_and_an_application() {
    let desk = Desk::new().await;
    let missing = desk.act("portal", "portal/preview", &[("app", "nobody")]).await;
    assert_eq!(missing.status, 404, "{missing}");
    let viewer = somebody(&desk.scene.server, "eve@example.com", "viewer").await;
    let theirs = viewer.open(&desk.path("portal")).await;
    assert!(theirs.status == 200 && !theirs.text().contains("Show the preview"), "{theirs}");
    let fields = [("app", desk.app_id())];
    let refused = viewer.act(&desk.path("portal"), &desk.path("portal/preview"), &fields).await;
    assert_eq!(refused.status, 403, "{refused}");
}
