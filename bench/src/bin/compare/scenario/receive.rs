//! Receiving beside publishing: a provider's events to a source, signed, verified, made durable, answered and handed on,
//! at full speed and at the rate that providers' time limits are held to.

use crate::{
    bench::{Bench, Pace},
    sheet::Sheet,
    subject,
};

/// Events a second of the run at a rate.
const RATE: f64 = 1_000.0;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("receive");
    for _ in 0..bench.options.runs {
        for &connections in &bench.options.connections {
            let pace = Pace { connections, ..bench.full_speed() };
            let name = |figure| name(figure, connections);
            let published = subject::postrider(bench, pace).await?;
            sheet.add(&name("published deliveries"), "1/s", published.delivery.per_second);
            let received = subject::source(bench, pace).await?;
            sheet.add(&name("received deliveries"), "1/s", received.delivery.per_second);
            sheet.add(&name("received answers"), "1/s", received.publish.per_second);
            sheet.add(&name("received answer p99"), "ms", received.publish.ack.p99_ms);
        }
        let published = subject::postrider(bench, bench.steady(RATE)).await?;
        sheet.add("published answer p99 at 1,000/s", "ms", published.publish.ack.p99_ms);
        let received = subject::source(bench, bench.steady(RATE)).await?;
        sheet.add("received answer p50 at 1,000/s", "ms", received.publish.ack.p50_ms);
        sheet.add("received answer p99 at 1,000/s", "ms", received.publish.ack.p99_ms);
        sheet.add("received delivery p99 at 1,000/s", "ms", received.delivery.latency.p99_ms);
        sheet.add("generator behind p99 at 1,000/s", "ms", received.publish.behind.p99_ms);
    }
    for &connections in &bench.options.connections {
        sheet.ratio(&name("received deliveries", connections), &name("published deliveries", connections));
    }
    Ok(sheet)
}

fn name(figure: &str, connections: usize) -> String {
    format!("{figure}, {connections} connections")
}
