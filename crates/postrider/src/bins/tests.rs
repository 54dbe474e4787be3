//! The face over bins of its own, without a server.

use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::context::fixture::Fixture;

struct Face {
    router: Router,
    fixture: Fixture,
}

async fn face() -> Face {
    let fixture = Fixture::open_bins().await;
    let pages = crate::ui::assets::router();
    let router = router(Arc::clone(&fixture.context)).merge(pages);
    Face { router, fixture }
}

impl Face {
    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        let bytes = self.ask("GET", path, &[], "").await.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    async fn page(&self, path: &str) -> (u16, String) {
        let response = self.ask("GET", path, &[("accept", "text/html,*/*")], "").await;
        let status = response.status().as_u16();
        (status, text(response).await)
    }
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn what_was_sent_is_shown_newest_first() {
    let face = face().await;
    assert_eq!(face.ask("POST", "/bin/a", &[("x-test", "1")], "first").await.status(), 200);
    assert_eq!(face.ask("DELETE", "/bin/a/below?x=1", &[("x-test", "1")], "second").await.status(), 200);
    assert_eq!(face.ask("GET", "/bin/a/below", &[], "").await.status(), 200);
    let shown = face.json("/bin/a").await;
    assert_eq!(shown["requests"].as_array().unwrap().len(), 3, "a GET below the address is kept too");
    let second = &shown["requests"][1];
    assert_eq!((&second["method"], &second["path"]), (&json!("DELETE"), &json!("/bin/a/below?x=1")));
    assert!(second["headers"].as_array().unwrap().contains(&json!(["x-test", "1"])));
    assert_eq!(second["receivedAt"], "2027-01-15T08:00:00.000000Z");
    assert_eq!(shown["requests"][2]["body"], "first");
    assert_eq!(face.json("/bin/b").await["requests"], json!([]));
    assert_eq!(face.ask("POST", "/bin/a.b", &[], "").await.status(), 404);
}

#[tokio::test]
async fn a_large_body_is_cut_and_says_so() {
    let face = face().await;
    let keep = face.fixture.context.bins.settings().body_bytes;
    face.ask("POST", "/bin/a", &[], "x".repeat(keep + 5)).await;
    let shown = face.json("/bin/a").await;
    assert_eq!(shown["requests"][0]["body"].as_str().unwrap().len(), keep);
    assert_eq!(
        (&shown["requests"][0]["bodyBytes"], &shown["requests"][0]["cut"]),
        (&json!(keep + 5), &json!(true))
    );
    let (_, page) = face.page("/bin/a").await;
    assert!(page.contains("The first 256 KiB of 256.0 KiB are kept."), "{page}");
    assert!(page.contains("Download all bytes"), "the view is cut, too");
}

#[tokio::test]
async fn a_script_may_take_a_get_of_the_address_but_not_that_of_a_browser() {
    let face = face().await;
    let script = json!({"steps": [{"status": 418}], "captureGet": true}).to_string();
    assert_eq!(face.ask("PUT", "/bin/a/script", &[], script).await.status(), 200);
    assert_eq!(face.ask("GET", "/bin/a", &[], "").await.status(), 418);
    assert_eq!(face.page("/bin/a").await.0, 200);
    assert_eq!(face.json("/bin/a/-/requests").await["requests"].as_array().unwrap().len(), 1);
    assert_eq!(face.ask("DELETE", "/bin/a/script", &[], "").await.status(), 200);
    assert_eq!(face.json("/bin/a").await["requests"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_export_has_a_place_as_long_as_it_is_read() {
    let face = face().await;
    face.ask("POST", "/bin/a", &[], "x").await;
    face.ask("POST", "/bin/a", &[], "y").await;
    let export = async |form: &str| face.ask("GET", &format!("/bin/a/-/export/{form}"), &[], "").await;
    let (first, second) = (export("har").await, export("json").await);
    let third = export("curl").await;
    assert_eq!([first.status(), second.status(), third.status()].map(|one| one.as_u16()), [200, 200, 503]);
    let all: Value = serde_json::from_str(&text(second).await).unwrap();
    assert_eq!(all, face.json("/bin/a").await);
    drop(first);
    for _ in 0..3 {
        assert_eq!(export("curl").await.status(), 200);
        assert_eq!(export("nonsense").await.status(), 404);
    }
}

#[tokio::test]
async fn a_viewers_key_is_in_no_request() {
    let face = face().await;
    let headers = [("cookie", "a=b; bin_key=bvk_c"), ("authorization", "Bearer bvk_d")];
    face.ask("POST", "/bin/a", &headers, "").await;
    let shown = face.json("/bin/a").await["requests"][0]["headers"].to_string();
    assert!(shown.contains("a=b") && !shown.contains("bvk_"), "{shown}");
}

#[tokio::test]
async fn a_page_is_held_to_its_policy_and_its_files_are_there() {
    let face = face().await;
    let response = face.ask("GET", "/bin/a", &[("accept", "text/html")], "").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    let page = text(response).await;
    assert!(!page.contains("style=") && !page.contains("<script>") && !page.contains(" onclick"), "{page}");
    let paths: Vec<_> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(paths.iter().any(|path| path.ends_with("/bin.js")), "{paths:?}");
    for path in paths {
        let response = face.ask("GET", path, &[], "").await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    }
    assert_eq!(face.ask("GET", "/assets/0000000000000000/postrider.css", &[], "").await.status(), 404);
}

#[tokio::test]
async fn open_bins_send_nothing_on_for_other_machines() {
    let face = face().await;
    face.ask("POST", "/bin/a", &[], "x").await;
    let (_, page) = face.page("/bin/a").await;
    let token = page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let number = face.json("/bin/a").await["requests"][0]["id"].as_str().unwrap().to_owned();
    let form = format!("token={token}&request={number}&method=POST&url=http%3A%2F%2F10.0.0.1%2F");
    for (address, told) in [
        ("192.0.2.7", "browsers of the same machine"),
        ("127.0.0.1", "does not lead to a public address"),
        ("::ffff:127.0.0.1", "does not lead to a public address"),
    ] {
        let peer = crate::server::Peer(address.parse().unwrap());
        let request = Request::builder().method("POST").uri("/bin/a/-/replay").extension(peer);
        let request = request.body(Body::from(form.clone())).unwrap();
        let page = text(face.router.clone().oneshot(request).await.unwrap()).await;
        assert!(page.contains(told), "{address}: {page}");
    }
}
