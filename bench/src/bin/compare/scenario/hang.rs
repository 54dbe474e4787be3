//! Two applications share the traffic. In calm both endpoints answer at once; then the second answers after
//! 20 s. What does the first one notice?
//!
//! Throughput is taken at full speed. The p99 is taken at a rate, because at full speed a delivery time is
//! only the length of the queue.

use std::time::Duration;

use postrider_bench::receiver::Rules;

use crate::{
    bench::{Bench, Pace},
    server::Server,
    sheet::Sheet,
    subject::{self, APP},
};

/// Beyond the usual deadline of an attempt.
const SLOW: Duration = Duration::from_secs(20);
/// The part of the maximum rate at which times are taken.
const PART: f64 = 0.25;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("hang");
    let rate = subject::max_rate(bench).await? * PART;
    for _ in 0..bench.options.runs {
        for (name, delay) in [("calm", Duration::ZERO), ("hang", SLOW)] {
            let [per_second, p99_ms] = once(bench, delay, rate).await?;
            sheet.add(&format!("{name} deliveries of the healthy half"), "1/s", per_second);
            sheet.add(&format!("{name} p99 of the healthy half"), "ms", p99_ms);
        }
    }
    sheet.ratio("hang deliveries of the healthy half", "calm deliveries of the healthy half");
    sheet.ratio("hang p99 of the healthy half", "calm p99 of the healthy half");
    Ok(sheet)
}

/// Deliveries a second at full speed, and the p99 in milliseconds at a rate.
async fn once(bench: &Bench, delay: Duration, rate: f64) -> anyhow::Result<[f64; 2]> {
    let healthy = bench.strict_receiver().await?;
    let other = bench.receiver(Rules { delay, ..Rules::default() }).await?;
    let server = Server::fresh(bench).await?;
    let aims = [
        server.rest().create_app(APP, 1).await?,
        // Not counted: in calm to treat both alike, in trouble because they cannot be waited for.
        server.rest().create_app("other", 0).await?,
    ];
    server.rest().create_endpoint(APP, "one", &healthy.url("/hook")).await?;
    server.rest().create_endpoint("other", "one", &other.url("/hook")).await?;
    let headers = server.rest().headers()?;
    let load = async |pace: Pace| bench.load(aims.to_vec(), &headers, pace, &healthy).await;
    load(Pace { messages: bench.options.messages / 10, ..bench.full_speed() }).await?;
    let full = load(bench.full_speed()).await?;
    let steady = load(bench.steady(rate)).await?;
    // An orderly stop would wait for the attempts that hang.
    server.kill().await?;
    Ok([full.delivery.per_second, steady.delivery.latency.p99_ms])
}
