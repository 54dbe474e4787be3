//! Nodes under load, and rounds of what can happen to them.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use postrider_core::id::EndpointId;
use postrider_core::rng::{Rng as _, TestRng};
use postrider_store::partition::lane_partition;
use serde_json::Value;
use tokio::task::JoinSet;

use super::fault::{Fault, Happened};
use super::fleet::{ATTEMPT_MAX, Fleet};
use super::oracle::{Excuse, Oracle};
use super::publisher::{Answers, Books, publish_steadily};
use super::receiver::{Arrival, Endpoint, Kind, Receivers};
use super::server::Postgres;
use crate::support::{await_until, new_app};

/// How long what was acknowledged may take to arrive after the nodes have settled.
const DRAIN_MAX: Duration = Duration::from_secs(60);
/// The load goes on for so long before anything happens.
const CALM: Duration = Duration::from_millis(200);

/// Everything that a test of faults is made of.
pub(super) struct World {
    servers: Vec<Postgres>,
    /// The server that takes writes.
    main: usize,
    fleet: Fleet,
    receivers: Receivers,
    endpoints: Vec<(Endpoint, EndpointId)>,
    books: Books,
    oracle: Oracle,
    publishers: JoinSet<()>,
    rng: TestRng,
    /// What came in this round.
    recent: Vec<Arrival>,
    came: u64,
}

/// A round in which everything was right.
#[derive(Debug, Clone)]
pub(super) struct Round {
    pub(super) fault: Fault,
    pub(super) took: Duration,
    /// Deliveries that came again, each with a reason to.
    pub(super) repeated: usize,
    /// Nodes that ended by themselves and were started again.
    pub(super) started: u32,
    /// After how long all endpoints of the lost node were served by others; `None` where none was lost, or it had
    /// none.
    pub(super) takeover: Option<Duration>,
    pub(super) answers: Answers,
}

/// What was sent and came in all.
pub(super) struct Total {
    pub(super) acknowledged: usize,
    /// Messages of which nobody knows whether they were accepted.
    pub(super) unknown: usize,
    pub(super) deliveries: usize,
}

impl World {
    /// So many nodes, under load, on these servers, of which the first takes writes.
    pub(super) async fn start(servers: Vec<Postgres>, nodes: usize, seed: u64) -> Self {
        let (receivers, fleet) = (Receivers::start().await, Fleet::start(&servers, nodes).await);
        let app = new_app(&fleet.client(0), "torture").await;
        let endpoints = receivers.enlist(&fleet.client(0), &app).await;
        let books = Books::default();
        let publishers = publish_steadily(&fleet.roster, &app, &books, seed);
        let (oracle, rng) = (Oracle::default(), TestRng::seed(seed));
        let (recent, came) = (Vec::new(), 0);
        Self { servers, main: 0, fleet, receivers, endpoints, books, oracle, publishers, rng, recent, came }
    }

    /// What a node says of itself.
    pub(super) async fn report(&self, node: usize) -> Value {
        self.fleet.report(node).await
    }

    pub(super) fn server(&self) -> &Postgres {
        &self.servers[self.main]
    }

    /// One fault, and the wait until everything is as it should be. Fails the test if that does not come, or anything
    /// is wrong.
    pub(super) async fn round(&mut self, fault: Fault) -> Round {
        tokio::time::sleep(CALM).await;
        let (began, victim) = (Instant::now(), self.rng.below(self.fleet.len() as u64) as usize);
        let lost = if fault.is_taken_over() { self.endpoints_of(victim).await } else { BTreeSet::new() };
        self.recent.clear();
        self.books.take_answers();
        let happened = fault.happen((&mut self.fleet, victim), &self.servers, &self.books, &self.rng).await;
        if fault == Fault::Failover {
            self.main = 1;
        }
        if let Some(until) = happened.under_way_until {
            let from = happened.at.checked_sub(ATTEMPT_MAX).unwrap_or(happened.at);
            self.oracle.excuse(Excuse { from, until, endpoints: lost.clone() });
        }
        let started = self.fleet.settle().await;
        self.drain(&format!("{fault}, node {victim}")).await;
        let repeated = self.judge(&format!("{fault}, node {victim}")).await;
        Round {
            fault,
            took: began.elapsed(),
            repeated,
            started,
            takeover: self.takeover(&happened, &lost),
            answers: self.books.take_answers(),
        }
    }

    /// The endpoints that a node sends to.
    async fn endpoints_of(&self, node: usize) -> BTreeSet<Endpoint> {
        let holder = self.fleet.report(node).await["cluster"]["node"].as_i64().unwrap();
        let own = "SELECT part FROM lane_partition WHERE holder = $1";
        let rows = self.server().client().await.query(own, &[&holder]).await.unwrap();
        let parts: BTreeSet<i16> = rows.iter().map(|row| row.get(0)).collect();
        let is_own = |id: EndpointId| parts.contains(&(lane_partition(id.row()) as i16));
        self.endpoints.iter().filter(|(_, id)| is_own(*id)).map(|(endpoint, _)| *endpoint).collect()
    }

