//! `postrider health`: one question to a server's `/readyz`, for images that hold no other client.
//!
//! Deliberately absent: asking other machines. They have clients of their own, and what they would see is another
//! question: whether the network between lets them.

use std::time::Duration;

use clap::Args;
use http::Method;
use http_body_util::{BodyExt as _, Limited};
use postrider_bench::target::Target;

use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::remote;

/// Bytes of the report that a server which is not ready gives.
const REPORT_BYTES: usize = 64 * 1024;

/// Whom to ask.
#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 0 when the server is ready for messages, else with 1, and says on stderr why.

Examples:
  postrider health
  postrider health --url http://127.0.0.1:9000 --timeout-ms 500")]
pub(super) struct Arguments {
    /// Where the server is: plain HTTP, on this machine
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8071")]
    url: Target,
    /// How long the answer may take, in milliseconds
    #[arg(long, value_name = "NUMBER", default_value_t = 3_000)]
    timeout_ms: u64,
}

/// Runs it. Whatever is wrong with the server is one code: those who run health checks know no others.
pub(super) async fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let limit = Duration::from_millis(arguments.timeout_ms);
    match tokio::time::timeout(limit, ask(&arguments.url)).await {
        Ok(answered) => answered.map(|()| Exit::Ok),
        Err(_) => Err(Failure::new(Exit::Failure, format!("no answer within {} ms", limit.as_millis()))),
    }
}

async fn ask(url: &Target) -> Result<(), Failure> {
    let stream = url.address().connect().await.or_exit(Exit::Failure)?;
    let answer = remote::send(stream, Method::GET, "/readyz", None, None).await.or_exit(Exit::Failure)?;
    if answer.status().is_success() {
        return Ok(());
    }
    let report = Limited::new(answer.into_body(), REPORT_BYTES).collect().await;
    let report = report.map_err(|error| anyhow::anyhow!(error)).or_exit(Exit::Failure)?.to_bytes();
    let sentence = format!("the server is not ready: {}", String::from_utf8_lossy(&report).trim());
    Err(Failure::new(Exit::Failure, sentence))
}
