//! Messages older than their environment's retention that go row by row, and everything of deleted applications.
//!
//! Where a day has very many messages and none of them has to go before the others, it is left until it can be dropped
//! as a whole: so what is kept longest may stay for up to a day more.

use std::collections::HashMap;

use postrider_core::id::first_row_at;
use postrider_core::time::Timestamp;

use super::super::partitions::Day;
use super::super::session::Session;
use super::super::{order, payload_index};
use super::{GRAVE_AGE, LARGE_PAGES, cutoffs};
use crate::{Error, Retained};

/// The last application that is done, and the message of the next one that was last looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Position {
    app_row: Option<i64>,
    message_row: Option<i64>,
}

/// What one pass may still touch.
struct Budget {
    messages: usize,
    deliveries: usize,
    attempts: usize,
}

impl Budget {
    const fn is_spent(&self) -> bool {
        self.messages == 0 || self.deliveries == 0 || self.attempts == 0
    }
}

struct Tenant {
    row: i64,
    deleted_at: Option<i64>,
    /// Nothing older than this time is kept.
    cutoff: Timestamp,
    /// Messages below this row are looked at.
    below: i64,
}

/// `false` when the limit ended the pass.
pub(super) async fn remove(
    session: &Session,
    position: &mut Position,
    now: Timestamp,
    limit: usize,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let cutoffs = cutoffs(&session.conn, now).await?;
    let longest = longest(session, &cutoffs).await?;
    if position.app_row.is_none() {
        bury_wide(session, &cutoffs).await?;
    }
    let mut budget = Budget { messages: limit, deliveries: limit, attempts: limit };
    let tenants = next_tenants(session, position, &cutoffs, longest, limit).await?;
    for tenant in &tenants.with_work {
        if budget.is_spent() || !remove_of(session, position, tenant, &mut budget, retained).await? {
            return Ok(false);
        }
        bury(session, tenant, now).await?;
        *position = Position { app_row: Some(tenant.row), message_row: None };
    }
    *position = Position { app_row: tenants.last, message_row: None };
    Ok(tenants.last.is_none())
}

/// The time before which nobody keeps anything, and the row below which messages of those who keep longest go.
async fn longest(
    session: &Session,
    cutoffs: &HashMap<i64, Timestamp>,
) -> Result<Option<(Timestamp, i64)>, Error> {
    let Some(cutoff) = cutoffs.values().min().copied() else { return Ok(None) };
    let day = Day::of(cutoff);
    let is_large = session
        .conn
        .exists(
            "-- retain::ages::longest
             SELECT 1 FROM pg_class WHERE oid = to_regclass($1) AND relpages >= $2",
            &[&day.partition("message"), &LARGE_PAGES],
        )
        .await?;
    Ok(Some((cutoff, if is_large { day.rows().start } else { first_row_at(cutoff) })))
}

/// A page of applications.
struct Tenants {
    /// Those that have something to remove.
    with_work: Vec<Tenant>,
    /// The last that was looked at; `None` at the end.
    last: Option<i64>,
}

