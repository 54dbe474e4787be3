use super::*;

fn lines_of(text: &str) -> Script {
    lines::read(text, Then::Repeat, false).unwrap()
}

/// Where and how a script is refused.
fn refused(script: &str) -> String {
    let script = json::read(script.as_bytes()).and_then(|script| script.check(false).map(|()| script));
    let InvalidFields(found) = script.unwrap_err();
    found[0].at.join(".")
}

#[test]
fn after_the_last_step_comes_it_again_or_the_first() {
    let mut script = lines_of("500\n503\n200");
    let statuses = |script: &Script| {
        (0..5).map(|number| script.planned(number).to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(statuses(&script), "500 503 200 200 200");
    script.then = Then::Cycle;
    assert_eq!(statuses(&script), "500 503 200 500 503");
    assert_eq!(statuses(&Script::default()), "200 200 200 200 200");
}

#[test]
fn lines_say_what_they_show() {
    for text in [
        "500",
        "200 after 2s",
        "429 after 500ms {\"slow\": true}",
        "200 hello there",
        "timeout",
        "reset after 1s",
        "204\n200",
    ] {
        let script = lines_of(text);
        assert_eq!(lines::write(&script), text);
        assert_eq!(json::read(json::write(&script).as_bytes()).unwrap(), script, "{text}");
    }
    let json = r#"{"steps":[{"status":429,"headers":{"retry-after":"1"},"body":"a\nb"}],"then":"cycle"}"#;
    let script = json::read(json.as_bytes()).unwrap();
    assert!(lines::write(&script).starts_with('{'), "headers have no place in a line");
    assert_eq!(lines::read(&lines::write(&script), Then::Cycle, false).unwrap(), script);
    for text in ["abc", "timeout now", "200 after soon", "200 after 31s", "99999999"] {
        assert!(lines::read(text, Then::Repeat, false).is_err(), "{text}");
    }
}

#[test]
fn what_is_not_allowed_is_refused_with_its_place() {
    for (script, at) in [
        (r#"{"steps":[{"status":199}]}"#, "steps.0.status"),
        (r#"{"steps":[{},{"status":600}]}"#, "steps.1.status"),
        (r#"{"steps":[{"delay":"31s"}]}"#, "steps.0.delay"),
        (r#"{"steps":[{"delay":"soon"}]}"#, "steps.0.delay"),
        (r#"{"steps":[{"timeout":true,"reset":true}]}"#, "steps.0.timeout"),
        (r#"{"steps":[{"reset":true,"status":200}]}"#, "steps.0.reset"),
        (r#"{"steps":[{"headers":{"set-cookie":"a=b"}}]}"#, "steps.0.headers.set-cookie"),
        (r#"{"steps":[{"headers":{"Location":"https://example.com"}}]}"#, "steps.0.headers.location"),
        (r#"{"steps":[{"headers":{"x-accel-redirect":"/etc"}}]}"#, "steps.0.headers.x-accel-redirect"),
        (
            r#"{"steps":[{"headers":{"access-control-allow-origin":"*"}}]}"#,
            "steps.0.headers.access-control-allow-origin",
        ),
        (r#"{"steps":[{"headers":{"content-type":"text/html"}}]}"#, "steps.0.headers"),
        (r#"{"steps":[{"headers":{"content-type":"TEXT/HTML; x"}}]}"#, "steps.0.headers"),
        (r#"{"steps":[{"headers":{"content-type":"text/plain; a=b, text/html"}}]}"#, "steps.0.headers"),
        (r#"{"steps":[{"headers":{"x-reproxy-url":"http://a/"}}]}"#, "steps.0.headers.x-reproxy-url"),
        (r#"{"steps":[{"headers":{"X-LiteSpeed-Location":"/a"}}]}"#, "steps.0.headers.x-litespeed-location"),
        (r#"{"steps":[{"headers":{"x-lsadc-cache-control":"a"}}]}"#, "steps.0.headers.x-lsadc-cache-control"),
        (r#"{"steps":[{"headers":{"a b":"c"}}]}"#, "steps.0.headers"),
        (r#"{"steps":[{"headers":{"x-a":"b\r\nc: d"}}]}"#, "steps.0.headers"),
        (r#"{"steps":[{"stauts":200}]}"#, "steps.0.stauts"),
        (r#"{"steps":[{"status":"200"}]}"#, "steps.0.status"),
        (r#"{"steps":[],"then":"stop"}"#, "then"),
    ] {
        assert_eq!(refused(script), at, "{script}");
    }
    let large = format!(r#"{{"steps":[{{"body":"{}"}}]}}"#, "x".repeat(BODY_BYTES + 1));
    assert_eq!(refused(&large), "steps.0.body");
    let many = format!(r#"{{"steps":[{}{{}}]}}"#, "{},".repeat(STEPS));
    assert_eq!(refused(&many), "steps");
    let html = json::read(br#"{"steps":[{"headers":{"content-type":"text/html"},"body":"<b>"}]}"#).unwrap();
    assert!(html.check(true).is_ok() && html.check(false).is_err(), "only where the operator allows it");
}

#[test]
fn an_address_may_ask_for_one_answer() {
    let read = |tail, query| Exception::read(tail, query).map(|one| one.planned().to_string());
    for (tail, query, expected) in [
        ("", "", None),
        ("/hook", "a=b", None),
        ("", "status=503", Some("503")),
        ("/status/429", "", Some("429")),
        ("/status/429", "delay=500ms", Some("429 after 500ms")),
        ("/x", "delay=2s", Some("200 after 2s")),
        ("", "status=paid", None),
        ("", "status=99", None),
        ("/status/1000", "", None),
        ("", "delay=1h", None),
    ] {
        assert_eq!(read(tail, query).as_deref(), expected, "{tail}?{query}");
    }
}
