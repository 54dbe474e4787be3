//! An oracle that accepts everything proves nothing: each planted fault must be found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::kill::publisher::Topic;

fn id(n: u64) -> MessageId {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    MessageId::from_bytes(bytes)
}

fn sent(n: u64, topic: Topic, acknowledged: bool) -> (u64, Sent) {
    (n, Sent { app: 0, topic, acknowledged: acknowledged.then(|| id(n)) })
}

fn arrival(n: u64, endpoint: Endpoint, status: u16, life: u64) -> Arrival {
    Arrival { endpoint, id: id(n), n, is_intact: true, is_signed: true, status, life }
}

/// A run in which everything is right, with one kill: a retry, and a repetition after it.
fn good() -> (BTreeMap<u64, Sent>, Vec<Arrival>) {
    let sent = [sent(0, Topic::Even, true), sent(1, Topic::Odd, true), sent(2, Topic::Even, false)].into();
    let arrivals = vec![
        arrival(0, Endpoint::All, 500, 0),
        arrival(0, Endpoint::All, 200, 0),
        arrival(0, Endpoint::Even, 200, 0),
        arrival(0, Endpoint::Even, 200, 1),
        arrival(1, Endpoint::All, 200, 1),
    ];
    (sent, arrivals)
}

#[test]
fn a_good_run_is_good() {
    let (sent, arrivals) = good();
    let verdict = judge(&sent, &arrivals, 1);
    let Verdict { acknowledged, unknown, deliveries, repeated } = verdict;
    assert_eq!((acknowledged, unknown, deliveries, repeated), (2, 1, 3, 1));
}

#[test]
fn every_planted_fault_is_found() {
    type Plant = fn(&mut Vec<Arrival>);
    // What is planted, and a piece of what the oracle must say to it.
    let plants: [(&str, Plant); 12] = [
        ("message 1", |all| all.truncate(4)),
        ("message 0", |all| all[1].status = 500),
        ("never sent", |all| all.push(arrival(7, Endpoint::All, 200, 1))),
        ("the body of 1", |all| all[4].is_intact = false),
        ("the signature of 1", |all| all[4].is_signed = false),
        ("1 came to Other", |all| all.push(arrival(1, Endpoint::Other, 200, 1))),
        ("1 came to Even", |all| all.push(arrival(1, Endpoint::Even, 200, 1))),
        ("2 came to {All} only", |all| all.push(arrival(2, Endpoint::All, 200, 1))),
        ("twice from one server", |all| all.push(arrival(1, Endpoint::All, 200, 1))),
        ("one id for two messages", |all| {
            all.push(Arrival { id: id(1), ..arrival(0, Endpoint::All, 200, 1) });
        }),
        ("two ids for 1", |all| {
            all.push(Arrival { id: id(8), ..arrival(1, Endpoint::All, 200, 1) });
        }),
        ("came again after kill 1", |all| {
            let twice = |n| [arrival(n, Endpoint::All, 200, 0), arrival(n, Endpoint::All, 200, 1)];
            all.extend((100..101 + IN_FLIGHT_MAX as u64).flat_map(twice));
        }),
    ];
    for (finding, plant) in plants {
        let (mut sent, mut arrivals) = good();
        plant(&mut arrivals);
        sent.extend((100..101 + IN_FLIGHT_MAX as u64).map(|n| self::sent(n, Topic::Odd, false)));
        let panic = catch_unwind(AssertUnwindSafe(|| judge(&sent, &arrivals, 1))).expect_err(finding);
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(said.contains(finding), "{finding:?} is not in {said:?}");
    }
}
