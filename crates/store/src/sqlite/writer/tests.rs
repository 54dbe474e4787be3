//! Batches that go well and batches that do not, with jobs that fail in every way.

use std::sync::atomic::{AtomicUsize, Ordering};

use postrider_core::rng::TestRng;
use rusqlite::Connection;

use super::*;
use crate::Health;
use crate::seal::{SealKey, Sealer};
use crate::sqlite::{connection, migrate, sync};

type Outcomes = Arc<Mutex<Vec<(&'static str, Result<(), String>)>>>;

/// Writes a row under its name, and then does what it is told.
struct Probe {
    name: &'static str,
    need: Need,
    then: Box<dyn FnMut() -> Result<(), Error> + Send>,
    outcomes: Outcomes,
}

impl Job for Probe {
    fn run(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        session.conn.execute("INSERT INTO meta (name, value) VALUES (?, 1)", [self.name])?;
        (self.then)()
    }

    fn answer(self: Box<Self>, _: &Arc<Queue>) {
        self.outcomes.lock().push((self.name, Ok(())));
    }

    fn fail(self: Box<Self>, error: Error) {
        self.outcomes.lock().push((self.name, Err(error.to_string())));
    }

    fn need(&self) -> Need {
        self.need
    }
}

struct Bench {
    dir: tempfile::TempDir,
    commits: Arc<AtomicUsize>,
    shared: Shared,
    outcomes: Outcomes,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shared = Shared {
            queue: Queue::new(1 << 20),
            status: Arc::default(),
            ballast: Arc::new(Ballast::new(dir.path(), 0)),
            turn: Arc::default(),
            unsynced: Unsynced::default(),
        };
        Self { dir, commits: Arc::default(), shared, outcomes: Arc::default() }
    }

    fn probe(&self, name: &'static str, then: fn() -> Result<(), Error>) -> Box<dyn Job> {
        self.needing(Need::Room, name, then)
    }

    fn needing(
        &self,
        need: Need,
        name: &'static str,
        then: impl FnMut() -> Result<(), Error> + Send + 'static,
    ) -> Box<dyn Job> {
        Box::new(Probe { name, need, then: Box::new(then), outcomes: Arc::clone(&self.outcomes) })
    }

    /// Runs the batches one after another, syncs them, and gives the names of the rows that are there then.
    fn run(&self, batches: Vec<Vec<Box<dyn Job>>>) -> Vec<String> {
        let mut conn = connection::open(&self.dir.path().join("db"), connection::Purpose::Write).unwrap();
        connection::use_log(&conn).unwrap();
        migrate::migrate(&conn).unwrap();
        let commits = Arc::clone(&self.commits);
        conn.commit_hook(Some(move || {
            commits.fetch_add(1, Ordering::SeqCst);
            false
        }))
        .unwrap();
        let rng = Arc::new(TestRng::seed(1));
        let sealer = Arc::new(Sealer::new(&SealKey::generate(&*rng), rng));
        let mut writer = Writer { shared: &self.shared, session: Session::new(&conn, 1, sealer).unwrap() };
        for mut batch in batches {
            writer.batch(&mut batch);
            assert!(batch.is_empty());
        }
        drop(writer);
        self.shared.unsynced.close();
        sync::run(&self.shared.unsynced, &self.shared.queue, &self.shared.status, || Ok(()));
        names(&conn)
    }

    /// Who was told what, by name.
    fn outcomes(&self) -> Vec<(&'static str, bool)> {
        let mut outcomes: Vec<_> =
            self.outcomes.lock().iter().map(|(name, outcome)| (*name, outcome.is_ok())).collect();
        outcomes.sort_unstable();
        outcomes
    }
}

fn names(conn: &Connection) -> Vec<String> {
    let mut statement = conn.prepare("SELECT name FROM meta ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where other probes fail")]
const fn fine() -> Result<(), Error> {
    Ok(())
}

#[test]
fn a_batch_is_one_commit() {
    let bench = Bench::new();
    let batch = ["a", "b", "c"].map(|name| bench.probe(name, fine)).into();
    assert_eq!(bench.run(vec![batch]), ["a", "b", "c"]);
    assert_eq!(bench.commits.load(Ordering::SeqCst), 1);
    assert_eq!(bench.outcomes(), [("a", true), ("b", true), ("c", true)]);
}

#[test]
fn a_failing_and_a_panicking_job_hurt_only_themselves() {
    let bench = Bench::new();
    let batch = vec![
        bench.probe("a", fine),
        bench.probe("fails", || Err(Error::Engine("poison".into()))),
        bench.probe("b", fine),
        bench.probe("panics", || panic!("poison")),
        bench.probe("c", fine),
    ];
    assert_eq!(bench.run(vec![batch]), ["a", "b", "c"]);
    let outcomes = [("a", true), ("b", true), ("c", true), ("fails", false), ("panics", false)];
    assert_eq!(bench.outcomes(), outcomes);
    let outcomes = bench.outcomes.lock();
    let panicked = outcomes.iter().find(|(name, _)| *name == "panics").unwrap();
    assert!(panicked.1.as_ref().unwrap_err().contains("poison"));
    assert_eq!(bench.shared.status.health(), Health::Ready);
}

#[test]
fn a_full_disk_refuses_what_is_new_and_keeps_the_rest() {
    let bench = Bench::new();
    // Full until what needs room is out of the way.
    let mut tries = 0;
    let batch = vec![
        bench.probe("new", fine),
        bench.needing(Need::Little, "outcome", move || {
            tries += 1;
            if tries == 1 { Err(Error::Full) } else { Ok(()) }
        }),
    ];
    let later = vec![bench.probe("later", fine)];
    assert_eq!(bench.run(vec![batch, later]), ["later", "outcome"]);
    assert_eq!(bench.outcomes(), [("later", true), ("new", false), ("outcome", true)]);
    assert_eq!(bench.shared.status.health(), Health::Full);
}

#[test]
fn a_disk_without_any_room_fails_all_and_the_writer_lives_on() {
    let bench = Bench::new();
    let full = || Err(Error::Full);
    let batch = vec![bench.probe("new", fine), bench.needing(Need::Little, "outcome", full)];
    assert_eq!(bench.run(vec![batch, vec![bench.probe("later", fine)]]), ["later"]);
    assert_eq!(bench.outcomes(), [("later", true), ("new", false), ("outcome", false)]);
}

#[test]
fn after_a_failed_write_nothing_is_acknowledged() {
    let bench = Bench::new();
    let batch = vec![
        bench.probe("a", fine),
        bench.probe("broken", || Err(Error::Broken("disk I/O error".into()))),
        bench.probe("b", fine),
    ];
    assert_eq!(bench.run(vec![batch, vec![bench.probe("later", fine)]]), [""; 0]);
    assert!(bench.outcomes().iter().all(|(_, fine)| !fine) && bench.outcomes().len() == 4);
    assert_eq!(bench.shared.status.health(), Health::Broken);
}
