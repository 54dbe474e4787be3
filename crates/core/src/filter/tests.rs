use serde_json::json;

use super::*;
use crate::facts::Paths;
use crate::id::EndpointId;
use crate::reception::{Octets, Received};
use crate::source::Settings;

const BODY: &str = r#"{"ref":"refs/heads/main","size":12,"price":"9.50","big":18446744073709551616,"draft":false,
    "labels":["bug","urgent"],"gone":null,"sender":{"login":"octo"}}"#;

fn came() -> Received {
    let header = |name: &str, value: &[u8]| (name.to_owned(), Octets(bytes::Bytes::copy_from_slice(value)));
    Received {
        method: "POST".into(),
        tail: String::new(),
        query: Some("token=42&token=43".into()),
        headers: vec![header("x-event", b"push"), header("x-raw", b"a\xffb")],
        remote: "192.0.2.7".parse().ok(),
    }
}

fn admits_body(rule: &Value, body: &str) -> bool {
    let filter = Filter::parse(rule).unwrap_or_else(|refused| panic!("{rule}: {refused}"));
    let mut paths = Paths::default();
    filter.each_fact(&mut |fact| paths.ask(fact));
    filter.admits(&Facts::new(&came(), body.as_bytes(), &paths), &Budget::default())
}

fn admits(rule: &Value) -> bool {
    admits_body(rule, BODY)
}

