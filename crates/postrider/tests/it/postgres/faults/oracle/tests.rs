//! An oracle that accepts everything proves nothing: each planted fault must be found.

use super::*;
use crate::postgres::faults::publisher::Topic;

fn id(n: u64) -> MessageId {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    MessageId::from_bytes(bytes)
}

fn of(kind: Kind) -> Endpoint {
    Endpoint::all().find(|endpoint| endpoint.kind() == kind).unwrap()
}

/// A run that can be made wrong.
struct Run {
    began: Instant,
    sent: Vec<Sent>,
    arrivals: Vec<Arrival>,
    excuses: Vec<Excuse>,
}

impl Run {
    /// Two messages of each topic, of which the last was not acknowledged; each came once everywhere, a second apart;
    /// and for the plain endpoint there is an excuse in the first second.
    fn good() -> Self {
        let began = Instant::now();
        let topics = [Topic::Ordered, Topic::Keyed, Topic::Throttled, Topic::Plain];
        let sent: Vec<_> = topics
            .into_iter()
            .flat_map(|topic| [topic, topic])
            .enumerate()
            .map(|(n, topic)| Sent { topic, publisher: 0, acknowledged: (n < 7).then(|| id(n as u64)) })
            .collect();
        let mut run = Self { began, sent, arrivals: Vec::new(), excuses: Vec::new() };
        for n in 0..8 {
            for endpoint in wanting(run.sent[n as usize]) {
                run.come(n, endpoint, 0);
            }
        }
        run.excuses = vec![Excuse {
            from: began,
            until: began + Duration::from_secs(1),
            endpoints: [of(Kind::Plain)].into(),
        }];
        run
    }

    fn come(&mut self, n: u64, endpoint: Endpoint, seconds: u64) {
        let at = self.began + Duration::from_secs(seconds);
        self.arrivals.push(Arrival { endpoint, n, id: id(n), is_success: true, at });
    }

    /// What is missing, what is wrong, and how many came again.
    fn judge(&self) -> (Option<String>, Vec<String>, usize) {
        let mut oracle = Oracle::default();
        self.excuses.iter().cloned().for_each(|excuse| oracle.excuse(excuse));
        oracle.hear(&self.sent, &self.arrivals);
        let (missing, mut troubles) = (oracle.first_missing(&self.sent, 8), Vec::new());
        let repeated = oracle.judge(&self.sent, &mut troubles);
        oracle.judge_unknown(&self.sent, &mut troubles);
        (missing, troubles, repeated)
    }
}

#[test]
fn a_good_run_is_good() {
    let mut run = Run::good();
    assert_eq!(run.judge(), (None, Vec::new(), 0));
    run.come(6, of(Kind::Plain), 2);
    assert_eq!(run.judge(), (None, Vec::new(), 1), "there is an excuse");
    // What nobody acknowledged need not come at all.
    run.arrivals.retain(|arrival| arrival.n != 7);
    assert_eq!(run.judge(), (None, Vec::new(), 1));
}

#[test]
fn what_is_missing_is_found() {
    let mut run = Run::good();
    run.arrivals.remove(0);
    assert!(run.judge().0.unwrap().contains("message 0"));
    let mut run = Run::good();
    run.arrivals[1].is_success = false;
    assert!(run.judge().0.unwrap().contains("message 0"));
}

#[test]
fn every_planted_fault_is_found() {
    type Plant = fn(&mut Run);
    // What is planted, and a piece of what the oracle must say to it.
    let plants: [(&str, Plant); 9] = [
        ("6 came again", |run| run.excuses.clear()),
        ("6 came again", |run| run.excuses[0].endpoints = [of(Kind::Fifo)].into()),
        ("6 came again", |run| run.excuses[0].from += Duration::from_millis(1)),
        ("1 came before 0", |run| run.arrivals.reverse()),
        ("8 came to", |run| run.come(8, of(Kind::Plain), 0)),
        ("0 came to", |run| run.come(0, of(Kind::Plain), 0)),
        ("two ids for 6", |run| run.arrivals.last_mut().unwrap().id = id(9)),
        ("another id", |run| run.sent[3].acknowledged = Some(id(9))),
        ("and not to", |run| run.arrivals.retain(|it| it.n != 7 || it.endpoint != of(Kind::Flaky))),
    ];
    for (finding, plant) in plants {
        let mut run = Run::good();
        run.come(6, of(Kind::Plain), 3);
        plant(&mut run);
        let (_, troubles, _) = run.judge();
        assert!(troubles.iter().any(|it| it.contains(finding)), "{finding:?} is not in {troubles:?}");
    }
}

#[test]
fn more_than_the_rate_is_found() {
    let mut run = Run::good();
    for n in 8..8 + (RATE + BURST) as u64 {
        run.sent.push(Sent { topic: Topic::Throttled, publisher: 0, acknowledged: None });
        run.come(n, of(Kind::Throttled), 9);
    }
    assert_eq!(run.judge().1, [""; 0]);
    run.sent.push(Sent { topic: Topic::Throttled, publisher: 0, acknowledged: None });
    run.come(run.sent.len() as u64 - 1, of(Kind::Throttled), 9);
    assert!(run.judge().1[0].contains("within a second"));
}
