//! The page: what it shows, finds and compares.

use http::Method;
use serde_json::json;

use super::{open, page, requests, send, token};

#[tokio::test]
async fn a_browser_gets_the_page_and_everybody_else_json() {
    let (_server, client) = open().await;
    let empty = page(&client, "/bin/a").await;
    assert!(empty.header("content-type").starts_with("text/html"), "{empty}");
    assert!(empty.text().contains("Nothing has come yet") && empty.text().contains("/bin/a/orders"));
    assert_eq!(client.get("/bin/a").await.must(200), json!({"name": "a", "requests": []}));
    client.post("/bin/a/orders?shop=7&x=%20", json!({"id": 1})).await.must(200);
    let shown = page(&client, "/bin/a").await.text();
    for part in [
        "/orders?shop=7",
        "&quot;id&quot;: 1",
        "1 of 100 requests",
        "32 MiB",
        "the oldest leave first",
        "<th scope=\"row\">shop</th>",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn requests_are_found_noted_compared_and_removed() {
    let (_server, client) = open().await;
    for (path, amount) in [("one", 1), ("two", 2)] {
        client.post(&format!("/bin/a/{path}"), json!({"amount": amount, "kind": "same"})).await.must(200);
    }
    let all = requests(&client, "a").await;
    let [second, first] = [0, 1].map(|index: usize| all[index]["id"].as_str().unwrap().to_owned());
    let found = page(&client, "/bin/a?q=AMOUNT%22%3A2").await.text();
    assert!(
        found.contains("1 of 2 match") && !found.contains(&format!("data-number=\"{first}\"")),
        "{found}"
    );

    let compared = page(&client, &format!("/bin/a?r={second}&with={first}")).await.text();
    for line in [
        "<span class=\"first\">− POST /bin/a/one",
        "<span class=\"second\">+   &quot;amount&quot;: 2,",
        "<span class=\"both\">",
    ] {
        assert!(compared.contains(line), "{line}: {compared}");
    }
    let token = token(&client, "a").await;
    let note = [("token", token.as_str()), ("request", first.as_str()), ("note", "the first of all")];
    send(&client, "/bin/a/-/note", &note).await.must(303);
    assert_eq!(requests(&client, "a").await[1]["note"], "the first of all");
    assert!(page(&client, "/bin/a?q=first+of").await.text().contains("1 of 2 match"));

    send(&client, "/bin/a/-/delete", &note).await.must(303);
    assert_eq!(requests(&client, "a").await.len(), 1);
    assert!(page(&client, &format!("/bin/a?r={first}")).await.text().contains("This request is gone"));
    send(&client, "/bin/a/-/clear", &[("token", token.as_str())]).await.must(303);
    assert_eq!(requests(&client, "a").await.len(), 0);
}

#[tokio::test]
async fn forms_and_bytes_are_decoded() {
    let (_server, client) = open().await;
    let form = client.ask(Method::POST, "/bin/a").header("content-type", "application/x-www-form-urlencoded");
    form.body("payload=%7B%22a%22%3A1%7D&empty=").send().await.must(200);
    let shown = page(&client, "/bin/a").await.text();
    assert!(shown.contains("Form fields") && shown.contains("{&quot;a&quot;:1}"), "{shown}");
    client
        .ask(Method::POST, "/bin/a")
        .header("content-type", "image/png")
        .body(vec![0x89, b'P'])
        .send()
        .await;
    let number = super::newest(&client, "a").await;
    assert!(page(&client, "/bin/a").await.text().contains("no UTF-8 text"));
    let hex = page(&client, &format!("/bin/a?r={number}&view=hex")).await.text();
    assert!(hex.contains("00000000  89 50 "), "{hex}");
}
