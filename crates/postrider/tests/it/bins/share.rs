//! Links that are shared: they read, for a while, and change nothing.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{newest, open, page, requests, send, token};
use crate::support::Client;

/// Makes a link, and gives its path.
async fn share(client: &Client) -> String {
    let token = token(client, "a").await;
    send(client, "/bin/a/-/share", &[("token", &token), ("hours", "1")]).await.must(303);
    let page = page(client, "/bin/a").await.text();
    let (_, rest) = page.split_once("href=\"/bin/shared/").expect("the page has the link");
    format!("/bin/shared/{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn a_link_reads_and_cannot_act() {
    let (_server, client) = open().await;
    client.post("/bin/a", json!({"n": 1})).await.must(200);
    let (link, number, token) = (share(&client).await, newest(&client, "a").await, token(&client, "a").await);
    assert!(link.len() >= "/bin/shared/".len() + 22, "128 random bits: {link}");
    let shown = page(&client, &link).await;
    assert_eq!(shown.status, 200);
    let shown = shown.text();
    assert!(shown.contains("read-only until") && shown.contains("&quot;n&quot;: 1"), "{shown}");
    assert!(
        !shown.contains("name=\"token\"") && !shown.contains("/-/replay") && !shown.contains("/-/delete")
    );
    assert!(!shown.contains(&link.replace("/bin/shared/", "\"link\" value=\"")), "nor the links");
    assert_eq!(client.get(&link).await.must(200)["requests"][0]["body"], "{\"n\":1}");
    assert_eq!(client.get(&format!("{link}/-/requests/{number}/raw")).await.text(), "{\"n\":1}");
    client.get(&format!("{link}/-/export/har")).await.must(200);

    for act in ["replay", "script", "share", "unshare", "note", "delete", "clear"] {
        let fields =
            [("token", token.as_str()), ("request", number.as_str()), ("url", "http://127.0.0.1:1/")];
        let reply = send(&client, &format!("{link}/-/{act}"), &fields).await;
        assert_eq!(reply.json()["code"], "read_only", "{act}: {reply}");
    }
    client.put(&format!("{link}/script"), json!({"steps": []})).await.must(403);
    client.delete(&format!("{link}/script")).await.must(403);
    client.post(&link, json!({"n": 2})).await.must(404);
    assert_eq!(requests(&client, "a").await.len(), 1, "nothing has changed");
    let fields = [("request", number.as_str()), ("preset", "github"), ("secret", "x")];
    let checked = send(&client, &format!("{link}/-/verify"), &fields).await;
    assert!(checked.status == 200 && checked.text().contains("failed"), "a check keeps nothing: {checked}");
}

#[tokio::test]
async fn a_link_ends_by_its_time_and_by_hand() {
    let (server, client) = open().await;
    let link = share(&client).await;
    client.get(&link).await.must(200);
    server.clock.advance(Duration::from_secs(3_601));
    client.get(&link).await.must(404);
    assert_eq!(page(&client, &link).await.status, 404);

    let link = share(&client).await;
    let token = token(&client, "a").await;
    let last = link.strip_prefix("/bin/shared/").unwrap();
    send(&client, "/bin/a/-/unshare", &[("token", &token), ("link", last)]).await.must(303);
    client.get(&link).await.must(404);
    client.get("/bin/shared/nonsense").await.must(404);
    client.ask(Method::GET, "/bin/shared").send().await.must(404);
}
