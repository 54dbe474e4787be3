//! The conformance suite on SQLite.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use postrider_core::rng::TestRng;
use postrider_store::Store;
use postrider_store::conformance::{self, Harness};
use postrider_store::seal::{SealKey, Sealer};
use postrider_store::sqlite::{Options, Sqlite};

struct OnSqlite(tempfile::TempDir);

impl OnSqlite {
    fn open(&self) -> Arc<dyn Store> {
        let key = SealKey::generate(&TestRng::seed(7));
        let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
        let options = Options { min_free_bytes: 0, ..Options::new(PathBuf::from(self.0.path()), sealer) };
        Arc::new(Sqlite::open(&options).expect("it opens"))
    }
}

#[async_trait]
impl Harness for OnSqlite {
    async fn fresh(&self) -> Arc<dyn Store> {
        self.open()
    }

    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store.close().await.expect("it closes");
        self.open()
    }
}

macro_rules! on_sqlite {
    ($($group:ident::$case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let harness = OnSqlite(tempfile::tempdir().unwrap());
            conformance::run(Arc::new(harness), conformance::$group::$case).await;
        }
    )*};
}

postrider_store::for_each_case!(on_sqlite);
