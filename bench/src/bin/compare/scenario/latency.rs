//! Time from publish to delivery at a tenth of the maximum rate. The relay shows how much of it is the
//! machine's.

use postrider_bench::report::Report;

use crate::{bench::Bench, sheet::Sheet, subject};

/// The part of the maximum rate at which nothing should have to wait.
const PART: f64 = 0.1;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("latency");
    let rate = subject::max_rate(bench).await? * PART;
    sheet.add("rate", "1/s", rate);
    for _ in 0..bench.options.runs {
        let relay = subject::relay(bench, bench.steady(rate)).await?;
        add(&mut sheet, "relay", &relay);
        let postrider = subject::postrider(bench, bench.steady(rate)).await?;
        add(&mut sheet, "postrider", &postrider);
    }
    Ok(sheet)
}

fn add(sheet: &mut Sheet, subject: &str, report: &Report) {
    sheet.add(&format!("{subject} delivery p50"), "ms", report.delivery.latency.p50_ms);
    sheet.add(&format!("{subject} delivery p99"), "ms", report.delivery.latency.p99_ms);
    sheet.add(&format!("{subject} answer p50"), "ms", report.publish.ack.p50_ms);
    // A generator that cannot keep its rate measures itself.
    sheet.add(&format!("{subject} generator behind p99"), "ms", report.publish.behind.p99_ms);
}
