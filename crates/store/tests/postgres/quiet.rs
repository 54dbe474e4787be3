//! A node that has nothing to do asks little.

use std::time::{Duration, Instant};

use postrider_store::Store;
use postrider_store::postgres::{Options, Postgres};

use crate::database::Database;
use crate::proxy::Proxy;
use crate::sender::until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_node_sends_few_statements() {
    const SECONDS: u32 = 6;
    let Some(database) = Database::new("an_idle_node_sends_few_statements").await else { return };
    let proxy = Proxy::start(database.authority());
    let options = database.options();
    let url = options.url.replacen(database.authority(), &format!("127.0.0.1:{}", proxy.port), 1);
    let lease = Duration::from_secs(5);
    let node = Postgres::open(&Options { url, lease, ..options.clone() }).await.unwrap();
    let other = Postgres::open(&Options { lease, roles: "api".into(), ..options }).await.unwrap();
    until("it has seen the other one", || {
        node.cluster().view().nodes.len() == 2 && node.cluster().view().listening
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, began) = (proxy.asked(), Instant::now());
    tokio::time::sleep(Duration::from_secs(SECONDS.into())).await;
    let rate = f64::from((proxy.asked() - before) as u32) / began.elapsed().as_secs_f64();
    println!("{rate:.2} statements a second");
    assert!(rate > 1.0, "it beats: {rate}");
    // The looks of a server's dispatcher come on top, one every two seconds.
    assert!(rate < 4.0, "{rate}");
    node.close().await.unwrap();
    other.close().await.unwrap();
    database.drop_schema().await;
}
