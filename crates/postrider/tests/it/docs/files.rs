//! The catalogue for programs.

use serde_json::{Value, json};

use super::{make, public, with};

#[tokio::test]
async fn events_come_as_json_with_their_schemas() {
    let (server, visitor) = with(&[("public_url", "https://hooks.example.com")]).await;
    let schema = json!({"type": "object", "properties": {"n": {"type": "number", "default": 1.5}}});
    make(&server, "a.b", json!({"schemas": {"1": schema}, "groupName": "g", "deprecated": true})).await;
    let all = visitor.get("/docs/events.json").await.must(200);
    let one = &all["eventTypes"][0];
    assert_eq!((all["isComplete"].as_bool(), all["eventTypes"].as_array().unwrap().len()), (Some(true), 1));
    for (field, value) in [
        ("name", json!("a.b")),
        ("description", json!("What a.b says.")),
        ("groupName", json!("g")),
        ("deprecated", json!(true)),
        ("schemas", json!({"1": schema})),
        ("url", json!("https://hooks.example.com/docs/events/a.b")),
    ] {
        assert_eq!(one[field], value, "{field}");
    }
    assert_eq!(visitor.get("/docs/events.json").await.header("access-control-allow-origin"), "*");
}

/// Every `$ref` in the document leads somewhere in it.
fn follow(document: &Value, value: &Value, count: &mut usize) {
    match value {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                let pointer =
                    reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                *count += 1;
            }
            map.values().for_each(|value| follow(document, value, count));
        }
        Value::Array(items) => items.iter().for_each(|item| follow(document, item, count)),
        _ => {}
    }
}

#[tokio::test]
async fn asyncapi_has_a_message_for_each_event_type() {
    let (server, visitor) = public().await;
    let schema = json!({"properties": {"child": {"$ref": "#/$defs/c"}, "self": {"$ref": "#"}}, "$defs": {"c": {"type": "string"}}});
    make(&server, "a.b", json!({"schemas": {"1": {}, "2": schema}})).await;
    make(&server, "plain", json!({"deprecated": true})).await;
    let document = visitor.get("/docs/asyncapi.json").await.must(200);
    assert_eq!(document["asyncapi"], "3.0.0");
    let mut count = 0;
    follow(&document, &document, &mut count);
    assert!(count >= 9, "{count} references");
    for name in ["a.b", "plain"] {
        let message = &document["components"]["messages"][name];
        assert_eq!(message["payload"]["$ref"], format!("#/components/schemas/{name}"));
        assert!(document["channels"]["endpoint"]["messages"][name].is_object());
    }
    assert_eq!(
        document["components"]["schemas"]["a.b"]["properties"]["child"]["$ref"],
        "#/components/schemas/a.b/$defs/c"
    );
    assert_eq!(document["operations"]["deliver"]["action"], "send");
    let signed = &document["components"]["messageTraits"]["signed"]["headers"]["required"];
    assert_eq!(*signed, json!(["webhook-id", "webhook-signature", "webhook-timestamp"]));
    let yaml = visitor.get("/docs/asyncapi.yaml").await;
    assert!(yaml.header("content-type").starts_with("application/yaml"), "{yaml}");
    assert!(yaml.text().contains("\"asyncapi\": \"3.0.0\"\n"), "{yaml}");
}

#[tokio::test]
async fn texts_lead_to_everything() {
    let (server, visitor) =
        with(&[("docs.title", "Acme"), ("public_url", "https://hooks.example.com")]).await;
    let schema =
        json!({"required": ["id"], "properties": {"id": {"type": "string", "description": "An id."}}});
    make(&server, "a.b", json!({"schemas": {"1": schema}})).await;
    let overview = visitor.get("/llms.txt").await.text();
    assert!(overview.starts_with("# Acme\n"), "{overview}");
    let prefix = "](https://hooks.example.com";
    let links: Vec<_> = overview.split(prefix).skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.contains(&"/docs/events/a.b") && links.len() > 8, "{links:?}");
    for path in links {
        assert_eq!(visitor.get(path).await.status, 200, "{path}");
    }
    let all = visitor.get("/docs/events.md").await.text();
    for part in ["## a.b\n", "- `id` (string, required): An id.\n", "    {\"id\":\"text\"}\n"] {
        assert!(all.contains(part), "{part}: {all}");
    }
}
