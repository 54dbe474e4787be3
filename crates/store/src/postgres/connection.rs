//! A connection out of a pool, and how statements run on it: prepared once for each connection, by their text.
//!
//! Statements that do not depend on each other's rows are sent together (`tokio::join!` of several calls): the requests
//! go out in the order in which the calls are first polled, and the server runs them in that order.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{CopyInSink, Error, Row, RowStream, Statement};

/// What a statement is given.
pub(super) type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

/// A connection that nobody else uses now. Dropped, it goes back to its pool; dropped in the middle of a transaction, it
/// is closed, and the server undoes what was begun.
pub(super) struct Connection {
    /// There until the connection is dropped.
    client: Option<Object>,
    in_transaction: AtomicBool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.in_transaction.load(Ordering::Relaxed)
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

impl Connection {
    pub(super) const fn new(client: Object) -> Self {
        Self { client: Some(client), in_transaction: AtomicBool::new(false) }
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("it is taken only by drop")
    }

    /// To be called with `true` before BEGIN is sent, and with `false` when the transaction has surely ended.
    pub(super) fn set_in_transaction(&self, is: bool) {
        self.in_transaction.store(is, Ordering::Relaxed);
    }

    /// All rows that the statement gives.
    pub(super) async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().query(&statement, params).await
    }

    /// The rows that the statement gives, as they come: for who may have enough before the last of them. The rest is then
    /// read and forgotten, so a statement should not promise much more than is wanted.
    pub(super) async fn stream(&self, sql: &str, params: Params<'_>) -> Result<RowStream, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().query_raw(&statement, params.iter().copied()).await
    }

    /// The row that the statement gives, if it gives one. It must not give several.
    pub(super) async fn row(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().query_opt(&statement, params).await
    }

    /// Runs the statement and says how many rows it touched.
    pub(super) async fn run(&self, sql: &str, params: Params<'_>) -> Result<u64, Error> {
        let statement = self.client().prepare_cached(sql).await?;
        self.client().execute(&statement, params).await
    }

    /// Whether the statement gives any row.
    pub(super) async fn exists(&self, sql: &str, params: Params<'_>) -> Result<bool, Error> {
        Ok(!self.rows(sql, params).await?.is_empty())
    }

    /// A statement to be [sent](Self::send) later.
    pub(super) async fn statement(&self, sql: &str) -> Result<Statement, Error> {
        self.client().prepare_cached(sql).await
    }

    /// Runs a prepared statement. The request is on its way when the future has been polled once.
    pub(super) async fn send(&self, statement: &Statement, params: Params<'_>) -> Result<u64, Error> {
        self.client().execute(statement, params).await
    }

    /// Prepares statements that will be sent together, so that none of them has to wait for its preparation in between.
    pub(super) async fn prepare(&self, statements: &[&str]) -> Result<(), Error> {
        for sql in statements {
            self.client().prepare_cached(sql).await?;
        }
        Ok(())
    }

    /// Begins to copy rows into a table.
    pub(super) async fn copy_in(&self, sql: &str) -> Result<CopyInSink<Bytes>, Error> {
        self.client().copy_in(sql).await
    }

    /// Runs statements without parameters that are not worth preparing: `BEGIN`, settings, definitions.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.client().batch_execute(sql).await
    }
}
