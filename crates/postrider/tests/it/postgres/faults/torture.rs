//! Several nodes under load, and one thing after another that can happen to them and to their database.
//!
//! `cargo xtask torture --postgres` runs this for longer. `POSTRIDER_TORTURE_ROUNDS` sets the number of rounds,
//! `POSTRIDER_TORTURE_NODES` that of nodes, and `POSTRIDER_TORTURE_SEED` repeats a run's choices (though not its
//! timing). Of as many rounds as there are faults, each is one.

use std::time::Duration;

use postrider_core::rng::{Rng, SystemRng, TestRng};

use super::fault::Fault;
use super::report::Report;
use super::server::Postgres;
use super::world::World;
use crate::support::alone;

/// Rounds of an ordinary run: each fault once.
const ROUNDS: u64 = Fault::ALL.len() as u64;
const NODES: u64 = 3;
/// The median time after which the endpoints of a lost node are served by others.
const TAKEOVER_MAX: Duration = Duration::from_secs(10);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// All faults in an order by chance.
fn shuffled(rng: &dyn Rng) -> Vec<Fault> {
    let mut faults = Fault::ALL.to_vec();
    for last in (1..faults.len()).rev() {
        faults.swap(last, rng.below(last as u64 + 1) as usize);
    }
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_only_what_was_under_way_at_a_lost_node_comes_again() {
    let Some(server) = Postgres::start().await else { return };
    let _alone = alone().await;
    let rounds = number("POSTRIDER_TORTURE_ROUNDS").unwrap_or(ROUNDS);
    let nodes = number("POSTRIDER_TORTURE_NODES").unwrap_or(NODES);
    let seed = number("POSTRIDER_TORTURE_SEED").unwrap_or_else(|| SystemRng::new().below(u64::MAX));
    println!("torture: {rounds} rounds with {nodes} nodes, --seed {seed}");

    let mut world = World::start(vec![server], nodes as usize, seed).await;
    let (mut report, rng) = (Report::of(rounds), TestRng::seed(seed));
    let mut faults = Vec::new();
    for _ in 0..rounds {
        if faults.is_empty() {
            faults = shuffled(&rng);
        }
        let fault = faults.pop().expect("there are faults");
        report.add(world.round(fault).await);
    }
    let total = world.finish().await;
    println!("{report}\n{total}, --seed {seed}");
    assert!(total.acknowledged as u64 > rounds * 20, "there was hardly any load: {total}");
    let takeover = report.takeover();
    assert!(takeover.is_none_or(|median| median <= TAKEOVER_MAX), "the median takeover is {takeover:?}");
}
