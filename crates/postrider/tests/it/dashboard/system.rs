//! The page of the server.

use super::has;
use crate::sign_in::{first_admin, page, somebody};
use crate::support::Server;

#[tokio::test]
async fn what_is_set_is_for_admins_and_shows_no_secret() {
    let server = Server::builder()
        .set("metrics.token", "hush-hush-hush-hush")
        .set("portal.origins", "https://app.example")
        .start()
        .await;
    let (admin, path) = (first_admin(&server).await, page(&server, "system"));
    let shown = admin.open(&path).await;
    has(&shown, &["What was looked at", "wait for their first attempt", "Configuration"]);
    has(&shown, &["metrics.token", "portal.origins", "https://app.example", "store.queue_bytes"]);
    assert!(!shown.text().contains("hush"), "{shown}");
    let eve = somebody(&server, "eve@example.com", "viewer").await;
    let theirs = eve.open(&path).await;
    assert!(theirs.status == 200 && !theirs.text().contains("metrics.token"), "{theirs}");
}
