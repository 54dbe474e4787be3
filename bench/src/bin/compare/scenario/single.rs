//! One endpoint at full speed: how near to a sender that stores nothing?

use crate::{bench::Bench, sheet::Sheet, subject};

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("single");
    for _ in 0..bench.options.runs {
        let relay = subject::relay(bench, bench.full_speed()).await?;
        sheet.add("relay deliveries", "1/s", relay.delivery.per_second);
        let postrider = subject::postrider(bench, bench.full_speed()).await?;
        sheet.add("postrider deliveries", "1/s", postrider.delivery.per_second);
        sheet.add("postrider accepted", "1/s", postrider.publish.per_second);
        sheet.add("postrider answer p99", "ms", postrider.publish.ack.p99_ms);
        sheet.add("postrider repeated", "deliveries", postrider.delivery.counts.repeated as f64);
    }
    sheet.ratio("postrider deliveries", "relay deliveries");
    Ok(sheet)
}
