//! A schema of its own for each test, in the database that `POSTRIDER_TEST_POSTGRES_URL` names.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::rng::TestRng;
use postrider_store::postgres::{Options, Postgres};
use postrider_store::seal::{SealKey, Sealer};
use tokio_postgres::{Client, NoTls};

/// Where the tests find a database.
const URL: &str = "POSTRIDER_TEST_POSTGRES_URL";
/// No test takes that long: nodes are fenced only where a test means it.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

/// A schema that is dropped with this value.
pub(crate) struct Database {
    url: String,
    pub(crate) schema: String,
}

impl Database {
    /// A new schema named after the test; `None`, with a word about it, where there is no database to test with.
    pub(crate) async fn new(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var(URL) else {
            eprintln!("skipped: {URL} names no database");
            return None;
        };
        // A name has at most 63 bytes, and two tests may begin alike.
        let digest =
            test.bytes().fold(0_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        let schema = format!("test_{}_{:.40}_{digest:016x}", std::process::id(), test);
        let schema = schema.chars().take(63).collect();
        let database = Self { url, schema };
        database.drop_schema().await;
        Some(database)
    }

    /// How to open a store in the schema. Its connections carry the schema's name as that of their application.
    pub(crate) fn options(&self) -> Options {
        let key = SealKey::generate(&TestRng::seed(7));
        let sealer = Arc::new(Sealer::new(&key, Arc::new(TestRng::seed(8))));
        let url = self.url_with(&format!("application_name={}", self.schema));
        Options { schema: self.schema.clone(), lease: LONG, ..Options::new(url, sealer) }
    }

    /// The database's URL with another parameter.
    pub(crate) fn url_with(&self, parameter: &str) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}{parameter}", self.url)
    }

    /// Where the server listens, as it stands in the URL.
    pub(crate) fn authority(&self) -> &str {
        let rest = self.url.split_once("://").expect("it is a URL").1;
        let rest = rest.split_once('/').map_or(rest, |(authority, _)| authority);
        rest.rsplit_once('@').map_or(rest, |(_, authority)| authority)
    }

    pub(crate) async fn open(&self) -> Postgres {
        Postgres::open(&self.options()).await.expect("it opens")
    }

    /// A connection that is not the store's.
    pub(crate) async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.expect("it connects");
        tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path = {}", self.schema)).await.expect("it is a name");
        client
    }

    /// Removes the schema and everything in it.
    pub(crate) async fn drop_schema(&self) {
        let client = self.client().await;
        let drop =
            format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        client.batch_execute(&drop).await.expect("nobody uses it");
    }
}
