//! Transactions: begun and ended together with the statements around them, and what to do when the answer to a COMMIT
//! never comes.
//!
//! A connection that breaks before COMMIT was sent has undone its work. One that breaks afterwards leaves the outcome
//! open, and neither "it happened" nor "nothing happened" may be said without looking: so it is found out on another
//! connection. The transaction's number tells whether the server is still at it, and a row that the transaction wrote
//! tells whether it is there, also after another server has taken over. The number alone would not do for that: a server
//! that has crashed gives the numbers of transactions that it lost to others, which it may have committed by then.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_postgres::{Error as PgError, Statement};

use super::connection::{Connection, Params};
use super::fault::{OVERLOADED, is_lost};
use super::pool::Pools;
use super::session::Session;
use crate::{Error, crash};

/// How long the server may take for what a transaction does, and again for its end. A server that hangs answers nothing,
/// and a caller who has waited for twice this long should hear that from us.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// How long a rollback may take before the connection is closed instead, which comes to the same.
const ROLLBACK_MAX: Duration = Duration::from_secs(2);
/// How long the outcome of a lost COMMIT is looked for.
const FIND_OUT_MAX: Duration = Duration::from_secs(5);
const FIND_OUT_EVERY: Duration = Duration::from_millis(100);

/// The number of a transaction, as text: the driver has no type for it.
pub(super) type Number = String;

/// A row that a transaction writes if it writes anything.
#[derive(Debug, Clone, Copy)]
pub(super) enum Witness {
    /// Of the application with the first row.
    Message(i64, i64),
    /// Of the application with the first row.
    Attempt(i64, i64),
    /// Of a transaction that writes neither.
    Writer(Turn),
}

/// Which transaction of which writer it is. A writer has one at a time, so its row tells of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// The writer's node.
    pub(super) holder: i64,
    /// The writer among those of the node.
    pub(super) writer: i16,
    /// Never the same for two of its transactions.
    pub(super) token: i64,
}

impl Turn {
    /// Writes its row, for the end of the transaction.
    pub(super) const WRITE: &str = "-- transaction::witness
         INSERT INTO witness (holder, writer, token) VALUES ($1, $2, $3)
         ON CONFLICT (holder, writer) DO UPDATE SET token = excluded.token";
}

/// How a transaction ended.
pub(super) enum End {
    Committed,
    /// Nothing of it happened.
    Failed(Error),
    /// It could not be found out.
    Unknown,
}

impl Session {
    /// Begins a transaction and does `first` in it, without waiting for the one before the other.
    pub(super) async fn begin<T, E: From<PgError> + From<Error>>(
        &self,
        first: impl Future<Output = Result<T, E>>,
    ) -> Result<(T, Number), E> {
        const NUMBER: &str = "-- transaction::number
             SELECT pg_current_xact_id()::text";
        let conn = &self.conn;
        conn.prepare(&[NUMBER]).await?;
        conn.set_in_transaction(true);
        let all = async { tokio::join!(biased; conn.batch("BEGIN"), conn.row(NUMBER, &[]), first) };
        let (begun, number, first) = timeout(ANSWER_MAX, all).await.map_err(|_| OVERLOADED)?;
        begun?;
        let first = first?;
        let number = number?.expect("a SELECT without FROM gives one row").try_get(0)?;
        Ok((first, number))
    }

