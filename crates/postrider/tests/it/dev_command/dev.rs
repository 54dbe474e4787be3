//! What `postrider dev` prints works exactly as it is printed.

use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Binary, PATIENCE, await_until, skip};

/// The commands in a greeting: each begins with `curl`, and goes on while its lines end in a backslash.
fn printed(greeting: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in greeting.lines() {
        match commands.last_mut().filter(|_| goes_on) {
            Some(command) => {
                command.push('\n');
                command.push_str(line);
            }
            None if line.trim_start().starts_with("curl ") => commands.push(line.to_owned()),
            None => continue,
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

/// What a shell makes of a command exactly as it was printed.
async fn shell(command: String) -> Value {
    let running =
        tokio::task::spawn_blocking(move || Command::new("/bin/sh").arg("-c").arg(command).output());
    let output = tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test]
async fn what_dev_prints_works_as_printed() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl");
    }
    let data = Arc::new(tempfile::tempdir().unwrap());
    let server = Binary::start(&["dev"], &[], data).await;
    let commands = await_until("the greeting", async || {
        let commands = printed(&server.stdout());
        (commands.len() == 3).then_some(commands)
    })
    .await;
    let [publish, attempts, bin] = <[String; 3]>::try_from(commands).unwrap();
    let message = shell(format!("{publish} --write-out '' --fail")).await;
    assert!(message["id"].as_str().unwrap().starts_with("msg_"), "{message}");
    let attempt = await_until("the attempt", async || {
        let page = shell(attempts.clone()).await;
        page["data"][0].as_object().cloned()
    })
    .await;
    assert_eq!((&attempt["msgId"], &attempt["status"]), (&message["id"], &json!(0)));
    let received = shell(bin).await.to_string();
    assert!(received.contains("in_1") && received.contains(message["id"].as_str().unwrap()), "{received}");
}

#[tokio::test]
async fn dev_keeps_its_key_and_works_again_after_a_kill() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let mut keys = Vec::new();
    for _ in 0..2 {
        let server = Binary::start(&["dev"], &[], Arc::clone(&data)).await;
        await_until("the greeting", async || (printed(&server.stdout()).len() == 3).then_some(())).await;
        let text = server.stdout();
        keys.push(text.lines().find_map(|line| line.trim().strip_prefix("key        ")).unwrap().to_owned());
        server.kill();
    }
    assert_eq!(keys[0], keys[1]);
}
