//! The official client libraries drive the real program.
//!
//! The scripts in `tests/clients/` do what a user does with the library, and receive the webhooks themselves, verifying
//! each with the `standardwebhooks` package. They end with a summary in JSON, and fail where the library complains.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Binary, KEY, tool};

/// Runs a script against a server of its own, and gives its summary.
async fn drive(mut command: Command) -> Value {
    let server = Binary::serve().await;
    // What fails has failed for good, so that there is something to recover.
    let settings = json!({"retrySchedule": [0]});
    server.client().patch("/api/v1/environment/settings", settings).await.must(200);
    command.env("POSTRIDER_URL", format!("http://{}", server.address)).env("POSTRIDER_KEY", KEY);
    let running = tokio::task::spawn_blocking(move || command.output());
    let bounded = tokio::time::timeout(std::time::Duration::from_secs(120), running);
    let output = bounded.await.expect("the script ends").unwrap().unwrap();
    let (told, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complaint}\n--- server\n{}", server.log());
    serde_json::from_str(told.lines().last().unwrap()).unwrap()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// What both scripts do and must see.
fn expected() -> Value {
    json!({
        "attempts": 3,
        "bothSignaturesAfterRotation": true,
        "conflict": 409,
        "idempotent": true,
        "invalid": 422,
        "notFound": 404,
        "pages": 3,
        "portal": [1, 403, 403, 401, 401, 1, 401, 403],
        "recovered": 2,
        "resentTrigger": 1,
        "unauthorized": 401,
        "unverified": 0,
        "verified": 10,
    })
}

#[tokio::test]
async fn the_python_client_does_all_of_it() {
    let Some(python) = tool("python/bin/python") else { return };
    let mut command = Command::new(python);
    command.arg("-B").arg(script("drive.py"));
    assert_eq!(drive(command).await, expected());
}

#[tokio::test]
async fn the_javascript_client_does_all_of_it() {
    let Some(modules) = tool("node/node_modules") else { return };
    let mut command = Command::new("node");
    // A script from stdin finds its packages from the working directory.
    let script = File::open(script("drive.mjs")).unwrap();
    command.arg("--input-type=module").current_dir(modules.parent().unwrap()).stdin(script);
    assert_eq!(drive(command).await, expected());
}
