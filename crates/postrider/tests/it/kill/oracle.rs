//! What must be true after all that, whatever happened.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use postrider_core::id::MessageId;
use rusqlite::{Connection, OpenFlags};

use super::publisher::Sent;
use super::receiver::{Arrival, Endpoint};

/// Deliveries that a server may have in flight when it is killed: its attempts under way (512 and half as many), and
/// outcomes that are being recorded (two batches of 1,024: one in the writer, one on its way there).
const IN_FLIGHT_MAX: usize = 512 + 256 + 2 * 1_024;

/// The figures of a run in which everything was right.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) acknowledged: u64,
    unknown: usize,
    deliveries: usize,
    repeated: usize,
}

/// An acknowledged message that has not arrived, with success, where it should have; `None` when there is none.
pub(super) fn first_missing(sent: &BTreeMap<u64, Sent>, arrivals: &[Arrival]) -> Option<String> {
    let done: BTreeSet<_> = arrivals
        .iter()
        .filter(|arrival| arrival.status == 200)
        .map(|arrival| (arrival.id, arrival.endpoint))
        .collect();
    sent.iter().find_map(|(n, sent)| {
        let id = sent.acknowledged?;
        let endpoint = matching(*sent).find(|endpoint| !done.contains(&(id, *endpoint)))?;
        Some(format!("message {n}, {id}, at {endpoint:?}"))
    })
}

fn matching(sent: Sent) -> impl Iterator<Item = Endpoint> {
    Endpoint::ALL.into_iter().filter(move |endpoint| endpoint.app() == sent.app && endpoint.wants(sent.topic))
}

/// Holds what came to what was sent, after `kills` kills. Fails the test where something is wrong.
pub(super) fn judge(sent: &BTreeMap<u64, Sent>, arrivals: &[Arrival], kills: u64) -> Verdict {
    assert_eq!(first_missing(sent, arrivals), None);
    assert_known(sent, arrivals);
    assert_whole(sent, arrivals);
    let repeated = assert_repeated_only_over_kills(arrivals, kills);
    let acknowledged = sent.values().filter(|sent| sent.acknowledged.is_some()).count();
    let deliveries =
        arrivals.iter().map(|arrival| (arrival.id, arrival.endpoint)).collect::<BTreeSet<_>>().len();
    Verdict { acknowledged: acknowledged as u64, unknown: sent.len() - acknowledged, deliveries, repeated }
}

/// Nothing came that was not sent, to nobody whom it does not concern, with no other bytes and no other id; all of it
/// was signed.
fn assert_known(sent: &BTreeMap<u64, Sent>, arrivals: &[Arrival]) {
    let (mut numbers, mut ids) = (HashMap::new(), HashMap::new());
    for Arrival { endpoint, id, n, is_intact, is_signed, .. } in arrivals.iter().copied() {
        let sent = *sent.get(&n).unwrap_or_else(|| panic!("{n} came and was never sent"));
        assert!(is_intact, "the body of {n}");
        assert!(matching(sent).any(|own| own == endpoint), "{n} came to {endpoint:?}");
        assert!(is_signed, "the signature of {n} at {endpoint:?}");
        assert_eq!(*numbers.entry(id).or_insert(n), n, "one id for two messages");
        assert_eq!(*ids.entry(n).or_insert(id), id, "two ids for {n}");
        assert!(sent.acknowledged.is_none_or(|own| own == id), "{n} was acknowledged with another id");
    }
}

/// A message that nobody acknowledged was accepted for all its endpoints or for none.
fn assert_whole(sent: &BTreeMap<u64, Sent>, arrivals: &[Arrival]) {
    let mut came: HashMap<u64, BTreeSet<Endpoint>> = HashMap::new();
    for arrival in arrivals {
        came.entry(arrival.n).or_default().insert(arrival.endpoint);
    }
    for (n, endpoints) in came {
        assert!(matching(sent[&n]).eq(endpoints.iter().copied()), "{n} came to {endpoints:?} only");
    }
}

/// A delivery that succeeded comes again only from a later server, and only so many do. Gives how many did.
fn assert_repeated_only_over_kills(arrivals: &[Arrival], kills: u64) -> usize {
    let mut last: HashMap<(MessageId, Endpoint), u64> = HashMap::new();
    let mut by_kill: BTreeMap<u64, usize> = BTreeMap::new();
    for arrival in arrivals {
        let delivery = (arrival.id, arrival.endpoint);
        if let Some(life) = last.get(&delivery) {
            assert!(arrival.life > *life, "{delivery:?} came twice from one server");
            *by_kill.entry(arrival.life).or_default() += 1;
        }
        if arrival.status == 200 {
            last.insert(delivery, arrival.life);
        }
    }
    assert!(by_kill.keys().all(|life| *life <= kills));
    for (life, repeated) in &by_kill {
        assert!(*repeated <= IN_FLIGHT_MAX, "{repeated} deliveries came again after kill {life}");
    }
    by_kill.values().sum()
}

fn open(file: &Path) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// Deliveries that are not done, of a server that runs.
pub(super) fn unfinished(file: &Path) -> i64 {
    let sql = "SELECT count(*) FROM delivery WHERE state < 3";
    open(file).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Asks the database of a server that has ended: it is whole, everything has succeeded, and no delivery was recorded as
/// successful twice, so that what came again is what no record knew of.
pub(super) fn examine(file: &Path, arrivals: &[Arrival]) {
    let database = open(file);
    let ask = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    assert_eq!(ask("SELECT count(*) FROM delivery WHERE state != 3"), 0, "unfinished or failed deliveries");
    let twice = "SELECT count(*) FROM (SELECT 1 FROM attempt WHERE succeeded
                 GROUP BY message_row, endpoint_row HAVING count(*) > 1)";
    assert_eq!(ask(twice), 0, "deliveries that were sent again although their success was on record");
    let recorded = ask("SELECT count(*) FROM attempt");
    assert!(recorded <= arrivals.len() as i64, "{recorded} attempts on record, {} came", arrivals.len());
    let attempts = "SELECT count(*) FROM delivery d WHERE attempts != (SELECT count(*) FROM attempt a INDEXED BY attempt_message
                    WHERE a.message_row = d.message_row AND a.endpoint_row = d.endpoint_row)";
    assert_eq!(ask(attempts), 0, "deliveries whose count of attempts is not that of their records");
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, unknown, deliveries, repeated } = self;
        write!(
            f,
            "{acknowledged} acknowledged, {unknown} unknown, {deliveries} deliveries, {repeated} repeated"
        )
    }
}

mod tests;