    /// Ends the transaction with `writes` and COMMIT, all sent together, and finds out what became of it.
    pub(super) async fn commit(
        self,
        number: &str,
        witness: Option<Witness>,
        writes: &[(Statement, Params<'_>)],
    ) -> End {
        crash::point("commit.before");
        let sent = timeout(ANSWER_MAX, send(&self.conn, writes)).await;
        crash::point("commit.after");
        match sent.unwrap_or(Sent::Lost) {
            Sent::Committed => {
                self.conn.set_in_transaction(false);
                End::Committed
            }
            Sent::Failed(error) => {
                // The COMMIT of a failed transaction has ended it.
                self.conn.set_in_transaction(is_lost(&error) || is_end(&error));
                End::Failed(error.into())
            }
            Sent::Unsent(error) => End::Failed(error.into()),
            Sent::Lost => {
                let Self { conn, shared, .. } = self;
                drop(conn);
                tracing::warn!("the connection was lost during a commit: finding out what became of it");
                match find_out(&shared.pools, number, witness).await {
                    Some(true) => End::Committed,
                    Some(false) => End::Failed(OVERLOADED),
                    None => End::Unknown,
                }
            }
        }
    }

    /// Ends a transaction that is not to happen.
    pub(super) async fn roll_back(self) {
        let rolled_back = timeout(ROLLBACK_MAX, self.conn.batch("ROLLBACK")).await;
        self.conn.set_in_transaction(!matches!(rolled_back, Ok(Ok(()))));
    }
}

enum Sent {
    Committed,
    /// The server said no.
    Failed(PgError),
    /// Something could not even be sent, so COMMIT was not either.
    Unsent(PgError),
    /// No answer came to the COMMIT.
    Lost,
}

async fn send(conn: &Connection, writes: &[(Statement, Params<'_>)]) -> Sent {
    let mut writes =
        pin!(try_join_all(writes.iter().map(|(statement, params)| conn.send(statement, params))));
    // Polled once, all of them are on their way; what fails already now could not be made into a message.
    let mut done = match poll_fn(|context| Poll::Ready(writes.as_mut().poll(context))).await {
        Poll::Ready(Err(error)) => return Sent::Unsent(error),
        Poll::Ready(Ok(_)) => Some(Ok(())),
        Poll::Pending => None,
    };
    let writes = async {
        match done.take() {
            Some(done) => done,
            None => writes.await.map(drop),
        }
    };
    let (written, committed) = tokio::join!(biased; writes, conn.batch("COMMIT"));
    match (written, committed) {
        (Ok(()), Ok(())) => Sent::Committed,
        // What the server refused is undone, whatever became of the connection afterwards.
        (Err(error), _) if error.as_db_error().is_some() => Sent::Failed(error),
        (Ok(()), Err(error)) if !is_lost(&error) && !is_end(&error) => Sent::Failed(error),
        _ => Sent::Lost,
    }
}

/// Whether the server ended the connection instead of answering, which it may do just after it has committed.
fn is_end(error: &PgError) -> bool {
    error.code().is_none_or(|code| code.code().starts_with("57"))
}

/// Whether the transaction with this number was committed; `None` when that cannot be learned in time, or without a
/// witness.
async fn find_out(pools: &Pools, number: &str, witness: Option<Witness>) -> Option<bool> {
    let deadline = Instant::now() + FIND_OUT_MAX;
    loop {
        match timeout_at(deadline, ask(pools, number, witness)).await.ok()? {
            Ok(Fate::Known(committed)) => return Some(committed),
            Ok(Fate::Forgotten) => return None,
            // Where the database is away, the last of these waits ends at the deadline.
            Ok(Fate::UnderWay) | Err(_) => timeout_at(deadline, sleep(FIND_OUT_EVERY)).await.ok()?,
        }
    }
}

enum Fate {
    Known(bool),
    /// It may still be committed.
    UnderWay,
    /// Nothing is left that could tell.
    Forgotten,
}

async fn ask(pools: &Pools, number: &str, witness: Option<Witness>) -> Result<Fate, Error> {
    let conn = pools.writer().await?;
    let status = conn
        .row(
            "-- transaction::ask
             SELECT pg_xact_status($1::text::xid8)",
            &[&number],
        )
        .await;
    let status: Option<String> = match status {
        Ok(row) => row.and_then(|row| row.try_get(0).ok().flatten()),
        // A number from the future: this server has never seen the transaction.
        Err(error) if error.as_db_error().is_some() && !is_end(&error) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(match (status.as_deref(), witness) {
        (Some("in progress"), _) => Fate::UnderWay,
        (_, Some(witness)) => Fate::Known(is_there(&conn, witness).await?),
        (_, None) => Fate::Forgotten,
    })
}

async fn is_there(conn: &Connection, witness: Witness) -> Result<bool, Error> {
    Ok(match witness {
        Witness::Message(app_row, row) => {
            let sql = "-- transaction::is_there
                 SELECT 1 FROM message WHERE app_row = $1 AND row = $2";
            conn.exists(sql, &[&app_row, &row]).await?
        }
        Witness::Attempt(app_row, row) => {
            let sql = "-- transaction::is_there
                 SELECT 1 FROM attempt WHERE app_row = $1 AND row = $2";
            conn.exists(sql, &[&app_row, &row]).await?
        }
        Witness::Writer(Turn { holder, writer, token }) => {
            let sql = "-- transaction::is_there
                 SELECT 1 FROM witness WHERE holder = $1 AND writer = $2 AND token = $3";
            conn.exists(sql, &[&holder, &writer, &token]).await?
        }
    })
}

#[cfg(test)]
mod tests;