/// Looks at the next applications, at most `limit`: most of them have nothing to remove, which one statement tells.
async fn next_tenants(
    session: &Session,
    position: &Position,
    cutoffs: &HashMap<i64, Timestamp>,
    longest: Option<(Timestamp, i64)>,
    limit: usize,
) -> Result<Tenants, Error> {
    let (environments, belows): (Vec<i64>, Vec<i64>) =
        cutoffs.iter().map(|(environment, cutoff)| (*environment, below(*cutoff, longest))).unzip();
    // One that is in the middle of its messages comes again.
    let after = position.app_row.unwrap_or(i64::MIN);
    let rows = session
        .conn
        .rows(
            "-- retain::ages::next_tenants
             SELECT a.row, a.environment_row, a.deleted_at,
                    a.deleted_at IS NOT NULL
                    OR EXISTS (SELECT 1 FROM message m WHERE m.app_row = a.row AND m.row < kept.below)
                    OR EXISTS (SELECT 1 FROM task t WHERE t.app_row = a.row AND t.row < kept.below AND t.status <> 0)
               FROM (SELECT row, environment_row, deleted_at FROM app WHERE row > $1 ORDER BY row LIMIT $2) AS a
                    LEFT JOIN unnest($3::bigint[], $4::bigint[]) AS kept (environment_row, below)
                           ON kept.environment_row = a.environment_row",
            &[&after, &(limit as i64), &environments, &belows],
        )
        .await?;
    let (mut with_work, mut last) = (Vec::new(), None);
    for row in &rows {
        let app_row: i64 = row.try_get(0)?;
        last = last.max(Some(app_row));
        if row.try_get::<_, Option<bool>>(3)? == Some(true) {
            // Without an environment nobody said how long to keep: keep.
            let cutoff = cutoffs.get(&row.try_get(1)?).copied().unwrap_or(Timestamp::from_micros(i64::MIN));
            let deleted_at: Option<i64> = row.try_get(2)?;
            let below = if deleted_at.is_some() { i64::MAX } else { below(cutoff, longest) };
            with_work.push(Tenant { row: app_row, deleted_at, cutoff, below });
        }
    }
    with_work.sort_unstable_by_key(|tenant| tenant.row);
    Ok(Tenants { with_work, last: last.filter(|_| rows.len() == limit) })
}

/// The row below which the messages of an environment with this cutoff go.
fn below(cutoff: Timestamp, longest: Option<(Timestamp, i64)>) -> i64 {
    match longest {
        Some((time, row)) if time == cutoff => row,
        _ => first_row_at(cutoff),
    }
}

/// Removes the tenant's old messages. `false` when the budget ended before them.
async fn remove_of(
    session: &Session,
    position: &mut Position,
    tenant: &Tenant,
    budget: &mut Budget,
    retained: &mut Retained,
) -> Result<bool, Error> {
    let asked = budget.messages;
    let after = position.message_row.unwrap_or(i64::MIN);
    let old = session
        .conn
        .rows(
            "-- retain::ages::remove_of
             SELECT row FROM message WHERE app_row = $1 AND row > $2 AND row < $3
              ORDER BY row LIMIT $4 FOR UPDATE SKIP LOCKED",
            &[&tenant.row, &after, &tenant.below, &(asked as i64)],
        )
        .await?;
    let old: Vec<i64> = old.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    budget.messages -= old.len();
    let Some(last) = old.last().copied() else { return Ok(true) };
    let ended = old.len() < asked;
    let goes =
        if tenant.deleted_at.is_some() { old } else { not_needed(session, tenant, old, retained).await? };
    if !remove_messages(session, tenant, &goes, budget).await? {
        return Ok(false);
    }
    retained.messages += goes.len() as u64;
    position.message_row = Some(last);
    Ok(ended)
}

/// Those of the messages without an unfinished delivery, once the deliveries were canceled whose endpoint has been
/// disabled for longer than the retention.
async fn not_needed(
    session: &Session,
    tenant: &Tenant,
    mut rows: Vec<i64>,
    retained: &mut Retained,
) -> Result<Vec<i64>, Error> {
    let hopeless = session
        .conn
        .rows(
            "-- retain::ages::not_needed
             SELECT d.message_row, d.endpoint_row
               FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS old
               JOIN delivery d ON d.app_row = old.app_row AND d.message_row = old.row AND d.state IN (0, 2)
              WHERE (SELECT e.disabled_at FROM endpoint e WHERE e.app_row = d.app_row AND e.row = d.endpoint_row) < $3",
            &[&tenant.row, &rows, &tenant.cutoff.as_micros()],
        )
        .await?;
    for row in &hopeless {
        if order::cancel(session, (row.try_get(0)?, row.try_get(1)?)).await? {
            retained.canceled += 1;
        }
    }
    let needed = session
        .conn
        .rows(
            "-- retain::ages::not_needed
             SELECT d.message_row FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS old
               JOIN delivery d ON d.app_row = old.app_row AND d.message_row = old.row AND d.state < 3",
            &[&tenant.row, &rows],
        )
        .await?;
    let needed: Vec<i64> = needed.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    rows.retain(|row| !needed.contains(row));
    Ok(rows)
}

