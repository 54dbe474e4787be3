//! What is compared: the relay, and Postrider with one application and one endpoint.

use std::time::{Duration, Instant};

use anyhow::bail;
use postrider_bench::{
    load::Aim,
    receiver::{Receiver, Rules},
    report::Report,
    target::Target,
};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    bench::{Bench, Pace, SECRET},
    process::Process,
    server::{self, Server},
};

/// The application under load.
pub(crate) const APP: &str = "bench";

const RELAY_WITHIN: Duration = Duration::from_secs(10);
const ASK_EVERY: Duration = Duration::from_millis(2);

/// A fresh relay under load.
pub(crate) async fn relay(bench: &Bench, pace: Pace) -> anyhow::Result<Report> {
    let receiver = bench.strict_receiver().await?;
    let address = server::free_port().await?;
    let (listen, deliver) = (address.addr().to_string(), receiver.url("/hook"));
    let args = ["--listen", &listen, "--deliver", &deliver, "--secret", SECRET];
    let directory = TempDir::new()?;
    let mut process = Process::start(&bench.relay, args, &[], directory.path().join("log"))?;
    let started = Instant::now();
    while address.connect().await.is_err() {
        process.check()?;
        if started.elapsed() > RELAY_WITHIN {
            bail!("the relay does not answer within {RELAY_WITHIN:?}");
        }
        sleep(ASK_EVERY).await;
    }
    let aim = Aim { target: Target::new(address, "/publish"), share: 1, fanout: 1 };
    bench.load(vec![aim.clone()], &[], pace.warm_up(), &receiver).await?;
    let report = bench.load(vec![aim], &[], pace, &receiver).await?;
    process.kill().await?;
    Ok(report)
}

/// A fresh Postrider under load.
pub(crate) async fn postrider(bench: &Bench, pace: Pace) -> anyhow::Result<Report> {
    let receiver = bench.strict_receiver().await?;
    let server = Server::fresh(bench).await?;
    let aim = one_app(&server, &receiver).await?;
    let report = measured(bench, &server, aim, pace, &receiver).await?;
    server.stop().await?;
    Ok(report)
}

/// A fresh Postrider that receives: events of a provider, verified, kept, and handed on to one endpoint.
pub(crate) async fn source(bench: &Bench, pace: Pace) -> anyhow::Result<Report> {
    // What goes on as it came has no signature of ours.
    let receiver = bench.receiver(Rules::default()).await?;
    let server = Server::fresh(bench).await?;
    let source = server.rest().create_source(SECRET, &receiver.url("/hook")).await?;
    bench.events(source.clone(), SECRET, pace.warm_up(), &receiver).await?;
    let report = bench.events(source, SECRET, pace, &receiver).await?;
    server.stop().await?;
    Ok(report)
}

/// Creates the application with one endpoint at the receiver.
pub(crate) async fn one_app(server: &Server, receiver: &Receiver) -> anyhow::Result<Aim> {
    let aim = server.rest().create_app(APP, 1).await?;
    server.rest().create_endpoint(APP, "one", &receiver.url("/hook")).await?;
    Ok(aim)
}

/// A run on a server, after its warm-up.
pub(crate) async fn measured(
    bench: &Bench,
    server: &Server,
    aim: Aim,
    pace: Pace,
    receiver: &Receiver,
) -> anyhow::Result<Report> {
    let headers = server.rest().headers()?;
    bench.load(vec![aim.clone()], &headers, pace.warm_up(), receiver).await?;
    bench.load(vec![aim], &headers, pace, receiver).await
}

/// Messages a second that count as the maximum: the option, or what one run at full speed reaches.
pub(crate) async fn max_rate(bench: &Bench) -> anyhow::Result<f64> {
    match bench.options.max_rate {
        Some(rate) => Ok(rate),
        None => Ok(postrider(bench, bench.full_speed()).await?.delivery.per_second),
    }
}
