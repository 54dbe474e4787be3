//! What the writer's jobs work with: the connection inside an open transaction, the statements of the hot path, and
//! the few things the writer remembers between transactions.

use std::collections::HashMap;
use std::sync::Arc;

use postrider_core::scope::AppScope;
use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::{accept, claim, retain, rollups, settle};
use crate::Error;
use crate::seal::Sealer;
use crate::search::index::Covered;
use crate::tally::{KnownIssues, Tally};

/// Applications that the writer remembers to be there.
const LIVE_APPS_MAX: usize = 100_000;

/// The writer's working place.
pub(super) struct Session<'c> {
    pub(super) conn: &'c Connection,
    /// The number of this opening of the store: what the deliveries that it holds carry.
    pub(super) holder: i64,
    pub(super) sealer: Arc<Sealer>,
    pub(super) apps: LiveApps,
    pub(super) environments: rollups::Environments,
    pub(super) known: KnownIssues,
    /// What the jobs of this transaction have come to so far.
    pub(super) tally: Tally,
    /// Transactions since what they add to rollups was added up.
    pub(super) pending: usize,
    /// Where retention goes on.
    pub(super) retention: retain::Position,
    /// What the payload index covers, once that was asked; nothing where it is off.
    pub(super) covered: Option<Covered>,
    pub(super) begin: Statement<'c>,
    pub(super) commit: Statement<'c>,
    pub(super) accept: accept::Statements<'c>,
    pub(super) claim: claim::Statements<'c>,
    pub(super) settle: settle::Statements<'c>,
    pub(super) rollups: rollups::Statements<'c>,
}

impl<'c> Session<'c> {
    pub(super) fn new(conn: &'c Connection, holder: i64, sealer: Arc<Sealer>) -> rusqlite::Result<Self> {
        Ok(Self {
            conn,
            holder,
            sealer,
            apps: LiveApps::default(),
            environments: rollups::Environments::default(),
            known: KnownIssues::default(),
            tally: Tally::default(),
            pending: 0,
            retention: retain::Position::default(),
            covered: None,
            begin: conn.prepare("BEGIN IMMEDIATE")?,
            commit: conn.prepare("COMMIT")?,
            accept: accept::Statements::prepare(conn)?,
            claim: claim::Statements::prepare(conn)?,
            settle: settle::Statements::prepare(conn)?,
            rollups: rollups::Statements::prepare(conn)?,
        })
    }

    /// Forgets what may have been learned in a transaction that was rolled back.
    pub(super) fn rolled_back(&mut self) {
        self.apps = LiveApps::default();
        self.known.clear();
        self.tally.clear();
        self.covered = None;
    }

    /// Whether the application of `scope` is there.
    pub(super) fn has_app(&mut self, scope: AppScope) -> Result<bool, Error> {
        self.apps.has(self.conn, scope)
    }
}

/// Applications that are known to be there, by row, with their environment's row: every accept asks.
#[derive(Default)]
pub(super) struct LiveApps(HashMap<i64, i64>);

impl LiveApps {
    fn has(&mut self, conn: &Connection, scope: AppScope) -> Result<bool, Error> {
        let (app, environment) = (scope.app().row(), scope.environment().row());
        if self.0.get(&app) == Some(&environment) {
            return Ok(true);
        }
        let live = is_live(conn, scope)?;
        if live {
            if self.0.len() >= LIVE_APPS_MAX {
                self.0.clear();
            }
            self.0.insert(app, environment);
        }
        Ok(live)
    }

    /// To be called when an application is deleted.
    pub(super) fn forget(&mut self, app_row: i64) {
        self.0.remove(&app_row);
    }
}

/// Whether the application of `scope` is there: what every read of its things begins with.
pub(super) fn is_live(conn: &Connection, scope: AppScope) -> Result<bool, Error> {
    let found = conn
        .prepare_cached(
            "-- session::is_live
             SELECT id = ?3 FROM app WHERE row = ?1 AND environment_row = ?2 AND deleted_at IS NULL",
        )?
        .query_row((scope.app().row(), scope.environment().row(), scope.app().as_bytes()), |row| row.get(0))
        .optional()?;
    Ok(found == Some(true))
}
