//! Messages older than their environment's retention, and everything of deleted applications.

use std::collections::HashMap;
use std::time::Duration;

use postrider_core::id::first_row_at;
use postrider_core::time::Timestamp;

use super::super::environments;
use super::super::session::Session;
use super::super::{messages, order, payload_index};
use super::GRAVE_AGE;
use crate::{Error, Retained};

/// The application being looked at, and the message of it that was last looked at.
#[derive(Debug, Default)]
pub(super) struct Position {
    app_row: Option<i64>,
    message_row: Option<i64>,
}

/// What one pass may still touch.
struct Budget {
    apps: usize,
    messages: usize,
    deliveries: usize,
    attempts: usize,
}

impl Budget {
    const fn is_spent(&self) -> bool {
        self.apps == 0 || self.messages == 0 || self.deliveries == 0 || self.attempts == 0
    }
}

struct Tenant {
    row: i64,
    deleted_at: Option<i64>,
    /// Nothing older than this time is kept.
    cutoff: Timestamp,
}

impl Tenant {
    fn cutoff_row(&self) -> i64 {
        if self.deleted_at.is_some() { i64::MAX } else { first_row_at(self.cutoff) }
    }
}

/// `false` when the limit ended the pass.
pub(super) fn remove(
    session: &mut Session<'_>,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let cutoffs: HashMap<i64, Timestamp> = environments::all(session.conn)?
        .into_iter()
        .map(|environment| {
            let days = u64::from(environment.settings.retention_days);
            (environment.id.row(), now.before(Duration::from_secs(days * 24 * 3600)))
        })
        .collect();
    if session.retention.ages.app_row.is_none() {
        bury_wide(session, &cutoffs)?;
    }
    let mut budget = Budget { apps: limit, messages: limit, deliveries: limit, attempts: limit };
    while !budget.is_spent() {
        let Some(tenant) = next_tenant(session, &cutoffs)? else {
            session.retention.ages = Position::default();
            return Ok(true);
        };
        budget.apps -= 1;
        if !remove_of(session, &tenant, &mut budget, retained)? {
            break;
        }
        bury(session, &tenant, now)?;
        session.retention.ages = Position { app_row: Some(tenant.row), message_row: None };
    }
    Ok(false)
}

