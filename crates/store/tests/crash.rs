//! The store in a child process that is killed at named points.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use postrider_core::id::MessageId;
use postrider_core::rng::TestRng;
use postrider_store::Store;
use postrider_store::conformance::{Harness, crash};
use postrider_store::seal::{SealKey, Sealer};
use postrider_store::sqlite::{Options, Sqlite};

/// Where the child finds its directory.
const DIR: &str = "POSTRIDER_TEST_CRASH_DIR";

struct InDir(PathBuf);

impl InDir {
    fn open(&self) -> Arc<dyn Store> {
        let key = SealKey::generate(&TestRng::seed(7));
        let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
        let options = Options { min_free_bytes: 0, ..Options::new(self.0.join("data"), sealer) };
        Arc::new(Sqlite::open(&options).expect("the store opens after whatever happened"))
    }
}

#[async_trait]
impl Harness for InDir {
    async fn fresh(&self) -> Arc<dyn Store> {
        self.open()
    }

    async fn reopen(&self, _: Arc<dyn Store>) -> Arc<dyn Store> {
        unreachable!("the child opens its store once")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of the test below, which ends in the middle"]
async fn child() {
    let dir = PathBuf::from(std::env::var_os(DIR).expect("the parent names a directory"));
    let copy = dir.join("copy.db");
    crash::work(Arc::new(InDir(dir)), &copy, |what, id| {
        let mut out = std::io::stdout();
        writeln!(out, "\nACK {what} {id}").and_then(|()| out.flush()).expect("the parent listens");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_wherever_the_process_was_killed() {
    for point in crash::POINTS {
        let dir = tempfile::tempdir().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .env("POSTRIDER_CRASH_AT", point)
            .env(DIR, dir.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("crash point"), "{point} was not reached:\n{stderr}");
        let acknowledged: Vec<(String, MessageId)> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| line.strip_prefix("ACK ")?.split_once(' '))
            .map(|(what, id)| (what.to_owned(), id.parse().unwrap()))
            .collect();
        let store = InDir(dir.path().to_owned()).open();
        crash::check(&*store, &acknowledged).await;
        store.close().await.unwrap();
    }
}
