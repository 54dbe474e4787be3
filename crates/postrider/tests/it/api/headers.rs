//! Custom headers of endpoints.

use serde_json::json;

use crate::support::Scene;

#[tokio::test]
async fn headers_are_set_patched_sent_and_withheld_where_sensitive() {
    let scene = Scene::endpoint(json!({"headers": {"X-First": "1"}})).await;
    let path = format!("{}/headers", scene.endpoint);
    let read = scene.client.get(&path).await.must(200);
    assert_eq!(read, json!({"headers": {"x-first": "1"}, "sensitive": []}));

    let set =
        json!({"headers": {"X-Plain": "two words", "Authorization": "Bearer hush", "x-api-key": "hush"}});
    assert_eq!(scene.client.put(&path, set).await.must(204), json!(null));
    let read = scene.client.get(&path).await;
    assert!(!read.text().contains("hush"), "{read}");
    assert_eq!(read.must(200)["headers"], json!({"x-plain": "two words"}), "the first one is gone");
    assert_eq!(read.must(200)["sensitive"], json!(["authorization", "x-api-key"]));

    let changes = json!({"headers": {"x-new": "murmur"}, "deleteHeaders": ["X-Plain"]});
    scene.client.patch(&path, changes).await.must(204);
    let read = scene.client.get(&path).await.must(200);
    assert_eq!(read, json!({"headers": {"x-new": "murmur"}, "sensitive": ["authorization", "x-api-key"]}));

    let message = scene.publish(1).await;
    let request = &scene.receiver.wait("/hook", 1).await[0];
    let values =
        ["x-new", "authorization", "x-api-key", "x-plain", "x-first"].map(|name| request.header(name));
    assert_eq!(values, ["murmur", "Bearer hush", "hush", "", ""]);
    let attempt = &scene.attempts(&message, 1).await[0];
    for secret in ["hush", "murmur"] {
        assert!(!attempt.to_string().contains(secret), "what is sealed is not recorded in clear: {attempt}");
    }
}

#[tokio::test]
async fn headers_that_frame_or_sign_are_refused_and_change_nothing() {
    let scene = Scene::endpoint(json!({"headers": {"x-first": "1"}})).await;
    let path = format!("{}/headers", scene.endpoint);
    for (name, value) in [
        ("host", "elsewhere"),
        ("Content-Length", "7"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("content-type", "text/plain"),
        ("webhook-signature", "v1,forged"),
        ("Svix-Id", "forged"),
        ("proxy-authorization", "x"),
        ("x bad", "1"),
        ("", "1"),
        ("x-bad", "a\r\nx-injected: 1"),
        ("x-bad", "a\u{0}b"),
    ] {
        for reply in [
            scene.client.put(&path, json!({"headers": {name: value}})).await,
            scene.client.patch(&path, json!({"headers": {name: value}})).await,
        ] {
            assert_eq!(reply.must(422)["detail"][0]["loc"][1], "headers", "{name:?}: {value:?}");
        }
    }
    let read = scene.client.get(&path).await.must(200);
    assert_eq!(read["headers"], json!({"x-first": "1"}));
}
