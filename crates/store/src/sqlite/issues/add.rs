//! What transactions add to issues.

use postrider_core::issue::{Failures, Fingerprint, Last};
use rusqlite::{Connection, params};

use super::super::session::Session;
use crate::Error;
use crate::tally::{Failure, FailureKey};

/// Adds the failures of a transaction.
pub(in crate::sqlite) fn add(session: &mut Session<'_>) -> Result<(), Error> {
    for (_, endpoint_row) in session.tally.failing() {
        if session.known.lacks(endpoint_row) {
            let known: Vec<Fingerprint> = session
                .conn
                .prepare_cached(
                    "-- issues::known
                     SELECT fingerprint FROM issue WHERE endpoint_row = ?",
                )?
                .query_map([endpoint_row], |row| Ok(Fingerprint::from_bytes(row.get(0)?)))?
                .collect::<Result<_, _>>()?;
            session.known.learn(endpoint_row, known);
        }
    }
    for (key, failure) in session.tally.failures(&mut session.known) {
        add_issue(session.conn, &key, &failure)?;
        add_count(session.conn, &key, failure.failures, failure.last)?;
    }
    Ok(())
}

fn add_issue(conn: &Connection, key: &FailureKey, failure: &Failure) -> Result<(), Error> {
    conn.prepare_cached(
        "-- issues::add_issue
         INSERT INTO issue (row, id, environment_row, app_row, endpoint_row, fingerprint, status_code, failure_class,
                            first_seen, said, muted_until, said_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, NULL, ?9)
         ON CONFLICT (endpoint_row, fingerprint) DO NOTHING",
    )?
    .execute(params![
        failure.row,
        failure.id,
        failure.environment_row,
        key.app_row,
        key.endpoint_row,
        key.fingerprint.as_bytes(),
        failure.status_code,
        failure.class,
        failure.first_seen,
    ])?;
    Ok(())
}

pub(super) fn add_count(
    conn: &Connection,
    key: &FailureKey,
    failures: Failures,
    last: Last,
) -> Result<(), Error> {
    conn.prepare_cached(
        "-- issues::add_count
         INSERT INTO issue_count AS c (app_row, endpoint_row, fingerprint, hour, shard, attempts, deliveries, given_up,
                                       last_seen, last_attempt, last_message)
         VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (app_row, endpoint_row, fingerprint, hour, shard) DO UPDATE SET
             attempts = c.attempts + excluded.attempts, deliveries = c.deliveries + excluded.deliveries,
             given_up = c.given_up + excluded.given_up, last_seen = max(c.last_seen, excluded.last_seen),
             last_attempt = iif(excluded.last_seen >= c.last_seen, excluded.last_attempt, c.last_attempt),
             last_message = iif(excluded.last_seen >= c.last_seen, excluded.last_message, c.last_message)",
    )?
    .execute(params![
        key.app_row,
        key.endpoint_row,
        key.fingerprint.as_bytes(),
        key.hour,
        failures.attempts as i64,
        failures.deliveries as i64,
        failures.given_up as i64,
        last.seen.as_micros(),
        last.attempt.as_bytes(),
        last.message.as_bytes(),
    ])?;
    Ok(())
}
