//! Payloads that are too large, too deep, or hold what other parsers stumble over.

use http::Method;

use crate::support::{Scene, Server, raw, state};

const LIMIT: usize = 1024 * 1024;

#[tokio::test]
async fn one_byte_too_many_is_413_with_and_without_a_length() {
    let scene = Scene::new().await;
    let before = state(&scene.client).await;
    let path = format!("{}/msg", scene.app);
    let around = r#"{"eventType":"t","payload":{"x":""}}"#.len();
    let body = format!(r#"{{"eventType":"t","payload":{{"x":"{}"}}}}"#, "x".repeat(LIMIT + 1 - around));
    assert_eq!(body.len(), LIMIT + 1);
    let told = scene.client.ask(Method::POST, &path).body(body.clone()).send().await;
    assert_eq!(told.must(413)["code"], "payload_too_large");

    let head = head(&scene, &path, "transfer-encoding: chunked");
    let chunked = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let told = raw(scene.server.address, chunked).await;
    assert!(told.starts_with("HTTP/1.1 413 ") && told.contains("payload_too_large"), "{told}");
    // Announced, but never sent.
    let told = raw(scene.server.address, head_with_length(&scene, &path, LIMIT + 1)).await;
    assert!(told.starts_with("HTTP/1.1 413 "), "{told}");
    assert_eq!(state(&scene.client).await, before);
}

#[tokio::test]
async fn the_limit_can_be_set() {
    let server = Server::builder().set("limits.body", "2KiB").start().await;
    let scene = Scene::with(server, serde_json::json!({})).await;
    let path = format!("{}/msg", scene.app);
    let body = |filler: usize| format!(r#"{{"eventType":"t","payload":{{"x":"{}"}}}}"#, "x".repeat(filler));
    scene.client.ask(Method::POST, &path).body(body(1_000)).send().await.must(202);
    scene.client.ask(Method::POST, &path).body(body(2_100)).send().await.must(413);
}

#[tokio::test]
async fn depth_bombs_are_refused_wherever_they_are() {
    let scene = Scene::new().await;
    let path = format!("{}/msg", scene.app);
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    for (body, expected) in [
        (
            format!(r#"{{"eventType":"t","payload":{}}}"#, nested(r#"{"a":"#, "}", 30).replace(":}", ":1}")),
            202,
        ),
        (format!(r#"{{"eventType":"t","payload":{{"a":{}}}}}"#, nested("[", "]", 63)), 202),
        (format!(r#"{{"eventType":"t","payload":{{"a":{}}}}}"#, nested("[", "]", 64)), 422),
        (format!(r#"{{"eventType":"t","payload":{{"a":{}}}}}"#, nested("[", "]", 400_000)), 422),
        (format!(r#"{{"eventType":"t","payload":{{"a":{}"#, "[".repeat(900_000)), 422),
        // A field that nobody reads is passed over, however deep it is.
        (format!(r#"{{"eventType":"t","payload":{{}},"unknown":{}}}"#, nested("[", "]", 400_000)), 202),
        (
            format!(
                r#"{{"eventType":"t","payload":{{}},"transformationsParams":{}}}"#,
                nested("[", "]", 400_000)
            ),
            422,
        ),
        (format!(r#"{{"eventType":"t","payload":{{}},"tags":{}}}"#, nested("[", "]", 400_000)), 422),
        ("[".repeat(1_000_000), 422),
        (r#"{"a":"#.repeat(200_000), 422),
    ] {
        let reply = scene.client.ask(Method::POST, &path).body(body.clone()).send().await;
        assert_eq!(reply.status, expected, "{}… {reply}", &body[..80.min(body.len())]);
    }
    let schemas = format!(
        r#"{{"name":"x","description":"","schemas":{}}}"#,
        nested(r#"{"a":"#, "}", 100_000).replace(":}", ":1}")
    );
    scene.client.ask(Method::POST, "/api/v1/event-type").body(schemas).send().await.must(422);
    let example = format!(r#"{{"eventType":"t","payload":{{"a":{}}}}}"#, nested("[", "]", 400_000));
    let example = scene.client.ask(Method::POST, &format!("{}/send-example", scene.endpoint)).body(example);
    example.send().await.must(422);
    scene.receiver.wait("/hook", 3).await;
    let messages = scene.client.get(&path).await.must(200);
    assert_eq!(messages["data"].as_array().unwrap().len(), 3, "only the good ones");
}

#[tokio::test]
async fn nul_and_lone_surrogates_in_a_payload_are_the_receivers_business() {
    let scene = Scene::new().await;
    let text = r#"{"nul":"a\u0000b","lone":"\ud800x","key\u0000":"\udfff"}"#;
    let body = format!(r#"{{"eventType":"t","payload":{text}}}"#);
    let reply = scene.client.ask(Method::POST, &format!("{}/msg", scene.app)).body(body).send().await;
    assert_eq!(reply.status, 202, "{reply}");
    assert_eq!(scene.receiver.wait("/hook", 1).await[0].body, text);
    let listed = scene.client.get(&format!("{}/msg", scene.app)).await;
    assert!(listed.text().contains(text), "{listed}");
    // Bytes that are not UTF-8 are not JSON.
    let body = [br#"{"eventType":"t","payload":{"x":""#.as_slice(), &[0xed, 0xa0, 0x80], br#""}}"#].concat();
    scene.client.ask(Method::POST, &format!("{}/msg", scene.app)).body(body).send().await.must(422);
}

fn head(scene: &Scene, path: &str, framing: &str) -> String {
    let key = crate::support::KEY;
    let host = scene.server.address;
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n{framing}\r\n\r\n"
    )
}

fn head_with_length(scene: &Scene, path: &str, length: usize) -> String {
    head(scene, path, &format!("content-length: {length}"))
}
