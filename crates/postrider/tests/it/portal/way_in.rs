//! The way in, and out.

use http::Method;
use serde_json::json;

use super::{Customer, exchange, form, key};
use crate::support::{Server, new_app};

#[tokio::test]
async fn a_key_opens_one_session() {
    let server = Server::start().await;
    let client = server.client();
    let app = new_app(&client, "own").await;
    let key = key(&client, &app, json!({})).await;
    let nobody = client.without_key();
    for site in ["cross-site", "same-site"] {
        let asking = nobody.ask(Method::POST, "/portal/open").header("sec-fetch-site", site);
        assert_eq!(asking.body(form(&[("key", &key)])).send().await.status, 403, "{site}");
    }
    let opened = exchange(&client, &key, "next=/activity").await;
    assert_eq!(opened.json()["next"], "/portal/activity");
    let token = opened.json()["token"].as_str().unwrap().to_owned();
    let again = exchange(&client, &key, "").await;
    assert!(again.status == 401 && again.headers.get("set-cookie").is_none(), "{again}");

    let cookies: Vec<_> =
        opened.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    let session = cookies.iter().find(|one| one.starts_with("postrider-portal=")).unwrap();
    let (_, attributes) = session.split_once("; Path=/portal; Max-Age=").unwrap();
    let (lasts, rest) = attributes.split_once("; ").unwrap();
    assert!((1..=604_800).contains(&lasts.parse::<u64>().unwrap()), "{session}");
    assert_eq!(rest, "HttpOnly; SameSite=Lax");
    let cookie = session.split(';').next().unwrap();
    for (name, value, open) in [
        ("cookie", cookie, true),
        ("authorization", &*format!("Bearer {token}"), true),
        ("cookie", "postrider-portal=prk_nothing", false),
        ("cookie", "", false),
    ] {
        let asked = nobody.ask(Method::GET, "/portal/session").header(name, value).send().await;
        assert_eq!(asked.must(200), json!({ "open": open }), "{name}: {value}");
        let page = nobody.ask(Method::GET, "/portal/endpoints").header(name, value).send().await;
        assert_eq!(page.status, if open { 200 } else { 401 }, "{page}");
    }
}

#[tokio::test]
async fn with_tls_the_cookie_is_for_pages_inside_of_others() {
    let server = Server::builder().set("public_url", "https://hooks.example.com").start().await;
    let client = server.client();
    let app = new_app(&client, "own").await;
    let opened = exchange(&client, &key(&client, &app, json!({"expiry": 3_600})).await, "").await;
    let mut cookies = opened.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap());
    let session = cookies.find(|one| one.starts_with("__Host-postrider-portal=")).unwrap();
    assert!(session.contains("; Path=/; Max-Age="), "{session}");
    assert!(session.ends_with("; HttpOnly; Secure; SameSite=None; Partitioned"), "{session}");
}

/// A cookie comes with requests that a page elsewhere has caused, too; the forms' token does not.
#[tokio::test]
async fn forms_from_elsewhere_do_nothing() {
    let server = Server::start().await;
    let client = server.client();
    let app = new_app(&client, "own").await;
    let customer = Customer::of(&server, &app).await;
    let body = form(&[("url", "http://127.0.0.1:1099/"), ("csrf", &customer.csrf)]);
    let other = Customer::of(&server, &app).await;
    for (site, body) in [
        ("cross-site", body.clone()),
        ("same-origin", form(&[("url", "http://127.0.0.1:1099/")])),
        ("same-origin", form(&[("url", "http://127.0.0.1:1099/"), ("csrf", &other.csrf)])),
    ] {
        let asking = customer.client.ask(Method::POST, "/portal/endpoints").header("sec-fetch-site", site);
        assert_eq!(asking.body(body).send().await.status, 403);
    }
    assert_eq!(client.get(&format!("{app}/endpoint")).await.must(200)["data"], json!([]));
}

#[tokio::test]
async fn whoever_leaves_is_out() {
    let server = Server::start().await;
    let app = new_app(&server.client(), "own").await;
    let customer = Customer::of(&server, &app).await;
    let left = customer.post("/portal/logout", &[]).await;
    assert_eq!(left.status, 401, "the page says so: {left}");
    assert!(left.header("set-cookie").contains("Max-Age=0"), "{left}");
    assert_eq!(customer.get("/portal/endpoints").await.status, 401);
    let expired = Customer::of(&server, &app).await;
    let all = app.replace("/app/", "/auth/app/") + "/expire-all";
    server.client().post(&all, json!({})).await.must(204);
    let page = expired.get("/portal/endpoints").await;
    assert!(page.status == 401 && page.text().contains("data-kind=\"ended\""), "{page}");
}