    /// Waits until everything has arrived that was acknowledged by now.
    async fn drain(&mut self, what: &str) {
        let (before, began) = (self.books.next(), Instant::now());
        loop {
            self.hear();
            let oracle = &mut self.oracle;
            let Some(missing) = self.books.read(|sent| oracle.first_missing(sent, before)) else { return };
            assert!(began.elapsed() < DRAIN_MAX, "{what}: acknowledged and lost: {missing}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn hear(&mut self) {
        let arrivals = self.receivers.take();
        self.books.read(|sent| self.oracle.hear(sent, &arrivals));
        self.came += arrivals.len() as u64;
        self.recent.extend(arrivals);
    }

    async fn judge(&mut self, what: &str) -> usize {
        let mut troubles = self.books.take_troubles();
        let oracle = &mut self.oracle;
        let repeated = self.books.read(|sent| oracle.judge(sent, &mut troubles));
        if !troubles.is_empty() {
            let records = self.records().await;
            panic!("{what}:\n{}\n{}", troubles.join("\n"), records.join("\n"));
        }
        repeated
    }

    /// What is on record of deliveries that came again and had no reason to.
    async fn records(&self) -> Vec<String> {
        let database = self.server().client().await;
        let mut records = Vec::new();
        for (message, endpoint) in self.oracle.unexcused() {
            let row = self.endpoints.iter().find(|(known, _)| known == endpoint).map(|(_, id)| id.row());
            let of_delivery =
                "SELECT format('state %s, attempts %s, uncounted %s, trigger %s, holder %s', state,
                                             attempts, uncounted, trigger, holder)
                                 FROM delivery WHERE message_row = $1 AND endpoint_row = $2";
            let of_attempts =
                "SELECT format('attempt %s at %s by trigger %s: %s %s', number, at, trigger, status_code,
                                             failure)
                                 FROM attempt WHERE message_row = $1 AND endpoint_row = $2 ORDER BY number";
            for sql in [of_delivery, of_attempts] {
                let rows = database.query(sql, &[&message.row(), &row]).await.unwrap();
                records.extend(
                    rows.iter().map(|row| format!("{message} {endpoint:?}: {}", row.get::<_, &str>(0))),
                );
            }
        }
        records
    }

    /// How long it took until each of these endpoints got something that was published afterwards. The throttled one
    /// is left out: what waits there goes first.
    fn takeover(&self, happened: &Happened, lost: &BTreeSet<Endpoint>) -> Option<Duration> {
        let served = |endpoint: &Endpoint| {
            let its = |arrival: &&Arrival| arrival.endpoint == *endpoint && arrival.n >= happened.first;
            let first = self.recent.iter().find(its)?;
            Some(first.at.saturating_duration_since(happened.at))
        };
        lost.iter().filter(|endpoint| endpoint.kind() != Kind::Throttled).filter_map(served).max()
    }

    /// Ends the load, and holds everything to the database, the third witness.
    pub(super) async fn finish(mut self) -> Total {
        self.publishers.shutdown().await;
        self.drain("at the end").await;
        // What nobody acknowledged may have been accepted all the same; then it has to arrive as well.
        let database = self.server().client().await;
        let ask = async |sql: &str| database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
        let unfinished = "SELECT count(*) FROM delivery WHERE state < 3";
        await_until("nothing to be left", async || (ask(unfinished).await == 0).then_some(())).await;
        self.drain("at the end").await;
        self.judge("at the end").await;
        let mut troubles = Vec::new();
        let deliveries = self.books.read(|sent| self.oracle.judge_unknown(sent, &mut troubles));
        assert!(troubles.is_empty(), "{}", troubles.join("\n"));

        let failed = ask("SELECT count(*) FROM delivery WHERE state != 3").await;
        assert_eq!(failed, 0, "failed deliveries");
        let stored = ask("SELECT count(*) FROM delivery").await;
        assert_eq!(stored, deliveries as i64, "deliveries on record, and those that came");
        let twice = "SELECT count(*) FROM (SELECT FROM attempt WHERE succeeded
                     GROUP BY message_row, endpoint_row HAVING count(*) > 1) AS twice";
        assert_eq!(ask(twice).await, 0, "deliveries whose success was recorded twice");
        let miscounted = "SELECT count(*) FROM delivery AS d LEFT JOIN
                          (SELECT message_row, endpoint_row, count(*) AS recorded FROM attempt GROUP BY 1, 2) AS a
                          USING (message_row, endpoint_row) WHERE d.attempts != coalesce(a.recorded, 0)";
        assert_eq!(
            ask(miscounted).await,
            0,
            "deliveries whose count of attempts is not that of their records"
        );
        let recorded = ask("SELECT count(*) FROM attempt").await;
        assert!(recorded <= self.came as i64, "{recorded} attempts on record, {} came", self.came);
        self.fleet.stop().await;
        let acknowledged =
            self.books.read(|sent| sent.iter().filter(|sent| sent.acknowledged.is_some()).count());
        Total { acknowledged, unknown: self.books.next() as usize - acknowledged, deliveries }
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, unknown, deliveries } = self;
        write!(f, "{acknowledged} acknowledged, {unknown} unknown, {deliveries} deliveries, 0 lost")
    }
}
