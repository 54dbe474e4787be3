//! What must be known before a batch can be decided, asked together.

use std::collections::{HashMap, HashSet};

use postrider_core::id::{AppId, EnvironmentId};
use tokio_postgres::Row;

use super::super::idempotency::{self, HASH_LEN};
use super::super::order::{self, Order};
use super::super::session::Session;
use super::Acceptable;
use crate::{Error, Repeat};

/// What was there before a batch.
#[derive(Default)]
pub(super) struct Seen {
    /// Applications that are there, with the environments that they were asked for in.
    pub(super) apps: HashSet<(EnvironmentId, AppId)>,
    /// Remembered answers, by the place of their request in the batch.
    pub(super) repeats: HashMap<usize, Repeat>,
    /// Event ids that are taken, with the rows of their applications.
    pub(super) event_ids: HashSet<(i64, String)>,
    /// Orders in which a delivery is unfinished.
    pub(super) busy: HashSet<Order>,
}

const APPS: &str = "-- accept::look::apps
     SELECT asked.number FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
            WITH ORDINALITY AS asked (row, environment_row, id, number)
            JOIN app a ON a.row = asked.row
      WHERE a.environment_row = asked.environment_row AND a.id = asked.id AND a.deleted_at IS NULL";

const EVENT_IDS: &str = "-- accept::look::event_ids
     SELECT asked.app_row, asked.event_id FROM unnest($1::bigint[], $2::text[]) AS asked (app_row, event_id)
            JOIN message_event_id known ON known.app_row = asked.app_row AND known.event_id = asked.event_id";

const BUSY: &str = "-- accept::look::busy
     SELECT asked.endpoint_row, asked.ord FROM unnest($1::bigint[], $2::bigint[]) AS asked (endpoint_row, ord)
      WHERE EXISTS (SELECT 1 FROM delivery d
                     WHERE d.endpoint_row = asked.endpoint_row AND d.ord = asked.ord AND d.ord IS NOT NULL
                       AND d.state < 3)";

/// Looks at all that concerns `jobs`. Their orders are locked from here on.
pub(super) async fn look(session: &Session, jobs: &[impl Acceptable]) -> Result<Seen, Error> {
    let conn = &session.conn;
    conn.prepare(&[APPS, idempotency::FIND, EVENT_IDS, order::LOCK, BUSY]).await?;
    // Most batches have no keys, event ids or orders at all: then nothing is asked about them.
    let asked = &Asked::of(jobs);
    let (apps, repeats, event_ids, (), busy) = tokio::try_join!(
        biased;
        async { conn.rows(APPS, &[&asked.app_rows, &asked.environment_rows, &asked.app_ids]).await },
        async {
            if asked.keys.is_empty() { Ok(Vec::new()) } else { conn.rows(idempotency::FIND, &[&asked.keys]).await }
        },
        async {
            if asked.event_ids.is_empty() {
                return Ok(Vec::new());
            }
            conn.rows(EVENT_IDS, &[&asked.event_apps, &asked.event_ids]).await
        },
        async { if asked.ords.is_empty() { Ok(()) } else { conn.rows(order::LOCK, &[&asked.locks]).await.map(drop) } },
        async {
            if asked.ords.is_empty() { Ok(Vec::new()) } else { conn.rows(BUSY, &[&asked.endpoints, &asked.ords]).await }
        },
    )?;
    let mut seen = Seen::default();
    for row in apps {
        let number = row.try_get::<_, i64>(0)? as usize;
        seen.apps.extend(asked.apps.get(number - 1));
    }
    seen.repeats = known_answers(session, jobs, &repeats)?;
    for row in event_ids {
        seen.event_ids.insert((row.try_get(0)?, row.try_get(1)?));
    }
    for row in busy {
        seen.busy.insert((row.try_get(0)?, row.try_get(1)?));
    }
    Ok(seen)
}

fn known_answers(
    session: &Session,
    jobs: &[impl Acceptable],
    rows: &[Row],
) -> Result<HashMap<usize, Repeat>, Error> {
    let mut by_key = HashMap::with_capacity(rows.len());
    for row in rows {
        by_key.insert(row.try_get::<_, &[u8]>(0)?, row);
    }
    let mut repeats = HashMap::new();
    for (index, job) in jobs.iter().enumerate() {
        if let Some(asked) = &job.acceptance().idempotency
            && let Some(row) = by_key.get(&asked.key[..HASH_LEN])
            && let Some(repeat) = idempotency::read(row, asked, session.sealer())?
        {
            repeats.insert(index, repeat);
        }
    }
    Ok(repeats)
}

/// The parameters of the statements.
#[derive(Default)]
struct Asked<'j> {
    apps: Vec<(EnvironmentId, AppId)>,
    app_rows: Vec<i64>,
    environment_rows: Vec<i64>,
    app_ids: Vec<&'j [u8]>,
    keys: Vec<&'j [u8]>,
    event_apps: Vec<i64>,
    event_ids: Vec<&'j str>,
    endpoints: Vec<i64>,
    ords: Vec<i64>,
    locks: Vec<i64>,
}

impl<'j> Asked<'j> {
    fn of(jobs: &'j [impl Acceptable]) -> Self {
        let mut asked = Self::default();
        let (mut apps, mut orders) = (HashSet::new(), HashSet::new());
        for job in jobs {
            let (scope, acceptance) = (job.scope(), job.acceptance());
            let message = &acceptance.message;
            if apps.insert((scope.environment(), scope.app())) {
                asked.apps.push((scope.environment(), scope.app()));
                asked.app_rows.push(scope.app().row());
                asked.environment_rows.push(scope.environment().row());
                asked.app_ids.push(&message.app.as_bytes()[..]);
            }
            asked.keys.extend(acceptance.idempotency.as_ref().map(|asked| &asked.key[..HASH_LEN]));
            if let Some(event_id) = &message.event_id {
                asked.event_apps.push(scope.app().row());
                asked.event_ids.push(event_id);
            }
            let ordered = acceptance.deliveries.iter();
            orders.extend(ordered.filter_map(|delivery| Some((delivery.endpoint.row(), delivery.order?))));
        }
        asked.locks = order::keys(orders.iter().copied());
        (asked.endpoints, asked.ords) = orders.into_iter().unzip();
        asked
    }
}