/// Removes messages with their deliveries and attempts. `false` when the budget ended before they were gone.
async fn remove_messages(
    session: &Session,
    tenant: &Tenant,
    rows: &[i64],
    budget: &mut Budget,
) -> Result<bool, Error> {
    if rows.is_empty() {
        return Ok(true);
    }
    let conn = &session.conn;
    let attempts = conn
        .rows(
            "-- retain::ages::remove_messages
             SELECT a.row FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS old
               JOIN attempt a ON a.app_row = old.app_row AND a.message_row = old.row LIMIT $3",
            &[&tenant.row, &rows, &(budget.attempts as i64)],
        )
        .await?;
    let attempts: Vec<i64> = attempts.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    conn.run(
        "-- retain::ages::remove_messages
         DELETE FROM attempt a USING (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS old
          WHERE a.app_row = old.app_row AND a.row = old.row",
        &[&tenant.row, &attempts],
    )
    .await?;
    budget.attempts -= attempts.len();
    if budget.attempts == 0 {
        return Ok(false);
    }
    let deliveries = conn
        .run(
            "-- retain::ages::remove_messages
             DELETE FROM delivery d USING
                 (SELECT d.app_row, d.message_row, d.endpoint_row
                    FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS old
                    JOIN delivery d ON d.app_row = old.app_row AND d.message_row = old.row LIMIT $3) AS old
              WHERE d.app_row = old.app_row AND d.message_row = old.message_row AND d.endpoint_row = old.endpoint_row",
            &[&tenant.row, &rows, &(budget.deliveries as i64)],
        )
        .await?;
    budget.deliveries = budget.deliveries.saturating_sub(deliveries as usize);
    if budget.deliveries == 0 {
        return Ok(false);
    }
    conn.run(
        "-- retain::ages::remove_messages
         WITH gone AS (DELETE FROM message m USING (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS old
                        WHERE m.app_row = old.app_row AND m.row = old.row RETURNING m.app_row, m.event_id)
         DELETE FROM message_event_id e USING gone WHERE e.app_row = gone.app_row AND e.event_id = gone.event_id",
        &[&tenant.row, &rows],
    )
    .await?;
    conn.run(
        "-- retain::ages::remove_messages
         DELETE FROM reception r USING (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS old
          WHERE r.app_row = old.app_row AND r.row = old.row",
        &[&tenant.row, &rows],
    )
    .await?;
    payload_index::forget(conn, rows).await?;
    Ok(true)
}

/// Removes the finished tasks that are about all of an environment.
async fn bury_wide(session: &Session, cutoffs: &HashMap<i64, Timestamp>) -> Result<(), Error> {
    let (environments, belows): (Vec<i64>, Vec<i64>) =
        cutoffs.iter().map(|(environment, cutoff)| (*environment, first_row_at(*cutoff))).unzip();
    session
        .conn
        .run(
            "-- retain::ages::bury_wide
             DELETE FROM task t USING unnest($1::bigint[], $2::bigint[]) AS kept (environment_row, below)
              WHERE t.app_row = kept.environment_row AND t.row < kept.below AND t.status <> 0",
            &[&environments, &belows],
        )
        .await?;
    Ok(())
}

/// Removes the tenant's finished tasks, and the tenant itself if it is deleted and nothing refers to it.
async fn bury(session: &Session, tenant: &Tenant, now: Timestamp) -> Result<(), Error> {
    session
        .conn
        .run(
            "-- retain::ages::bury
             DELETE FROM task WHERE app_row = $1 AND row < $2 AND (status <> 0 OR $3)",
            &[&tenant.row, &tenant.below, &tenant.deleted_at.is_some()],
        )
        .await?;
    if tenant.deleted_at.is_some_and(|at| at < now.before(GRAVE_AGE).as_micros()) {
        session
            .conn
            .run(
                "-- retain::ages::bury
                 DELETE FROM app WHERE row = $1
                    AND NOT EXISTS (SELECT 1 FROM endpoint WHERE app_row = $1)
                    AND NOT EXISTS (SELECT 1 FROM message WHERE app_row = $1)",
                &[&tenant.row],
            )
            .await?;
    }
    Ok(())
}
