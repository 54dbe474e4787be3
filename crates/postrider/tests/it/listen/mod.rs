//! Listening: what sources receive, told to a developer's machine, by our protocol and by those of others.

mod command;
mod group;
mod protocol;
mod smee;
mod socket;
mod stream;
mod sync;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, KEY, PATIENCE, Receiver, Server, await_until};
use crate::tools;

const LISTEN: &str = "/ingest/api/v1/listen";

/// A server with a source, and a program that would be a developer's.
struct Scene {
    server: Server,
    client: Client,
    receiver: Receiver,
    /// `/in/TOKEN`.
    address: String,
    state: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        Self::with(json!({})).await
    }

    /// With this configuration of the source, whose uid is `shop`.
    async fn with(config: Value) -> Self {
        Self::on(Server::start().await, config).await
    }

    async fn on(server: Server, config: Value) -> Self {
        let client = server.client();
        let address = source(&client, "shop", config).await;
        Self {
            server,
            client,
            receiver: Receiver::start().await,
            address,
            state: tempfile::tempdir().unwrap(),
        }
    }

    /// A webhook comes to the source; the answer's status.
    async fn send(&self, body: &str) -> u16 {
        send(&self.client, &self.address, body).await
    }

    /// Runs `postrider listen ARGUMENTS` until it is stopped.
    fn listen(&self, arguments: &[&str]) -> Listening {
        Listening::start(&self.server, self.state.path(), arguments)
    }

    /// The same to its end.
    async fn run(&self, arguments: &[&str]) -> tools::Tool {
        let command = command(&self.server, self.state.path(), arguments);
        tools::Tool::of(command, b"").await
    }
}

/// A source that checks nothing; gives its address.
async fn source(client: &Client, uid: &str, config: Value) -> String {
    let body = json!({"name": uid, "uid": uid, "type": "generic-webhook", "config": config});
    let made = client.post("/ingest/api/v1/source", body).await.must(201);
    let url = made["ingestUrl"].as_str().unwrap();
    url[url.find("/in/").unwrap()..].to_owned()
}

async fn send(client: &Client, address: &str, body: &str) -> u16 {
    let anybody = client.without_key();
    anybody.ask(Method::POST, address).body(body.to_owned()).send().await.status
}

fn command(server: &Server, state: &std::path::Path, arguments: &[&str]) -> std::process::Command {
    let mut command = tools::command();
    command.arg("listen").args(arguments).arg("--state-dir").arg(state);
    command.args(["--server", &format!("http://{}", server.address)]).env("POSTRIDER_KEY", KEY);
    command
}

/// A running `postrider listen`. It is killed with the test.
struct Listening {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

impl Listening {
    fn start(server: &Server, state: &std::path::Path, arguments: &[&str]) -> Self {
        let mut command = command(server, state, arguments);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Waits until it says that it listens.
    async fn ready(self) -> Self {
        await_until("it to listen", async || self.stderr.lock().unwrap().contains("listening").then_some(()))
            .await;
        self
    }

    fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until it ends by itself, and gives its exit code.
    async fn ended(&mut self) -> Option<i32> {
        let status = await_until("it to end", async || self.child.try_wait().unwrap()).await;
        // Whoever collects what it said has let go of it when there is no more.
        let pipes = [&self.stdout, &self.stderr];
        await_until("its last words", async || {
            pipes.iter().all(|pipe| Arc::strong_count(pipe) == 1).then_some(())
        })
        .await;
        status.code()
    }

    /// Kills it, as a crash would.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- listen\n{}\n{}", self.stdout(), self.stderr());
        }
    }
}

fn collect(pipe: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&text);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut kept = kept.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    text
}

/// Waits for something that a server says, with the bound that all tests have.
async fn in_time<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    let found = tokio::time::timeout(PATIENCE, waiting).await;
    found.unwrap_or_else(|_| panic!("waited {PATIENCE:?} for {what}"))
}
