//! Event types are written by people elsewhere: nothing of them is ever markup, hidden, or endless.

use serde_json::{Value, json};

use super::{make, page, public};

const EVIL: &str = "</code></pre><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}";

fn is_harmless(text: &str, what: &str) {
    for evil in ["<script>alert", "<img", "\u{202e}"] {
        assert!(!text.contains(evil), "{evil} in {what}: {text}");
    }
}

#[tokio::test]
async fn markup_in_descriptions_and_schemas_comes_out_as_text() {
    let (server, visitor) = public().await;
    let schema = json!({
        "title": EVIL, "description": EVIL, "type": ["object", EVIL], "required": [EVIL], "$comment": EVIL,
        "properties": {EVIL: {"type": EVIL, "format": EVIL, "pattern": EVIL, "enum": [EVIL, {EVIL: EVIL}], "default": EVIL, "description": EVIL}},
        "patternProperties": {EVIL: {"const": EVIL}},
        "examples": [{EVIL: EVIL}]
    });
    make(&server, "evil", json!({"description": EVIL.replace('\u{202e}', "\u{200b}"), "schemas": {EVIL: schema, "1": {"properties": {EVIL: true}}}})).await;
    for path in ["/docs/events", "/docs/events/evil", "/docs/changes"] {
        is_harmless(&page(&visitor, path).await, path);
    }
    // A title of the operator's is not markup either.
    let shown = page(&visitor, "/docs/events/evil").await;
    assert!(shown.contains("&lt;script&gt;") && shown.contains("U+202E"), "{shown}");
    for path in ["/llms.txt", "/docs/events.md"] {
        let reply = visitor.get(path).await;
        assert!(reply.header("content-type").starts_with("text/markdown"), "{reply}");
        assert!(!reply.text().contains("\n<script"), "{reply}");
    }
    for path in ["/docs/events.json", "/docs/asyncapi.json", "/docs/asyncapi.yaml"] {
        let reply = visitor.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-type").starts_with("application/"), "{path}");
    }
}

#[tokio::test]
async fn schemas_that_are_deep_endless_or_huge_are_shown_in_part() {
    let (server, visitor) = public().await;
    let deep = (0..25).fold(json!({"type": "string"}), |inner, _| json!({"properties": {"d": inner}}));
    let wide: serde_json::Map<String, Value> =
        (0..2_000).map(|n| (format!("field_{n}"), json!({"type": "string"}))).collect();
    let knot = json!({"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"again": {"$ref": "#/$defs/a"}}, "anyOf": [{"$ref": "#"}]}}});
    let long = json!({"properties": {"x": {"description": "y".repeat(400_000)}}});
    for (name, schema, told) in [
        ("deep", deep, "lies too deep"),
        ("wide", json!({"properties": wide}), "Further fields are not shown"),
        ("knot", knot, "What is in it is told above"),
        ("long", long, "…"),
    ] {
        make(&server, name, json!({"schemas": {"1": schema}})).await;
        server.clock.advance(std::time::Duration::from_secs(3));
        let shown = page(&visitor, &format!("/docs/events/{name}")).await;
        assert!(shown.contains(told), "{name}");
        assert!(shown.len() < 1_000_000, "{name}: {}", shown.len());
    }
    for odd in [json!(true), json!(5), json!([]), json!("text")] {
        make(&server, &format!("odd.{}", odd.to_string().len()), json!({"schemas": {"1": odd}})).await;
    }
    server.clock.advance(std::time::Duration::from_secs(3));
    for length in [4, 1, 2, 6] {
        page(&visitor, &format!("/docs/events/odd.{length}")).await;
    }
    visitor.get("/docs/asyncapi.json").await.must(200);
}
