//! Who may show the portal inside of their pages, and how it looks there.

use http::Method;
use serde_json::json;

use super::{Customer, exchange, form, key};
use crate::support::{Server, new_app};

#[tokio::test]
async fn only_named_sites_may_show_it() {
    for (origins, ancestors) in [
        ("", "frame-ancestors 'none'"),
        ("https://app.example, http://localhost:*", "frame-ancestors https://app.example http://localhost:*"),
    ] {
        let server = Server::builder().set("portal.origins", origins).start().await;
        let client = server.client();
        let app = new_app(&client, "own").await;
        let customer = Customer::of(&server, &app).await;
        for path in
            ["/portal", "/portal/endpoints", "/portal/nowhere", "/portal/session", "/portal/deliveries/a/b"]
        {
            let reply = customer.get(path).await;
            let policy = reply.header("content-security-policy");
            assert!(policy.ends_with(ancestors), "{path}: {policy}");
            assert!(!policy.contains("unsafe") && reply.headers.get("x-frame-options").is_none(), "{path}");
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        }
        let elsewhere = client.get("/sign-in").await;
        assert!(elsewhere.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(elsewhere.header("x-frame-options"), "DENY");

        for (host, told) in [("https://app.example", !origins.is_empty()), ("https://evil.example", false)] {
            let body = form(&[("key", &key(&client, &app, json!({})).await), ("host", host)]);
            let opened = client.ask(Method::POST, "/portal/open").body(body).send().await.must(200);
            assert_eq!(opened["host"] == host, told, "{opened}");
        }
    }
}

#[tokio::test]
async fn a_look_stays_from_page_to_page() {
    let server = Server::start().await;
    let client = server.client();
    let app = new_app(&client, "own").await;
    let look = "primaryColorLight=28bb93&darkMode=true&hideNavigation=true&noGutters=1&primaryColorDark=%22%3E%3Cscript%3E";
    let door = client.get(&format!("/portal?{look}")).await.text();
    assert!(door.contains("data-theme=\"dark\"") && door.contains("portal bare flush"), "{door}");
    let opened = exchange(&client, &key(&client, &app, json!({})).await, look).await;
    let cookies: Vec<_> =
        opened.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    let cookies: Vec<_> = cookies.iter().map(|one| one.split(';').next().unwrap()).collect();
    let nobody = client.without_key();
    let asking = nobody.ask(Method::GET, "/portal/endpoints").header("cookie", &cookies.join("; "));
    let page = asking.send().await.text();
    assert!(page.contains("data-theme=\"dark\"") && page.contains("portal bare flush"), "{page}");
    assert!(page.contains("/portal/theme.css?primaryColorLight=28bb93\""), "{page}");
    assert!(!page.contains("<nav aria-label=\"Pages\"") && !page.contains("<script>"), "{page}");
    let sheet = client.get("/portal/theme.css?primaryColorLight=28bb93").await;
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    assert!(sheet.text().contains("--accent: light-dark(#"), "{sheet}");
    let sheet =
        client.get("/portal/theme.css?primaryColorLight=red;}body{display:none&fontFamily=url(x)").await;
    assert_eq!(sheet.text(), ":root {\n}\n");
}

/// What embedders load must stay as small as it is promised.
#[tokio::test]
async fn the_script_for_embedders_is_small() {
    let server = Server::start().await;
    let script = server.client().without_key().get("/portal.js").await;
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert_eq!(script.header("cross-origin-resource-policy"), "cross-origin");
    assert!(script.body.len() <= 2_048, "{}", script.body.len());
}
