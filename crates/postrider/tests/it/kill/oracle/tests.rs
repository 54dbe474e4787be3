//! An oracle that accepts everything proves nothing: each planted fault must be found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::kill::publisher::Topic;

fn sent(n: u64, topic: Topic, acknowledged: bool) -> (u64, Sent) {
    let payload = format!(r#"{{"n": {n}}}"#);
    (n, Sent { app: 0, topic, payload, acknowledged: acknowledged.then(|| format!("msg_{n}")) })
}

fn arrival(n: u64, endpoint: Endpoint, status: u16, life: u64) -> Arrival {
    let body = format!(r#"{{"n": {n}}}"#).into();
    Arrival { endpoint, id: format!("msg_{n}"), body, is_signed: true, status, life }
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
    let plants: [(&str, Plant); 11] = [
        ("a delivery is lost", |all| drop(all.pop())),
        ("it was refused and never sent again", |all| drop(all.drain(1..2))),
        ("something was never sent", |all| all.push(arrival(7, Endpoint::All, 200, 1))),
        ("a body was changed", |all| all[4].body = r#"{"n": 1 }"#.into()),
        ("a signature does not match", |all| all[4].is_signed = false),
        ("another tenant gets it", |all| all.push(arrival(1, Endpoint::Other, 200, 1))),
        ("the filter lets it through", |all| all.push(arrival(1, Endpoint::Even, 200, 1))),
        ("an unknown one comes to half of its endpoints", |all| {
            all.push(arrival(2, Endpoint::All, 200, 1));
        }),
        ("it comes twice from one server", |all| all.push(arrival(1, Endpoint::All, 200, 1))),
        ("an id is used twice", |all| all[4].id = "msg_0".to_owned()),
        ("more come again than can have been in flight", |all| {
            let again = (100..100 + 2 * IN_FLIGHT_MAX as u64).flat_map(|n| {
                let again = |life| arrival(n, Endpoint::All, 200, life);
                [again(0), again(1)]
            });
            all.extend(again);
        }),
    ];
    for (fault, plant) in plants {
        let (mut sent, mut arrivals) = good();
        plant(&mut arrivals);
        sent.extend((100..100 + 2 * IN_FLIGHT_MAX as u64).map(|n| self::sent(n, Topic::Odd, false)));
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&sent, &arrivals, 1)));
        assert!(judged.is_err(), "not found: {fault}");
    }
}
