//! The conformance suite on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use postrider_store::Store;
use postrider_store::conformance::{self, Harness};

use crate::database::Database;

struct OnPostgres(Arc<Database>);

#[async_trait]
impl Harness for OnPostgres {
    async fn fresh(&self) -> Arc<dyn Store> {
        Arc::new(self.0.open().await)
    }

    async fn reopen(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store.close().await.expect("it closes");
        Arc::new(self.0.open().await)
    }
}

macro_rules! on_postgres {
    ($($group:ident::$case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let Some(database) = Database::new(stringify!($case)).await else { return };
            let database = Arc::new(database);
            let harness = Arc::new(OnPostgres(Arc::clone(&database)));
            conformance::run(harness, conformance::$group::$case).await;
            database.drop_schema().await;
        }
    )*};
}

postrider_store::for_each_case!(on_postgres);
