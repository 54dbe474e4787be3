//! Commands as destinations, filters of sources, and importing what uses both.

mod exec;
mod filter;
mod hooks;

use std::path::Path;

use http::Method;
use postrider::config::{Command, Texts};
use serde_json::Value;

use crate::support::{Client, Reply, Server, await_until, hmac_hex};

const SOURCES: &str = "/ingest/api/v1/source";
/// Writes its arguments to the file `$OUT/MESSAGE`, each ended by a NUL.
const KEEP: &str = r#"for argument in "$@"; do printf '%s\0' "$argument"; done > "$OUT/.part"; mv "$OUT/.part" "$OUT/$POSTRIDER_MESSAGE_ID""#;

/// A command that runs `script`, of which `$OUT` is `out`, with these arguments. The shell is the program that is tested
/// with: an argument that reaches the script reached a program.
fn script(script: &str, out: &Path, arguments: &[&str]) -> Command {
    let fixed = ["-c", script, "script"];
    Command {
        program: "/bin/sh".into(),
        arguments: Texts(fixed.iter().chain(arguments).map(|text| escaped_unless(text, arguments)).collect()),
        environment: Texts(vec![format!("OUT={}", out.display())]),
        ..Command::default()
    }
}

/// The text of a script has braces of its own; those of arguments are places.
fn escaped_unless(text: &str, places: &[&str]) -> String {
    if places.contains(&text) { text.to_owned() } else { text.replace('{', "{{").replace('}', "}}") }
}

/// A server with these commands.
async fn server(commands: impl IntoIterator<Item = (&'static str, Command)>) -> Server {
    let commands = commands.into_iter().map(|(name, command)| (name.to_owned(), command)).collect();
    Server::builder().config(|config| config.exec = commands).start().await
}

/// What [`KEEP`] has kept of the run for this message.
async fn kept(out: &Path, message: &str) -> Vec<String> {
    let path = out.join(message);
    let text = await_until("the command", async || std::fs::read(&path).ok()).await;
    let arguments = text.strip_suffix(b"\0").unwrap_or_default().split(|byte| *byte == 0);
    arguments.map(|argument| String::from_utf8(argument.to_vec()).unwrap()).collect()
}

/// The path of a source's address.
fn path_of(address: &Value) -> String {
    let address = address.as_str().unwrap();
    address[address.find("/in/").unwrap()..].to_owned()
}

/// A request to a source, without a key.
async fn send(client: &Client, address: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let anybody = client.without_key();
    let asking = headers
        .iter()
        .fold(anybody.ask(Method::POST, address), |asking, (name, value)| asking.header(name, value));
    asking.body(body.to_owned()).send().await
}

/// The received messages of a source, newest first.
async fn receptions(client: &Client, source: &str) -> Vec<Value> {
    client.get(&format!("{SOURCES}/{source}/reception")).await.must(200)["data"].as_array().unwrap().clone()
}

/// `sha256=` and HMAC-SHA256 in hexadecimal digits.
fn signed(secret: &str, body: &str) -> String {
    format!("sha256={}", hmac_hex(secret, body))
}
