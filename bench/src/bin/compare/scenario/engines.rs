//! One endpoint at full speed on SQLite, on PostgreSQL with one node, and with several. The database runs on the same
//! cores as everything else.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::{Instant, sleep};

use crate::{
    bench::{Bench, Pace},
    database::Database,
    server::{Home, Server},
    sheet::Sheet,
    subject,
};

/// Longest time until all nodes have their part of the endpoints.
const SHARED_WITHIN: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(50);

pub(super) async fn run(bench: &Bench) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("engines");
    let sizes = [1, bench.options.nodes];
    for _ in 0..bench.options.runs {
        for &connections in &bench.options.connections {
            let pace = Pace { connections, ..bench.full_speed() };
            let sqlite = subject::postrider(bench, pace).await?;
            sheet.add(&on_sqlite(connections), "1/s", sqlite.delivery.per_second);
            for nodes in sizes {
                sheet.add(&on_postgres(nodes, connections), "1/s", cluster(bench, nodes, pace).await?);
            }
        }
    }
    for &connections in &bench.options.connections {
        sheet.ratio(&on_postgres(1, connections), &on_sqlite(connections));
        sheet.ratio(&on_postgres(bench.options.nodes, connections), &on_postgres(1, connections));
    }
    Ok(sheet)
}

fn on_sqlite(connections: usize) -> String {
    format!("SQLite, {connections} connections")
}

fn on_postgres(nodes: u32, connections: usize) -> String {
    format!("PostgreSQL, {nodes} nodes, {connections} connections")
}

/// Deliveries a second of so many nodes, published to all of them alike.
async fn cluster(bench: &Bench, nodes: u32, pace: Pace) -> anyhow::Result<f64> {
    let database = Database::fresh(bench).await?;
    let receiver = bench.strict_receiver().await?;
    let mut servers = Vec::new();
    for _ in 0..nodes {
        servers.push(Server::start(bench, Home::node(bench, database.url()).await?).await?);
    }
    until_shared(&servers).await?;
    let (first, rest) = servers.split_first().expect("there is at least one");
    let aim = subject::one_app(first, &receiver).await?;
    let others: Vec<_> = rest.iter().map(Server::address).collect();
    let headers = first.rest().headers()?;
    let load = async |pace| bench.load_over(vec![aim.clone()], &others, &headers, pace, &receiver).await;
    load(pace.warm_up()).await?;
    let report = load(pace).await?;
    for server in servers {
        server.stop().await?;
    }
    database.remove().await?;
    Ok(report.delivery.per_second)
}

/// Waits until each node has its part of the endpoints.
async fn until_shared(servers: &[Server]) -> anyhow::Result<()> {
    let began = Instant::now();
    for server in servers {
        loop {
            let (report, _) = server.rest().page("/readyz?verbose").await?;
            let parts = &report["cluster"]["partitions"];
            if parts["owned"] == parts["wanted"] && parts["leaving"] == 0 && parts["owned"] != 0 {
                break;
            }
            ensure!(began.elapsed() < SHARED_WITHIN, "the nodes do not share the endpoints: {report}");
            sleep(ASK_EVERY).await;
        }
    }
    Ok(())
}