#[test]
fn operators_hold_for_what_they_say() {
    for (value, operator, operand, expected) in [
        ("payload.ref", "equals", json!("refs/heads/main"), true),
        ("payload.ref", "equals", json!("refs/heads/mai"), false),
        ("payload.size", "equals", json!(12), true),
        ("payload.size", "equals", json!("12"), true),
        ("payload.draft", "equals", json!(false), true),
        ("payload.sender", "equals", json!(r#"{"login":"octo"}"#), true),
        ("payload.gone", "equals", json!("null"), false),
        ("payload.gone", "exists", json!(false), true),
        ("payload.sender", "exists", json!(true), true),
        ("payload.absent", "exists", json!(true), false),
        ("payload.absent", "notEquals", json!("x"), true),
        ("payload.ref", "notEquals", json!("refs/heads/main"), false),
        ("query.token", "equals", json!(43), true),
        ("query.token", "notEquals", json!(43), false),
        ("header.X-Event", "in", json!(["ping", "push"]), true),
        ("header.x-event", "in", json!(["ping"]), false),
        ("payload.labels[]", "equals", json!("urgent"), true),
        ("payload.labels[0]", "equals", json!("urgent"), false),
        ("payload.ref", "matches", json!("^refs/heads/(main|dev)$"), true),
        ("payload.ref", "matches", json!("heads"), true),
        ("payload.ref", "matches", json!("^heads"), false),
        ("header.x-raw", "matches", json!("^a.b$"), true),
        ("header.x-raw", "contains", json!("b"), true),
        ("payload.ref", "contains", json!("heads"), true),
        ("payload.ref", "startsWith", json!("refs/"), true),
        ("payload.ref", "startsWith", json!("heads/"), false),
        ("payload.ref", "endsWith", json!("/main"), true),
        ("body", "contains", json!("octo"), true),
        ("method", "equals", json!("POST"), true),
        ("remote", "inNetworks", json!(["10.0.0.0/8", "192.0.2.0/24"]), true),
        ("remote", "inNetworks", json!(["192.0.2.7"]), true),
        ("remote", "inNetworks", json!(["192.0.2.8", "::/0"]), false),
        ("payload.ref", "inNetworks", json!(["0.0.0.0/0"]), false),
        ("payload.size", "above", json!(11.5), true),
        ("payload.size", "above", json!(12), false),
        ("payload.size", "atLeast", json!(12), true),
        ("payload.size", "below", json!(12), false),
        ("payload.size", "atMost", json!(12.0), true),
        ("payload.price", "below", json!(10), true),
        ("payload.big", "above", json!(18_446_744_073_709_551_615_u64), true),
        ("payload.ref", "above", json!(0), false),
        ("payload.absent", "atMost", json!(0), false),
    ] {
        let rule = json!({"value": value, operator: operand});
        assert_eq!(admits(&rule), expected, "{rule}");
        assert_eq!(admits(&json!({"not": rule})), !expected, "not {rule}");
    }
}

#[test]
fn rules_are_put_together() {
    let (yes, no) =
        (json!({"value": "method", "equals": "POST"}), json!({"value": "method", "equals": "GET"}));
    for (rule, expected) in [
        (json!({"all": [yes, yes]}), true),
        (json!({"all": [yes, no]}), false),
        (json!({"any": [no, yes]}), true),
        (json!({"any": [no, no]}), false),
        (json!({"not": {"any": [no, {"all": [yes, no]}]}}), true),
    ] {
        assert_eq!(admits(&rule), expected, "{rule}");
    }
}

#[test]
fn what_cannot_be_decided_lets_nothing_through() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(16 * 1024 + 1));
    let (yes, unclear) =
        (json!({"value": "method", "equals": "POST"}), json!({"value": "payload.a", "matches": "y"}));
    for (rule, body, expected) in [
        (json!(unclear), long.as_str(), false),
        (json!({"not": unclear}), &long, false),
        (json!({"any": [unclear, yes]}), &long, true),
        (json!({"all": [unclear, yes]}), &long, false),
        (json!({"not": unclear}), r#"{"a":"x"}"#, true),
        (json!({"value": "payload.a", "exists": false}), r#"{"a":"#, false),
        (json!({"value": "payload.a", "exists": false}), "a=1", true),
    ] {
        assert_eq!(admits_body(&rule, body), expected, "{rule} {body:.20}");
    }
}

#[test]
fn a_rule_that_cannot_be_used_is_refused_in_its_place() {
    let deep = (0..=DEPTH).fold(json!({"value": "body", "exists": true}), |rule, _| json!({"not": rule}));
    let wide = json!({"any": vec![json!({"value": "body", "exists": true}); MATCHES + 1]});
    let large = json!({"value": "body", "contains": "x".repeat(BYTES)});
    for (rule, at) in [
        (json!([]), ""),
        (json!({}), ""),
        (json!({"value": "body"}), ""),
        (json!({"equals": "x"}), ""),
        (json!({"value": "body", "equals": "x", "contains": "y"}), ""),
        (json!({"all": [], "any": []}), ""),
        (large, ""),
        (json!({"all": []}), "all"),
        (json!({"any": {}}), "any"),
        (json!({"not": []}), "not"),
        (json!({"value": "cookie.a", "equals": "x"}), "value"),
        (json!({"value": 7, "equals": "x"}), "value"),
        (json!({"all": [{"value": "body", "exists": true}, {"value": "body", "like": "x"}]}), "all.1.like"),
        (json!({"not": {"value": "body", "equals": null}}), "not.equals"),
        (json!({"value": "body", "in": "x"}), "in"),
        (json!({"value": "body", "in": []}), "in"),
        (json!({"value": "body", "in": vec!["x"; ENTRIES + 1]}), "in"),
        (json!({"value": "body", "matches": "("}), "matches"),
        (json!({"value": "body", "matches": "x".repeat(600)}), "matches"),
        (json!({"value": "body", "matches": "((a{100}){100}){100}"}), "matches"),
        (json!({"value": "body", "contains": ""}), "contains"),
        (json!({"value": "body", "exists": "yes"}), "exists"),
        (json!({"value": "remote", "inNetworks": ["10.0.0.0/33"]}), "inNetworks"),
        (json!({"value": "body", "above": "7"}), "above"),
        (deep, &["not"; DEPTH].join(".")),
        (wide, &format!("any.{MATCHES}")),
    ] {
        let refused = Filter::parse(&rule).map(drop).unwrap_err();
        assert_eq!(refused.at.join("."), at, "{:.200} {refused}", rule.to_string());
    }
}

#[test]
fn the_filters_of_a_source_say_who_is_left_out() {
    let (main, dev, bad) = ([1_u8, 2, 3]).map(|byte| EndpointId::from_bytes([byte; 20])).into();
    let rule = |name: &str| json!({"value": "payload.ref", "equals": name});
    let mut settings = Settings::default();
    settings.filters.insert(main, rule("refs/heads/main"));
    settings.filters.insert(dev, rule("refs/heads/dev"));
    let stored = serde_json::to_string(&settings).unwrap();
    let settings: Settings = serde_json::from_str(&stored).unwrap();
    let filters = Filters::of(&settings).unwrap();
    assert_eq!(filters.left_out(&came(), BODY.as_bytes(), &Budget::default()), [dev]);
    assert_eq!(Filters::default().left_out(&came(), b"", &Budget::default()), []);

    let mut settings = settings;
    settings.filters.insert(bad, json!({}));
    assert_eq!(Filters::of(&settings).unwrap_err().at, [bad.to_string()]);
}

#[test]
fn what_filters_look_at_of_one_request_has_a_ceiling() {
    let rule = json!({"any": [{"value": "payload.items[]", "matches": "^b"}, {"value": "method", "equals": "POST"}]});
    let filter = Filter::parse(&rule).unwrap();
    let mut paths = Paths::default();
    filter.each_fact(&mut |fact| paths.ask(fact));
    let items = |count: usize| json!({"items": vec!["a".repeat(8 * 1024); count]}).to_string();
    let (few, many) = (items(8), items(32));
    let (came, budget) = (came(), Budget::default());
    let admits =
        |body: &str, budget: &Budget| filter.admits(&Facts::new(&came, body.as_bytes(), &paths), budget);
    assert!(admits(&few, &budget), "its method is POST");
    assert!(!admits(&many, &Budget::default()), "what is not looked at cannot be decided");
    assert!(admits(&few, &Budget::default()));
    assert!(!admits(&few, &budget), "the items of a batch share it");
}
