//! Bodies that are no JSON, of the wrong types, or with values that the rules refuse.

use http::Method;

use crate::support::{Scene, state};

/// Method, path (with `{app}` and `{endpoint}`), body, and where the answer must point.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    ("POST", "/api/v1/app", "", &["body", "name"]),
    ("POST", "/api/v1/app", "{", &["body", "1:1"]),
    ("POST", "/api/v1/app", "{\"name\":\n\"x\",}", &["body", "2:5"]),
    ("POST", "/api/v1/app", "nonsense", &["body", "1:2"]),
    ("POST", "/api/v1/app", "{\"name\":\"x\"} {}", &["body", "1:14"]),
    ("POST", "/api/v1/app", "{\"name\":\"\\ud800\"}", &["body"]),
    ("POST", "/api/v1/app", "{\"name\":\"\u{1}\"}", &["body"]),
    ("POST", "/api/v1/app", "7", &["body"]),
    ("POST", "/api/v1/app", "null", &["body"]),
    ("POST", "/api/v1/app", r#"{"name":1}"#, &["body", "name"]),
    ("POST", "/api/v1/app", r#"{"name":""}"#, &["body", "name"]),
    ("POST", "/api/v1/app", r#"{"name":"a\u0000b"}"#, &["body", "name"]),
    ("POST", "/api/v1/app", r#"{"name":"x","name":"y"}"#, &["body", "name"]),
    ("POST", "/api/v1/app", r#"{"name":"x","uid":"a b"}"#, &["body", "uid"]),
    ("POST", "/api/v1/app", r#"{"name":"x","uid":"app_x"}"#, &["body", "uid"]),
    ("POST", "/api/v1/app", r#"{"name":"x","uid":""}"#, &["body", "uid"]),
    ("POST", "/api/v1/app", r#"{"name":"x","uid":"a\u0000"}"#, &["body", "uid"]),
    ("POST", "/api/v1/app", r#"{"name":"a\nb"}"#, &["body", "name"]),
    ("POST", "/api/v1/app", r#"{"name":"a\u202eb"}"#, &["body", "name"]),
    ("POST", "/api/v1/app", r#"{"name":"x","uid":"."}"#, &["body", "uid"]),
    ("POST", "/api/v1/app", r#"{"name":"x","uid":".."}"#, &["body", "uid"]),
    ("POST", "/api/v1/app", r#"{"name":"x","throttleRate":0}"#, &["body", "throttleRate"]),
    ("POST", "/api/v1/app", r#"{"name":"x","throttleRate":-1}"#, &["body", "throttleRate"]),
    ("POST", "/api/v1/app", r#"{"name":"x","throttleRate":1.5}"#, &["body", "throttleRate"]),
    ("POST", "/api/v1/app", r#"{"name":"x","throttleRate":1e99}"#, &["body", "throttleRate"]),
    ("POST", "/api/v1/app", r#"{"name":"x","metadata":[]}"#, &["body", "metadata"]),
    ("POST", "/api/v1/app", r#"{"name":"x","metadata":{"a":1}}"#, &["body", "metadata", "a"]),
    ("POST", "/api/v1/app", r#"{"name":"x","metadata":{"a":"\u0000"}}"#, &["body", "metadata"]),
    ("PATCH", "{app}", r#"{"name":""}"#, &["body", "name"]),
    ("PUT", "{app}", "{}", &["body", "name"]),
    ("POST", "/api/v1/event-type", r#"{"description":"x"}"#, &["body", "name"]),
    ("POST", "/api/v1/event-type", r#"{"name":"a/b","description":"x"}"#, &["body", "name"]),
    ("POST", "/api/v1/event-type", r#"{"name":"..","description":"x"}"#, &["body", "name"]),
    ("POST", "/api/v1/event-type", r#"{"name":"x","description":"x","schemas":[]}"#, &["body", "schemas"]),
    ("POST", "{app}/endpoint", "{}", &["body", "url"]),
    ("POST", "{app}/endpoint", r#"{"url":""}"#, &["body", "url"]),
    ("POST", "{app}/endpoint", r#"{"url":"not a url"}"#, &["body", "url"]),
    ("POST", "{app}/endpoint", r#"{"url":"ftp://example.com/"}"#, &["body", "url"]),
    ("POST", "{app}/endpoint", r#"{"url":"http://169.254.169.254/"}"#, &["body", "url"]),
    ("POST", "{app}/endpoint", r#"{"url":"http://127.0.0.1:1099/","uid":".."}"#, &["body", "uid"]),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","timeoutSeconds":61}"#,
        &["body", "timeoutSeconds"],
    ),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","timeoutSeconds":0}"#,
        &["body", "timeoutSeconds"],
    ),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","ordering":"lifo"}"#,
        &["body", "ordering"],
    ),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","channels":["a","b c"]}"#,
        &["body", "channels", "1"],
    ),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","channels":{"a":1}}"#,
        &["body", "channels"],
    ),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","eventTypes":["a",7]}"#,
        &["body", "eventTypes", "1"],
    ),
    ("POST", "{app}/endpoint", r#"{"url":"http://127.0.0.1:1099/","secret":"short"}"#, &["body", "secret"]),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","headers":{"host":"x"}}"#,
        &["body", "headers"],
    ),
    (
        "POST",
        "{app}/endpoint",
        r#"{"url":"http://127.0.0.1:1099/","retrySchedule":[0.5]}"#,
        &["body", "retrySchedule"],
    ),
    ("POST", "{app}/endpoint", r#"{"url":"http://127.0.0.1:1099/","disabled":"yes"}"#, &["body", "disabled"]),
    ("PATCH", "{endpoint}", r#"{"url":""}"#, &["body", "url"]),
    ("PATCH", "{endpoint}", r#"{"url":"http://10.0.0.1/"}"#, &["body", "url"]),
    ("PUT", "{endpoint}/headers", r#"{"headers":{"a":1}}"#, &["body", "headers", "a"]),
    ("POST", "{app}/msg", r#"{"payload":{}}"#, &["body", "eventType"]),
    ("POST", "{app}/msg", r#"{"eventType":"t"}"#, &["body", "payload"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":[]}"#, &["body", "payload"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":"{}"}"#, &["body", "payload"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":null}"#, &["body", "payload"]),
    ("POST", "{app}/msg", r#"{"eventType":"a b","payload":{}}"#, &["body", "eventType"]),
    ("POST", "{app}/msg", r#"{"eventType":"a\u0000b","payload":{}}"#, &["body", "eventType"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":{},"eventId":"msg_x"}"#, &["body", "eventId"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":{},"eventId":"a b"}"#, &["body", "eventId"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":{},"eventId":".."}"#, &["body", "eventId"]),
    ("POST", "{app}/msg", r#"{"eventType":"..","payload":{}}"#, &["body", "eventType"]),
    (
        "POST",
        "{app}/msg",
        r#"{"eventType":"t","payload":{},"tags":["1","2","3","4","5","6"]}"#,
        &["body", "tags"],
    ),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":{},"tags":["ok","\u0000"]}"#, &["body", "tags", "1"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":{},"channels":"x"}"#, &["body", "channels"]),
    ("POST", "{app}/msg", r#"{"eventType":"t","payload":{},"orderingKey":""}"#, &["body", "orderingKey"]),
    (
        "POST",
        "{app}/msg",
        r#"{"eventType":"t","payload":{},"payloadRetentionPeriod":0}"#,
        &["body", "payloadRetentionPeriod"],
    ),
    (
        "POST",
        "{app}/msg",
        r#"{"eventType":"t","payload":{},"payloadRetentionPeriod":91}"#,
        &["body", "payloadRetentionPeriod"],
    ),
    (
        "POST",
        "{app}/msg",
        r#"{"eventType":"t","payload":{},"payloadRetentionHours":2161}"#,
        &["body", "payloadRetentionHours"],
    ),
];

#[tokio::test]
async fn each_mistake_is_told_with_its_place_and_changes_nothing() {
    let scene = Scene::new().await;
    let before = state(&scene.client).await;
    for (method, path, body, loc) in CASES {
        let path = path.replace("{app}", &scene.app).replace("{endpoint}", &scene.endpoint);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = scene.client.ask(method, &path).body(body.as_bytes()).send().await;
        let told = reply.must(422);
        let found: Vec<_> =
            told["detail"][0]["loc"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        assert!(found.starts_with(loc), "{body}\n{reply}\nexpected {loc:?}");
        for field in ["msg", "type"] {
            assert!(
                told["detail"][0][field].as_str().is_some_and(|text| !text.is_empty()),
                "{body}: {reply}"
            );
        }
    }
    assert_eq!(state(&scene.client).await, before);
}

#[tokio::test]
async fn all_mistakes_of_a_body_are_told_at_once() {
    let scene = Scene::new().await;
    let body = r#"{"eventType":"a b","payload":[],"tags":["ok","not ok"],"channels":["no no"]}"#;
    let told =
        scene.client.ask(Method::POST, &format!("{}/msg", scene.app)).body(body).send().await.must(422);
    let places: Vec<_> =
        told["detail"].as_array().unwrap().iter().map(|one| one["loc"][1].as_str().unwrap()).collect();
    for field in ["eventType", "payload", "tags", "channels"] {
        assert!(places.contains(&field), "{field} in {told}");
    }
}

#[tokio::test]
async fn names_in_paths_that_nothing_can_have_are_not_found() {
    let scene = Scene::new().await;
    let app = &scene.app;
    for name in [
        "%00",
        "a%00b",
        "%ed%a0%80",
        "%ff",
        "..%2f..",
        "a%20b",
        "%F0%9F%9A%80",
        &"x".repeat(2_000),
        "'%20or%201=1--",
    ] {
        for path in [
            format!("/api/v1/app/{name}"),
            format!("{app}/endpoint/{name}"),
            format!("{app}/msg/{name}"),
            format!("{app}/msg/{name}/endpoint"),
            format!("/api/v1/event-type/{name}"),
        ] {
            let reply = scene.client.get(&path).await;
            assert_eq!(reply.must(404)["code"], "not_found", "{path}");
        }
    }
}
