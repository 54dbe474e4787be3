//! The server that holds the data directory, if there is one, and what it says of itself.

use std::path::Path;

use http::Method;
use http_body_util::{BodyExt as _, Limited};

use super::Finding;
use crate::app::control::About;
use crate::cli::remote;

const CHECK: &str = "server";
/// Bytes of a health report.
const REPORT_BYTES: usize = 64 * 1024;

/// Asks it whether it is ready; gives what it says of itself if so.
pub(super) async fn look(data_dir: &Path) -> (Finding, Option<About>) {
    let Ok(stream) = remote::connect(data_dir).await else {
        return (Finding::warn(CHECK, format!("none is running in {}", data_dir.display())), None);
    };
    let about = match remote::call(stream, Method::GET, "/control", None, None).await {
        Ok(reply) => serde_json::from_value::<About>(reply.body).map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match (about, readiness(data_dir).await) {
        (Ok(about), Ok((true, _))) => {
            let About { pid, version, address, .. } = &about;
            let detail = format!("version {version} is ready at {address}, process {pid}");
            (Finding::ok(CHECK, detail), Some(about))
        }
        (Err(error), Ok((true, _))) => {
            (Finding::fail(CHECK, format!("is of another version than this program: {error:#}")), None)
        }
        (_, Ok((false, report))) => (Finding::fail(CHECK, format!("is not ready: {report}")), None),
        (_, Err(error)) => (Finding::fail(CHECK, format!("does not answer: {error:#}")), None),
    }
}

async fn readiness(data_dir: &Path) -> anyhow::Result<(bool, String)> {
    let stream = remote::connect(data_dir).await?;
    let response = remote::send(stream, Method::GET, "/readyz?verbose", None, None).await?;
    let is_ready = response.status().is_success();
    let report = Limited::new(response.into_body(), REPORT_BYTES).collect().await;
    let report = report.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
    Ok((is_ready, String::from_utf8_lossy(&report).into_owned()))
}
