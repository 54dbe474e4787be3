//! One endpoint at full speed: how near to a sender that stores nothing? With few publishers at once and with many: each
//! waits for its answer, and here an answer takes a sync of the disk.

use crate::{
    bench::{Bench, Pace},
    sheet::Sheet,
    subject,
};

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("single");
    for _ in 0..bench.options.runs {
        for &connections in &bench.options.connections {
            let pace = Pace { connections, ..bench.full_speed() };
            let name = |figure| name(figure, connections);
            let relay = subject::relay(bench, pace).await?;
            sheet.add(&name("relay deliveries"), "1/s", relay.delivery.per_second);
            let postrider = subject::postrider(bench, pace).await?;
            sheet.add(&name("postrider deliveries"), "1/s", postrider.delivery.per_second);
            sheet.add(&name("postrider answer p99"), "ms", postrider.publish.ack.p99_ms);
            sheet.add(&name("postrider repeated"), "deliveries", postrider.delivery.counts.repeated as f64);
        }
    }
    for &connections in &bench.options.connections {
        sheet.ratio(&name("postrider deliveries", connections), &name("relay deliveries", connections));
    }
    Ok(sheet)
}

fn name(figure: &str, connections: usize) -> String {
    format!("{figure}, {connections} connections")
}
