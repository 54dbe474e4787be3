//! A database of millions of delivered messages: is it still as fast as an empty one, and are its pages?

use postrider_bench::{load::Aim, receiver::Receiver};

use crate::{
    bench::{Bench, Pace},
    pages,
    server::Server,
    sheet::Sheet,
    subject,
};

/// Messages between two words about the progress.
const STEP: u64 = 500_000;

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("grown");
    let receiver = bench.strict_receiver().await?;
    let mut server = Server::fresh(bench).await?;
    let aim = subject::one_app(&server, &receiver).await?;
    fill(bench, &server, &aim, &receiver).await?;
    for _ in 0..bench.options.runs {
        // Only one server runs at a time, so that the upkeep of one does not slow the other.
        let home = server.stop().await?;
        let empty = subject::postrider(bench, bench.full_speed()).await?;
        sheet.add("empty deliveries", "1/s", empty.delivery.per_second);
        server = Server::start(bench, home).await?;
        sheet.add("grown start to ready", "ms", server.ready_after().as_secs_f64() * 1000.0);
        let grown = subject::measured(bench, &server, aim.clone(), bench.full_speed(), &receiver).await?;
        sheet.add("grown deliveries", "1/s", grown.delivery.per_second);
    }
    sheet.ratio("grown deliveries", "empty deliveries");
    pages::time(&server, &mut sheet).await?;
    sheet.add("grown resident", "MiB", server.memory()?.resident);
    server.stop().await?;
    Ok(sheet)
}

async fn fill(bench: &Bench, server: &Server, aim: &Aim, receiver: &Receiver) -> anyhow::Result<()> {
    let mut left = bench.options.grown;
    while left > 0 {
        eprintln!("  filling: {left} messages left");
        let messages = left.min(STEP);
        let pace = Pace { messages, ..bench.full_speed() };
        bench.load(vec![aim.clone()], &server.rest().headers()?, pace, receiver).await?;
        left -= messages;
    }
    Ok(())
}
