//! Metrics that other machines can read.

use serde_json::Value;

use crate::support::{Binary, run};

#[tokio::test]
async fn doctor_warns_of_open_metrics_and_names_the_setting() {
    // It does not try the address of a server that runs.
    let server = Binary::serve().await;
    let finding = async |arguments: &[&str]| {
        let all = [&["doctor", "--output", "json"], arguments].concat();
        let told = run(server.data.path(), &all).await.ok();
        let checks: Vec<Value> = serde_json::from_str(&told).unwrap();
        let metrics = checks.into_iter().find(|check| check["check"] == "metrics").unwrap();
        (metrics["verdict"].as_str().unwrap().to_owned(), metrics["detail"].as_str().unwrap().to_owned())
    };
    assert_eq!(finding(&["--listen", "127.0.0.1:1"]).await.0, "ok");
    let (verdict, detail) = finding(&["--listen", "0.0.0.0:1"]).await;
    assert_eq!(verdict, "warn");
    assert!(detail.contains("/metrics") && detail.contains("metrics.token"), "{detail}");
    let (verdict, detail) = finding(&["--listen", "0.0.0.0:1", "--set", "metrics.token=secret-enough"]).await;
    assert!(verdict == "ok" && !detail.contains("secret-enough"), "{detail}");
}