fn next_tenant(session: &Session<'_>, cutoffs: &HashMap<i64, Timestamp>) -> Result<Option<Tenant>, Error> {
    let mut statement = session.conn.prepare_cached(
        "-- retain::ages::next_tenant
         SELECT row, environment_row, deleted_at FROM app WHERE row > ? ORDER BY row LIMIT 1",
    )?;
    let mut rows = statement.query([session.retention.ages.app_row.unwrap_or(i64::MIN)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    // Without an environment nobody said how long to keep: keep.
    let cutoff = cutoffs.get(&row.get(1)?).copied().unwrap_or(Timestamp::from_micros(i64::MIN));
    Ok(Some(Tenant { row: row.get(0)?, deleted_at: row.get(2)?, cutoff }))
}

/// Removes the tenant's old messages. `false` when the budget ended before them.
fn remove_of(
    session: &mut Session<'_>,
    tenant: &Tenant,
    budget: &mut Budget,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let after = session.retention.ages.message_row.unwrap_or(i64::MIN);
    let asked = budget.messages;
    let old: Vec<i64> = session
        .conn
        .prepare_cached(
            "-- retain::ages::remove_of
             SELECT row FROM message INDEXED BY message_app
              WHERE app_row = ? AND row > ? AND row < ? ORDER BY row LIMIT ?",
        )?
        .query_map((tenant.row, after, tenant.cutoff_row(), asked as i64), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for row in &old {
        budget.messages -= 1;
        let stays = tenant.deleted_at.is_none() && is_needed(session, tenant, *row, retained)?;
        if !stays {
            if !remove_message(session, *row, budget)? {
                return Ok(false);
            }
            retained.messages += 1;
        }
        session.retention.ages.message_row = Some(*row);
    }
    Ok(old.len() < asked)
}

/// Whether a delivery of the message is unfinished, once those were canceled whose endpoint has been disabled for
/// longer than the retention.
fn is_needed(
    session: &Session<'_>,
    tenant: &Tenant,
    message_row: i64,
    retained: &mut Retained,
) -> Result<bool, Error> {
    if !messages::is_unfinished(session.conn, message_row)? {
        return Ok(false);
    }
    let hopeless: Vec<i64> = session
        .conn
        .prepare_cached(
            "-- retain::ages::is_needed
             SELECT d.endpoint_row FROM delivery d CROSS JOIN endpoint e ON e.row = d.endpoint_row
              WHERE d.message_row = ? AND d.state IN (0, 2) AND e.disabled_at < ?",
        )?
        .query_map((message_row, tenant.cutoff.as_micros()), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for endpoint_row in hopeless {
        if order::cancel(session.conn, (message_row, endpoint_row))? {
            retained.canceled += 1;
        }
    }
    messages::is_unfinished(session.conn, message_row)
}

/// Removes the message with its deliveries and attempts. `false` when the budget ended before it was gone.
fn remove_message(session: &Session<'_>, row: i64, budget: &mut Budget) -> Result<bool, Error> {
    let attempts = session
        .conn
        .prepare_cached(
            "-- retain::ages::remove_message
             DELETE FROM attempt WHERE row IN
                 (SELECT row FROM attempt INDEXED BY attempt_message WHERE message_row = ? LIMIT ?)",
        )?
        .execute((row, budget.attempts as i64))?;
    budget.attempts -= attempts;
    if budget.attempts == 0 {
        return Ok(false);
    }
    let deliveries = session
        .conn
        .prepare_cached(
            "-- retain::ages::remove_message
             DELETE FROM delivery WHERE message_row = ?1 AND endpoint_row IN
                 (SELECT endpoint_row FROM delivery WHERE message_row = ?1 LIMIT ?2)",
        )?
        .execute((row, budget.deliveries as i64))?;
    budget.deliveries -= deliveries;
    if budget.deliveries == 0 {
        return Ok(false);
    }
    session
        .conn
        .prepare_cached(
            "-- retain::ages::remove_message
             DELETE FROM message WHERE row = ?",
        )?
        .execute([row])?;
    session
        .conn
        .prepare_cached(
            "-- retain::ages::remove_message
             DELETE FROM reception WHERE row = ?",
        )?
        .execute([row])?;
    payload_index::forget(session.conn, row)?;
    Ok(true)
}

/// Removes the finished tasks that are about all of an environment.
fn bury_wide(session: &Session<'_>, cutoffs: &HashMap<i64, Timestamp>) -> Result<(), Error> {
    let mut statement = session.conn.prepare_cached(
        "-- retain::ages::bury_wide
         DELETE FROM task WHERE environment_row = ?1 AND app_row = ?1 AND row < ?2 AND status <> 0",
    )?;
    for (environment, cutoff) in cutoffs {
        statement.execute((environment, first_row_at(*cutoff)))?;
    }
    Ok(())
}

/// Removes the tenant's finished tasks, and the tenant itself if it is deleted and nothing refers to it.
fn bury(session: &Session<'_>, tenant: &Tenant, now: Timestamp) -> Result<(), Error> {
    session
        .conn
        .prepare_cached(
            "-- retain::ages::bury
             DELETE FROM task WHERE app_row = ?1 AND row < ?2 AND (status <> 0 OR ?3)",
        )?
        .execute((tenant.row, tenant.cutoff_row(), tenant.deleted_at.is_some()))?;
    if tenant.deleted_at.is_some_and(|at| at < now.before(GRAVE_AGE).as_micros()) {
        session
            .conn
            .prepare_cached(
                "-- retain::ages::bury
                 DELETE FROM app WHERE row = ?1
                    AND NOT EXISTS (SELECT 1 FROM endpoint WHERE app_row = ?1)
                    AND NOT EXISTS (SELECT 1 FROM message WHERE app_row = ?1)",
            )?
            .execute([tenant.row])?;
    }
    Ok(())
}
