//! The dashboard with a million deliveries: how long its pages take at the server.
//!
//! Messages go to ten endpoints, of which one refuses connections: a tenth of the deliveries is in trouble.

use std::net::{Ipv4Addr, SocketAddr};

use postrider_bench::target::{Loopback, Target};
use tokio::net::TcpSocket;

use crate::{
    bench::{Bench, Pace},
    server::Server,
    sheet::Sheet,
    subject::APP,
};

/// Reads of each page; the first ones, which find nothing in memory, count too.
const READS: usize = 20;
/// Endpoints that answer.
const WELL: u32 = 9;

/// The pages: what they are called, and where they are below the environment.
const PAGES: [(&str, &str); 15] = [
    ("overview", "overview"),
    ("deliveries", "deliveries"),
    ("deliveries, retrying", "deliveries?q=status%3Aretrying"),
    ("deliveries, of an event type", "deliveries?q=type%3Aorder.created"),
    ("deliveries, text that is nowhere", "deliveries?q=nowhere%2Dto%2Dbe%2Dfound"),
    ("messages", "messages"),
    ("issues", "issues"),
    ("analytics", "analytics"),
    ("replays", "replays"),
    ("applications", "applications"),
    ("endpoints", "endpoints"),
    ("event types", "event-types"),
    ("sources", "sources"),
    ("audit log", "audit"),
    ("system", "system"),
];

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("dashboard");
    // Bound and never listening: connections are refused, and nobody else can take the port.
    let dead = TcpSocket::new_v4()?;
    dead.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let nobody = Target::new(Loopback::try_from(dead.local_addr()?)?, "/hook");

    let receiver = bench.strict_receiver().await?;
    let server = Server::fresh(bench).await?;
    let cookie = server.rest().sign_in(&server.first_link().await?).await?;
    let aim = server.rest().create_app(APP, WELL).await?;
    for lane in 0..WELL {
        let url = receiver.url(&format!("/hook/{lane}"));
        server.rest().create_endpoint(APP, &format!("lane-{lane}"), &url).await?;
    }
    server.rest().create_endpoint(APP, "dead", &nobody.to_string()).await?;
    let messages = bench.options.deliveries.div_ceil(u64::from(WELL) + 1);
    let fill = Pace { messages, ..bench.full_speed() };
    eprintln!("  filling: {messages} messages to {} endpoints", WELL + 1);
    bench.load(vec![aim], &server.rest().headers()?, fill, &receiver).await?;

    let home = server.rest().home(&cookie).await?;
    for (name, path) in PAGES {
        let path = format!("{home}/{path}");
        let mut times = Vec::with_capacity(READS);
        for _ in 0..READS {
            times.push(server.rest().view(&path, &cookie).await?.as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        sheet.add(&format!("{name}, median"), "ms", times[READS / 2]);
        sheet.add(&format!("{name}, slowest"), "ms", times[READS - 1]);
    }
    server.stop().await?;
    Ok(sheet)
}
