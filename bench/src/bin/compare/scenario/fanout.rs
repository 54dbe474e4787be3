//! One message to many endpoints: deliveries a second by fan-out, with as many deliveries in every run.

use crate::{
    bench::{Bench, Pace},
    server::Server,
    sheet::Sheet,
    subject::{self, APP},
};

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("fanout");
    for _ in 0..bench.options.runs {
        for fanout in &bench.options.fanouts {
            let deliveries = once(bench, *fanout).await?;
            sheet.add(&name(*fanout), "1/s", deliveries);
        }
    }
    if let [least, .., most] = bench.options.fanouts[..] {
        sheet.ratio(&name(most), &name(least));
    }
    Ok(sheet)
}

async fn once(bench: &Bench, fanout: u32) -> anyhow::Result<f64> {
    let receiver = bench.strict_receiver().await?;
    let server = Server::fresh(bench).await?;
    let aim = server.rest().create_app(APP, fanout).await?;
    for lane in 0..fanout {
        // The number at the end is how the receiver tells the endpoints apart.
        let url = receiver.url(&format!("/hook/{lane}"));
        server.rest().create_endpoint(APP, &format!("lane-{lane}"), &url).await?;
    }
    let pace =
        Pace { messages: bench.options.messages.div_ceil(u64::from(fanout.max(1))), ..bench.full_speed() };
    let report = subject::measured(bench, &server, aim, pace, &receiver).await?;
    server.stop().await?;
    Ok(report.delivery.per_second)
}

fn name(fanout: u32) -> String {
    format!("deliveries, {fanout} endpoints")
}
