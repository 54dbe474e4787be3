//! A standby: what nodes say about it, and the move to it.

use serde_json::{Value, json};

use super::fault::Fault;
use super::fleet::Fleet;
use super::server::Postgres;
use super::world::World;
use crate::support::{alone, await_until, run};

/// Has commits at the primary wait for its standby.
async fn synchronize(primary: &Postgres) {
    primary.wait_for_standby(true).await;
    let database = primary.client().await;
    await_until("the standby to be in step", async || {
        let state = "SELECT sync_state FROM pg_stat_replication";
        let row = database.query_opt(state, &[]).await.unwrap()?;
        (row.get::<_, Option<&str>>(0) == Some("sync")).then_some(())
    })
    .await;
}

/// What `doctor` finds about durability beside a node.
async fn doctor(fleet: &Fleet, server: &Postgres) -> String {
    let (url, password) = (server.url(), format!("store.password={}", server.password()));
    let arguments = ["doctor", "--output", "json", "--database", &url, "--set", &password];
    let findings = run(fleet.data(0).path(), &arguments).await.stdout;
    let findings: Vec<Value> = serde_json::from_str(&findings).unwrap();
    let durability = findings.iter().find(|finding| finding["check"] == "durability").unwrap();
    assert_eq!(durability["verdict"], "ok");
    durability["detail"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_commits_do_not_wait_for_is_not_counted_on() {
    let Some(primary) = Postgres::start().await else { return };
    let standby = primary.standby().await;
    let servers = [primary, standby];
    let mut fleet = Fleet::start(&servers, 1).await;
    assert_eq!(fleet.report(0).await["database"]["durability"], "local");
    let told = doctor(&fleet, &servers[0]).await;
    assert!(told.contains("no standby") && told.contains("synchronous_standby_names"), "{told}");

    synchronize(&servers[0]).await;
    fleet.restart(0).await;
    assert_eq!(fleet.report(0).await["database"]["durability"], json!({"standbys": "standby"}));
    let told = doctor(&fleet, &servers[0]).await;
    assert!(told.contains("synchronous: commits wait for the standbys standby"), "{told}");
    fleet.stop().await;
}

/// With synchronous replication everything that was acknowledged is at the standby too. Nodes have both servers in
/// their URL, and find the one that takes writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_arrives_after_a_failover_to_a_synchronous_standby() {
    let Some(primary) = Postgres::start().await else { return };
    let _alone = alone().await;
    let standby = primary.standby().await;
    synchronize(&primary).await;
    let mut world = World::start(vec![primary, standby], 2, 2).await;
    assert_eq!(world.report(0).await["database"]["durability"], json!({"standbys": "standby"}));
    let round = world.round(Fault::Failover).await;
    println!("{round:?}");
    // Nodes come and go there as they did before.
    for fault in [Fault::Rolling, Fault::Kill] {
        println!("{:?}", world.round(fault).await);
    }
    let durability = world.report(0).await["database"]["durability"].clone();
    assert_eq!(durability, "local", "it was restarted, and no standby is left");
    println!("{}", world.finish().await);
}
