//! What moving needs of a database at either end. Each engine has one implementation, for both directions.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::kind::Kind;
use super::mark::{Mark, State};
use super::value::{Batch, Key};
use crate::Error;

/// Batches that wait between the one who reads and the one who writes.
pub(crate) const AHEAD: usize = 2;

/// Which rows of a kind to read.
#[derive(Debug, Clone)]
pub(crate) enum Scan {
    /// In the sequence of their keys, those after this one.
    After(Option<Key>),
    /// All, in whatever sequence is quickest.
    Whole,
}

/// A database that nobody serves, opened for a move.
#[async_trait]
pub(crate) trait Side: Send + Sync {
    /// What it holds.
    async fn state(&self) -> Result<State, Error>;
    /// Who has it open all the same, in words; `None` when nobody does.
    async fn users(&self) -> Result<Option<String>, Error>;
    async fn mark(&self) -> Result<Option<Mark>, Error>;
    /// Is durable before it answers.
    async fn set_mark(&self, mark: Option<Mark>) -> Result<(), Error>;
    /// Whether there is nothing in it at all.
    async fn is_empty(&self) -> Result<bool, Error>;
    async fn count(&self, kind: Kind) -> Result<u64, Error>;
    /// The columns of the keys by which rows of the kind are read.
    fn key(&self, kind: Kind) -> &'static [&'static str];
    /// Sends rows until there are no more, or nobody wants them.
    async fn read(&self, kind: Kind, scan: Scan, to: mpsc::Sender<Batch>) -> Result<(), Error>;
    /// Writes rows that are not there yet, and the mark, in one transaction. What it wrote may be lost if the machine
    /// fails before the next [`Side::set_mark`], but never without the mark.
    async fn write(&self, batch: Batch, mark: Mark) -> Result<(), Error>;
    /// Removes everything, and sets the mark, in one transaction.
    async fn clear(&self, mark: Mark) -> Result<(), Error>;
    /// Makes it ready to be served: everything was written.
    async fn finish(&self) -> Result<(), Error>;
}
