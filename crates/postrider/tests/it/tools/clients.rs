//! The providers' own libraries take what we send, and we take what they sign.
//!
//! `tests/clients/providers.mjs` receives with `@octokit/webhooks-methods` and `stripe`: it answers 204 to what the
//! library verifies and 401 to the rest, and to `GET /signed/PROVIDER` with a request that the library has signed.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Tool;
use crate::support::{Client, tool};

const SECRET: &str = "whsec_a_secret_of_a_test";

/// The script, while it runs.
struct Library {
    child: Child,
    url: String,
}

impl Library {
    /// Starts it, where this machine has the libraries.
    async fn start() -> Option<Self> {
        let modules = tool("node/node_modules/stripe")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/providers.mjs");
        let mut child = Command::new("node")
            // A script from stdin finds its packages from the working directory.
            .arg("--input-type=module")
            .current_dir(modules.ancestors().nth(2).unwrap())
            .env("WEBHOOK_SECRET", SECRET)
            .stdin(File::open(script).unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let first = tokio::task::spawn_blocking(move || stdout.lines().next());
        let address = first.await.unwrap().expect("the script says where it listens").unwrap();
        Some(Self { child, url: format!("http://{address}") })
    }

    fn address(&self) -> std::net::SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_providers_libraries_verify_what_is_triggered() {
    let Some(library) = Library::start().await else { return };
    for (provider, events) in [
        ("github", &["push", "pull_request", "issues", "ping", "release", "workflow_run"][..]),
        (
            "stripe",
            &["payment_intent.succeeded", "invoice.paid", "charge.refunded", "checkout.session.completed"],
        ),
    ] {
        let to = format!("{}/{provider}", library.url);
        for event in events {
            let trigger = ["trigger", provider, event, "--to", &to];
            Tool::run(&[&trigger[..], &["--secret", SECRET]].concat()).await.ends(0);
            let told = Tool::run(&[&trigger[..], &["--secret", "another"]].concat()).await.ends(1);
            assert!(told.contains("401"), "{told}");
        }
    }
}

#[tokio::test]
async fn what_the_providers_libraries_sign_verifies() {
    let Some(library) = Library::start().await else { return };
    for preset in ["github", "stripe"] {
        let path = format!("/signed/{preset}");
        let signed = Client::of(library.address()).get(&path).await.must(200);
        let header = format!("{}: {}", signed["header"].as_str().unwrap(), signed["value"].as_str().unwrap());
        let body = signed["body"].as_str().unwrap().as_bytes();
        let verify = ["verify", "--preset", preset, "--body", "-", "--header", &header];
        Tool::fed(&[&verify[..], &["--secret", SECRET]].concat(), body).await.ends(0);
        Tool::fed(&[&verify[..], &["--secret", "another"]].concat(), body).await.ends(1);
    }
}
