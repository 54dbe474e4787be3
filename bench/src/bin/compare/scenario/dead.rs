//! A backlog of millions for an endpoint that nobody answers: what does it cost in memory, and does it delay
//! a restart?

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use postrider_bench::{
    load::Aim,
    receiver::Receiver,
    target::{Loopback, Target},
};
use tokio::{net::TcpSocket, time::sleep};

use crate::{
    bench::{Bench, Pace},
    server::Server,
    sheet::Sheet,
    subject,
};

/// Time to let the last commits settle before memory is read.
const SETTLE: Duration = Duration::from_secs(3);
const ONE: Pace = Pace { messages: 1, rate: None, connections: 1 };

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("dead");
    // Bound and never listening: connections are refused, and nobody else can take the port.
    let dead = TcpSocket::new_v4()?;
    dead.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let nobody = Target::new(Loopback::try_from(dead.local_addr()?)?, "/hook");

    let receiver = bench.strict_receiver().await?;
    let mut server = Server::fresh(bench).await?;
    let healthy = subject::one_app(&server, &receiver).await?;
    let aim = server.rest().create_app("dead", 0).await?;
    server.rest().create_endpoint("dead", "one", &nobody.to_string()).await?;

    let backlog = Pace { messages: bench.options.backlog, ..bench.full_speed() };
    let report = bench.load(vec![aim], &server.rest().headers()?, backlog, &receiver).await?;
    sheet.add("backlog accepted", "1/s", report.publish.per_second);
    sleep(SETTLE).await;
    add_memory(&mut sheet, &server, "with the backlog")?;

    for _ in 0..bench.options.runs {
        server = Server::start(bench, server.stop().await?).await?;
        add_restart(&mut sheet, bench, &server, &healthy, &receiver, "stop").await?;
        server = Server::start(bench, server.kill().await?).await?;
        add_restart(&mut sheet, bench, &server, &healthy, &receiver, "crash").await?;
    }
    let report = subject::measured(bench, &server, healthy, bench.full_speed(), &receiver).await?;
    sheet.add("deliveries of a healthy endpoint beside it", "1/s", report.delivery.per_second);
    add_memory(&mut sheet, &server, "after that")?;
    server.kill().await?;
    Ok(sheet)
}

/// From starting the process to a delivery of a message published as soon as it was ready.
async fn add_restart(
    sheet: &mut Sheet,
    bench: &Bench,
    server: &Server,
    healthy: &Aim,
    receiver: &Receiver,
    after: &str,
) -> anyhow::Result<()> {
    bench.load(vec![healthy.clone()], &server.rest().headers()?, ONE, receiver).await?;
    let delivered = server.started().elapsed();
    sheet.add(&format!("start to ready after a {after}"), "ms", server.ready_after().as_secs_f64() * 1000.0);
    sheet.add(&format!("start to first delivery after a {after}"), "ms", delivered.as_secs_f64() * 1000.0);
    Ok(())
}

fn add_memory(sheet: &mut Sheet, server: &Server, when: &str) -> anyhow::Result<()> {
    let memory = server.memory()?;
    sheet.add(&format!("resident {when}"), "MiB", memory.resident);
    sheet.add(&format!("peak {when}"), "MiB", memory.peak);
    Ok(())
}
