//! `postrider bench`: a user's own load test.

use serde_json::Value;

use crate::support::{Binary, KEY, run};

/// The figure at `pointer` of a report.
#[track_caller]
fn figure(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {pointer} in {report}"))
}

#[tokio::test]
async fn without_a_server_it_starts_one_and_everything_arrives_through_failures() {
    let place = tempfile::tempdir().unwrap();
    let load = ["bench", "--messages", "60", "--connections", "4", "--payload", "1000", "--endpoints", "2"];
    let trouble = ["--failing", "20", "--slow", "50", "--output", "json"];
    let report = run(place.path(), &[&load[..], &trouble].concat()).await.ok();
    let report: Value = serde_json::from_str(&report).unwrap();
    for (pointer, wanted) in [
        ("/publish/accepted", 60.0),
        ("/publish/refused", 0.0),
        ("/publish/ack/count", 60.0),
        ("/delivery/expected", 120.0),
        ("/delivery/unique", 120.0),
        ("/delivery/repeated", 0.0),
        ("/delivery/forged", 0.0),
    ] {
        assert!((figure(&report, pointer) - wanted).abs() < 0.5, "{pointer}: {report}");
    }
    assert!(figure(&report, "/delivery/failed") >= 1.0, "some first attempts failed: {report}");
    // An attempt that failed comes again after five seconds.
    assert!(figure(&report, "/delivery/latency/max_ms") > 1_000.0, "{report}");
    assert!(figure(&report, "/delivery/latency/p50_ms") > 0.0, "{report}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "its data were elsewhere, and are gone");
}

#[tokio::test]
async fn a_running_server_is_measured_and_left_as_it_was() {
    let server = Binary::serve().await;
    let url = format!("http://{}", server.address);
    let bench = ["bench", "--url", &url, "--key", KEY, "--messages", "50", "--output", "json"];
    let report: Value = serde_json::from_str(&run(server.data.path(), &bench).await.ok()).unwrap();
    assert!((figure(&report, "/delivery/unique") - 50.0).abs() < 0.5, "{report}");
    let apps = server.client().get("/api/v1/app").await.must(200);
    assert_eq!(apps["data"].as_array().unwrap().len(), 0, "its application is deleted");
}

#[tokio::test]
async fn what_cannot_be_measured_is_refused_before_any_load() {
    let place = tempfile::tempdir().unwrap();
    for (arguments, code, said) in [
        (["--url", "http://192.0.2.1:80", "--key", "k"], 2, "loopback"),
        // Port 1 is nobody's.
        (["--url", "http://127.0.0.1:1", "--key", "k"], 69, "connect"),
        (["--messages", "0", "--endpoints", "1"], 2, "messages"),
        (["--rate", "0", "--messages", "1"], 2, "rate"),
    ] {
        let ended = run(place.path(), &[&["bench"], &arguments[..]].concat()).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(said), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}
