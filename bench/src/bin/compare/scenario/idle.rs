//! A server without work: how soon is it ready, and what does it hold?

use std::time::Duration;

use tokio::time::sleep;

use crate::{bench::Bench, server::Server, sheet::Sheet};

/// Time for the work of starting to end.
const SETTLE: Duration = Duration::from_secs(2);

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("idle");
    let size = std::fs::metadata(&bench.options.postrider)?.len();
    sheet.add("binary", "MiB", size as f64 / (1024.0 * 1024.0));
    for _ in 0..bench.options.runs {
        let first = Server::fresh(bench).await?;
        sheet.add("first start to ready", "ms", first.ready_after().as_secs_f64() * 1000.0);
        let again = Server::start(bench, first.stop().await?).await?;
        sheet.add("later start to ready", "ms", again.ready_after().as_secs_f64() * 1000.0);
        sleep(SETTLE).await;
        sheet.add("resident", "MiB", again.memory()?.resident);
        again.stop().await?;
    }
    Ok(sheet)
}
