//! Moves a whole installation from one engine to the other: `postrider migrate-store`.
//!
//! What is moved is divided into [kinds](kind), each a table of canonical columns. A [side] reads and writes them for
//! its engine, in batches of bounded size; the [run] copies, compares and switches over. In the meantime neither
//! database is served, which their [marks](mark) see to, and a move that was killed at any moment goes on when it is
//! begun again. Before the old database is given up, each side counts its rows and adds up their digests ([sum]) by
//! itself.
//!
//! Sealed values are moved as they are: both engines bind them to the same tables, rows and columns. So both need the
//! same seal key, and each proves it before anything is written.
//!
//! Deliberately absent: moving while somebody serves the old database, and moving between two databases of one engine,
//! which have their own tools for that.

use std::fmt;

use crate::{postgres, sqlite};

pub use error::TransferError;
pub use kind::Kind;
pub use mark::Unserved;
pub use run::{transfer, undo};
pub use sum::Sum;

pub(crate) mod kind;
pub(crate) mod layout;
pub(crate) mod mark;
pub(crate) mod side;
pub(crate) mod value;

mod error;
mod run;
mod sum;

/// A database to move from or into.
#[derive(Debug, Clone)]
pub struct Place {
    /// What to call it where people read it; without a password.
    pub name: String,
    /// How to open it.
    pub engine: Engine,
}

/// How to open a database.
#[derive(Debug, Clone)]
pub enum Engine {
    /// A data directory.
    Sqlite(sqlite::Options),
    /// A PostgreSQL database. The node's settings are not used: moving does not enter the cluster.
    Postgres(postgres::Options),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// How far a move has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// With what.
    pub kind: Kind,
    /// Rows of all kinds that this phase is done with.
    pub done: u64,
    /// Rows of all kinds.
    pub all: u64,
}

/// A part of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Rows are being copied.
    Copy,
    /// Both sides are being added up.
    Compare,
}

/// What came of a move, kind by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// All kinds.
    pub kinds: Vec<Compared>,
    /// Rows that were copied this time; fewer than there are where an earlier try was interrupted.
    pub copied: u64,
}

/// What both databases hold of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Of what.
    pub kind: Kind,
    /// Where it was.
    pub from: Sum,
    /// Where it is.
    pub to: Sum,
}

impl Compared {
    /// Whether they are the same rows.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.from == self.to
    }
}

impl Report {
    /// The kinds that differ, in words.
    fn differing(&self) -> String {
        let differing = self.kinds.iter().filter(|compared| !compared.is_same());
        differing.map(|compared| compared.kind.name()).collect::<Vec<_>>().join(", ")
    }
}
