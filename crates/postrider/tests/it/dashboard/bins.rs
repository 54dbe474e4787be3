//! The page that lists request bins and makes one.

use serde_json::json;

use super::has;
use crate::sign_in::{first_admin, page, somebody};
use crate::support::Server;

#[tokio::test]
async fn a_bin_is_made_and_removed_from_its_page() {
    let server = Server::builder().set("bins.enabled", "true").start().await;
    let (admin, path) = (first_admin(&server).await, page(&server, "bins"));
    has(&admin.open(&path).await, &["No bins yet", "Make a bin"]);

    let made = admin.act(&path, &path, &[]).await;
    assert_eq!(made.status, 200, "{made}");
    let listed = server.client().get("/api/v1/bin").await.must(200)["data"].clone();
    let name = listed[0]["name"].as_str().unwrap();
    let links = made.all("href=\"").into_iter().filter(|link| link.contains("#key=bvk_"));
    let [link]: [String; 1] = links.collect::<Vec<_>>().try_into().unwrap();
    let (address, key) = link.split_once("#key=").unwrap();
    assert!(address.ends_with(&format!("/bin/{name}")), "{link}");
    let viewer = server.client().with_key(key);
    viewer.post(&format!("/bin/{name}"), json!({})).await.must(200);
    assert_eq!(viewer.get(&format!("/bin/{name}")).await.must(200)["requests"].as_array().unwrap().len(), 1);
    let shown = admin.open(&path).await;
    has(&shown, &[&format!("/bin/{name}")]);
    assert!(!shown.text().contains(key), "the key is shown once: {shown}");

    let eve = somebody(&server, "eve@example.com", "viewer").await;
    let theirs = eve.open(&path).await;
    assert!(theirs.status == 200 && !theirs.text().contains("Make a bin"), "{theirs}");
    let remove = format!("{path}/{name}/delete");
    for to in [&path, &remove] {
        assert_eq!(eve.act(&path, to, &[]).await.status, 403, "{to}");
    }
    let removed = admin.act(&path, &remove, &[]).await;
    assert_eq!((removed.status, removed.location()), (303, path.as_str()));
    assert_eq!(admin.act(&path, &remove, &[]).await.status, 404, "it is gone");
}

#[tokio::test]
async fn what_cannot_be_made_is_said_and_what_is_open_is_listed() {
    let server = Server::start().await;
    let (admin, path) = (first_admin(&server).await, page(&server, "bins"));
    has(&admin.open(&path).await, &["Bins are switched off", "enabled = true"]);
    assert_eq!(admin.act(&page(&server, "account"), &path, &[]).await.status, 409);

    let server = Server::builder().open_bins().start().await;
    let (admin, path) = (first_admin(&server).await, page(&server, "bins"));
    server.client().without_key().post("/bin/orders", json!({})).await.must(200);
    has(&admin.open(&path).await, &["Any name is a bin here", "href=\"/bin/orders\"", "1 request"]);
}
