//! Bins of a server that others reach: made with an API key, read with another.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::page;
use crate::support::Server;

async fn keyed() -> Server {
    Server::builder().set("bins.enabled", "true").start().await
}

#[tokio::test]
async fn who_may_send_may_not_read() {
    let server = keyed().await;
    let (api, anybody) = (server.client(), server.client().without_key());
    anybody.post("/api/v1/bin", json!({})).await.must(401);
    let made = api.post("/api/v1/bin", json!({})).await.must(201);
    let (name, key) = (made["name"].as_str().unwrap(), made["viewKey"].as_str().unwrap());
    let base = format!("/bin/{name}");
    assert!(made["url"].as_str().unwrap().ends_with(&base));
    assert_eq!(made["viewUrl"], format!("{}#key={key}", made["url"].as_str().unwrap()));

    anybody.post(&base, json!({"secret": "of the sender"})).await.must(200);
    anybody.post("/bin/sample", json!({})).await.must(404);
    for path in [&base, &format!("{base}/live"), &format!("{base}/script"), &format!("{base}/-/export/json")]
    {
        for client in [&anybody, &anybody.with_key("bvk_wrong"), &api] {
            let reply = client.get(path).await;
            assert!(reply.status == 401 && !reply.text().contains("sender"), "{reply}");
        }
    }
    anybody.put(&format!("{base}/script"), json!({"steps": [{"status": 500}]})).await.must(401);
    let viewer = anybody.with_key(key);
    assert_eq!(viewer.get(&base).await.must(200)["requests"].as_array().unwrap().len(), 1);
    viewer.put(&format!("{base}/script"), json!({"steps": [{"status": 500}]})).await.must(200);
    anybody.post(&base, json!({})).await.must(500);

    assert_eq!(api.get("/api/v1/bin").await.must(200)["data"][0]["name"], name);
    api.delete(&format!("/api/v1{base}")).await.must(204);
    api.delete(&format!("/api/v1{base}")).await.must(404);
    anybody.post(&base, json!({})).await.must(404);
    viewer.get(&base).await.must(404);
}

#[tokio::test]
async fn the_page_takes_the_key_once_and_remembers_it() {
    let server = keyed().await;
    let anybody = server.client().without_key();
    let made = server.client().post("/api/v1/bin", json!({})).await.must(201);
    let (name, key) = (made["name"].as_str().unwrap(), made["viewKey"].as_str().unwrap());
    let base = format!("/bin/{name}");
    let locked = page(&anybody, &base).await;
    assert!(locked.status == 401 && locked.text().contains("View key"), "{locked}");
    let wrong = super::send(&anybody, &format!("{base}/-/open"), &[("key", "bvk_wrong")]).await;
    assert!(wrong.status == 401 && wrong.header("set-cookie").is_empty(), "{wrong}");
    let opened = super::send(&anybody, &format!("{base}/-/open"), &[("key", key)]).await;
    assert_eq!((opened.status, opened.header("location")), (303, base.as_str()));
    let cookie = opened.header("set-cookie").to_owned();
    for rule in ["HttpOnly", "SameSite=Strict", &format!("Path={base}")] {
        assert!(cookie.contains(rule), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    let page =
        anybody.ask(Method::GET, &base).header("accept", "text/html").header("cookie", pair).send().await;
    assert!(page.status == 200 && page.text().contains("Nothing has come yet"), "{page}");
    assert!(!page.text().contains(key), "the key is in no page");
    let another = server.client().post("/api/v1/bin", json!({})).await.must(201);
    let other = format!("/bin/{}", another["name"].as_str().unwrap());
    let reply = anybody.ask(Method::GET, &other).header("cookie", pair).send().await;
    assert_eq!(reply.status, 401, "one bin's key opens no other");
}

#[tokio::test]
async fn bins_end_with_their_age_and_are_off_unless_switched_on() {
    let server = Server::builder().set("bins.enabled", "true").set("bins.max_age", "1h").start().await;
    let made = server.client().post("/api/v1/bin", json!({})).await.must(201);
    let base = format!("/bin/{}", made["name"].as_str().unwrap());
    server.clock.advance(Duration::from_secs(3_601));
    server.client().post(&base, json!({})).await.must(404);
    assert_eq!(server.client().get("/api/v1/bin").await.must(200)["data"], json!([]));

    let without = Server::start().await;
    let refused = without.client().post("/api/v1/bin", json!({})).await.must(409);
    assert_eq!(refused["code"], "bins_disabled");
    assert_eq!(without.client().post("/bin/a", json!({})).await.status, 404);
    assert_eq!(without.client().get("/assets/x/postrider.css").await.status, 404);
}
