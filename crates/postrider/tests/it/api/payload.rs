//! What is delivered is what was published, byte for byte.

use http::Method;
use serde_json::json;

use crate::support::Scene;

/// Texts that a parser and a writer would not give back as they are.
const TEXTS: [&str; 9] = [
    r#"{"n":1}"#,
    r#"{ "z" : 1 , "a" : 2 }"#,
    "{\n\t\"spaced\":\r\n  [ 1 ,2 ]\n}",
    r#"{"precise":0.1000000000000000055511151231257827,"big":123456789012345678901234567890,"e":1E+400,"neg":-0.0}"#,
    r#"{"escaped":"\u00fc\/\u0041","plain":"ü/A","pair":"\ud83d\ude80"}"#,
    r#"{"twice":1,"twice":2}"#,
    r#"{"nul":"\u0000","lone":"\ud800"}"#,
    r#"{"":""}"#,
    "{}",
];

#[tokio::test]
async fn payloads_arrive_and_read_as_they_were_written() {
    let scene = Scene::new().await;
    let secret = scene.secret().await;
    let path = format!("{}/msg", scene.app);
    for (index, text) in TEXTS.iter().enumerate() {
        let body = format!(r#"{{"eventType":"t","payload":{text},"tags":["a"]}}"#);
        let made = scene.client.ask(Method::POST, &path).body(body).send().await;
        assert_eq!(made.status, 202, "{made}");
        assert!(made.text().contains(text), "the answer has it: {made}");
        let request = &scene.receiver.wait("/hook", index + 1).await[index];
        assert_eq!(String::from_utf8_lossy(&request.body), *text);
        assert_eq!(request.verified_by(&secret), Ok(()), "{text}");
        let read = scene.client.get(&format!("{path}/{}", request.header("webhook-id"))).await;
        assert!(read.text().contains(text), "a read has it: {read}");
    }
}

#[tokio::test]
async fn the_largest_payload_arrives() {
    let scene = Scene::new().await;
    let path = format!("{}/msg", scene.app);
    let around = r#"{"eventType":"t","payload":{"x":""}}"#.len();
    let body = |filler: usize| format!(r#"{{"eventType":"t","payload":{{"x":"{}"}}}}"#, "x".repeat(filler));
    let exact = body(1024 * 1024 - around);
    assert_eq!(exact.len(), 1024 * 1024);
    scene.client.ask(Method::POST, &path).body(exact).send().await.must(202);
    let over = scene.client.ask(Method::POST, &path).body(body(1024 * 1024 - around + 1)).send().await;
    assert_eq!(over.must(413)["code"], "payload_too_large");
    let request = &scene.receiver.wait("/hook", 1).await[0];
    assert_eq!(request.body.len(), 1024 * 1024 - r#"{"eventType":"t","payload":}"#.len());
}

#[tokio::test]
async fn raw_text_is_sent_with_its_own_content_type() {
    let scene = Scene::new().await;
    let raw = "<event>\u{fc} \"quoted\"</event>\n";
    let params = json!({"rawPayload": raw, "headers": {"Content-Type": "application/xml", "x-kind": "xml"}});
    let body = json!({"eventType": "t", "payload": {}, "transformationsParams": params});
    let id = scene.publish_this(body).await;
    let request = &scene.receiver.wait("/hook", 1).await[0];
    assert_eq!(request.body, raw);
    assert_eq!((request.header("content-type"), request.header("x-kind")), ("application/xml", "xml"));
    assert_eq!(request.verified_by(&scene.secret().await), Ok(()));
    scene.client.get(&format!("{}/msg/{id}", scene.app)).await.must(200);

    for name in ["content-length", "webhook-id", "x bad"] {
        let params = json!({"rawPayload": raw, "headers": {name: "1"}});
        let body = json!({"eventType": "t", "payload": {}, "transformationsParams": params});
        let refused = scene.client.post(&format!("{}/msg", scene.app), body).await.must(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "transformationsParams", "headers"]));
    }
}
