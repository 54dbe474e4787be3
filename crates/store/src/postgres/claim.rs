//! Claiming: an endpoint's due deliveries move from the store into the hands of the dispatcher, and back.

use std::collections::HashMap;
use std::sync::Arc;

use postrider_core::attempt::Trigger;
use postrider_core::delivery::Work;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::message::Message;
use postrider_core::time::Timestamp;
use tokio_postgres::Row;

use super::connection::Connection;
use super::handed::Held;
use super::record::Record;
use super::session::Session;
use super::{messages, order};
use crate::cluster::Cluster;
use crate::partition::lane_partition;
use crate::{Claim, Claimed, Error, LaneDue};

/// Deliveries that one transaction takes over.
pub(super) const TAKE_OVER_STEP: u64 = 5_000;

/// A delivery without its message.
pub(super) struct Waiting {
    pub(super) app_row: i64,
    pub(super) message_row: i64,
    attempts: u32,
    uncounted: u32,
    trigger: Trigger,
    pub(super) due: Timestamp,
    ordered: bool,
}

/// What [`Waiting::read`] reads, of `delivery d`.
macro_rules! columns {
    () => {
        "d.app_row, d.message_row, d.attempts, d.uncounted, d.trigger, d.due, d.ord IS NOT NULL"
    };
}
pub(super) use columns;

impl Waiting {
    /// The delivery in the columns of `row` from `at` on.
    pub(super) fn read(row: &Row, at: usize) -> Result<Self, Error> {
        let (app_row, message_row) = (row.try_get(at)?, row.try_get(at + 1)?);
        let mut record = Record::new(row, "delivery", message_row, at + 2);
        Ok(Self {
            app_row,
            message_row,
            attempts: record.count("attempts")?,
            uncounted: record.count("uncounted")?,
            trigger: record.number("trigger", trigger_of)?,
            due: record.time("due")?,
            ordered: record.get("ord")?,
        })
    }

    /// The delivery in somebody's hands.
    pub(super) fn work(&self, endpoint: EndpointId, message: Arc<Message>) -> Work {
        Work {
            app: message.app,
            endpoint,
            message,
            attempts: self.attempts,
            uncounted: self.uncounted,
            trigger: self.trigger,
            ordered: self.ordered,
            due: self.due,
        }
    }
}

pub(super) const fn trigger_of(number: i64) -> Option<Trigger> {
    Some(match number {
        0 => Trigger::Scheduled,
        1 => Trigger::Manual,
        _ => return None,
    })
}

/// Locks what is due so that nobody else claims it; what somebody else has locked is theirs.
const DUE: &str = concat!(
    "-- claim::due\nSELECT ",
    columns!(),
    " FROM delivery d WHERE d.endpoint_row = $1 AND d.state = 0 AND d.due <= $2
      ORDER BY d.due, d.message_row LIMIT $3 FOR UPDATE SKIP LOCKED"
);

pub(super) async fn claim(session: &Session, claim: Claim) -> Result<(Claimed, Vec<Held>), Error> {
    const WHOSE: &str = "-- claim::whose
         SELECT a.id FROM endpoint e JOIN app a ON a.row = e.app_row
          WHERE e.row = $1 AND e.id = $2 AND e.deleted_at IS NULL
            AND EXISTS (SELECT 1 FROM lane_partition p WHERE p.part = $3 AND p.holder = $4)";
    const NOTHING: Claimed = Claimed { work: Vec::new(), next_due: None };
    let (conn, endpoint) = (&session.conn, claim.endpoint);
    if !session.shared.cluster.owns(endpoint) {
        return Ok((NOTHING, Vec::new()));
    }
    conn.prepare(&[WHOSE, DUE]).await?;
    let (row, id, now, limit) =
        (endpoint.row(), endpoint.as_bytes().as_slice(), claim.now.as_micros(), claim.limit as i64);
    let part = lane_partition(row) as i16;
    let (app, due) = tokio::try_join!(
        biased;
        async { conn.row(WHOSE, &[&row, &id, &part, &session.holder()]).await },
        async { conn.rows(DUE, &[&row, &now, &limit]).await },
    )?;
    let Some(app) = app else { return Ok((NOTHING, Vec::new())) };
    let app = AppId::from_bytes(Record::new(&app, "app", row, 0).id("id")?);
    let due = due.iter().map(|row| Waiting::read(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let (taken, empty) = fitting(conn, due, claim.max_bytes).await?;
    // A message whose payload is gone has nothing to send; expunging cancels, so this is only for what escaped it.
    for message_row in empty {
        order::cancel(session, (message_row, endpoint.row())).await?;
    }
    let (work, next_due) = hold(session, app, endpoint, &taken).await?;
    let held = taken.iter().map(|waiting| (waiting.message_row, endpoint.row())).collect();
    Ok((Claimed { work, next_due }, held))
}

/// Those of `due` whose payloads fit into `max_bytes`, at least one; and the rows of messages that have none.
async fn fitting(
    conn: &Connection,
    due: Vec<Waiting>,
    max_bytes: usize,
) -> Result<(Vec<Waiting>, Vec<i64>), Error> {
    let (mut taken, mut empty, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
    let Some(first) = due.first() else { return Ok((taken, empty)) };
    let rows: Vec<i64> = due.iter().map(|waiting| waiting.message_row).collect();
    let sizes = conn
        .rows(
            "-- claim::fitting
             SELECT m.row, octet_length(m.payload)
               FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS asked
               JOIN message m ON m.app_row = asked.app_row AND m.row = asked.row",
            &[&first.app_row, &rows],
        )
        .await?;
    let mut known = HashMap::with_capacity(sizes.len());
    for row in &sizes {
        known.insert(row.try_get::<_, i64>(0)?, row.try_get::<_, Option<i32>>(1)?);
    }
    for waiting in due {
        let Some(size) = known.get(&waiting.message_row).copied().flatten() else {
            empty.push(waiting.message_row);
            continue;
        };
        bytes = bytes.saturating_add(size.unsigned_abs() as usize);
        if !taken.is_empty() && bytes > max_bytes {
            break;
        }
        taken.push(waiting);
    }
    Ok((taken, empty))
}

/// Marks deliveries as held by this node, reads their messages, and looks when the next one is due.
async fn hold(
    session: &Session,
    app: AppId,
    endpoint: EndpointId,
    taken: &[Waiting],
) -> Result<(Vec<Work>, Option<Timestamp>), Error> {
    const HOLD: &str = "-- claim::hold
         UPDATE delivery d SET state = 1, holder = $4
           FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row, $3::bigint AS endpoint_row) AS taken
          WHERE d.app_row = taken.app_row AND d.message_row = taken.row AND d.endpoint_row = taken.endpoint_row";
    const NEXT: &str = "-- claim::next
         SELECT due FROM delivery WHERE endpoint_row = $1 AND state = 0 ORDER BY due LIMIT 1";
    let conn = &session.conn;
    conn.prepare(&[HOLD, MESSAGES, NEXT]).await?;
    let rows: Vec<i64> = taken.iter().map(|waiting| waiting.message_row).collect();
    let (endpoint_row, holder) = (endpoint.row(), session.holder());
    let app_row = taken.first().map(|first| first.app_row);
    let hold = async {
        match app_row {
            Some(app_row) => conn.run(HOLD, &[&app_row, &rows, &endpoint_row, &holder]).await,
            None => Ok(0),
        }
    };
    let (_, messages, next) = tokio::try_join!(
        biased;
        async { Ok(hold.await?) },
        messages_of(session, app, app_row, &rows),
        async { Ok::<_, Error>(conn.row(NEXT, &[&endpoint_row]).await?) },
    )?;
    let work = taken
        .iter()
        .filter_map(|waiting| Some(waiting.work(endpoint, Arc::clone(messages.get(&waiting.message_row)?))))
        .collect();
    let next = next.map(|row| row.try_get(0)).transpose()?;
    Ok((work, next.map(Timestamp::from_micros)))
}

const MESSAGES: &str = concat!(
    "-- claim::messages\nSELECT ",
    messages::columns!(payload),
    " FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS asked
      JOIN message m ON m.app_row = asked.app_row AND m.row = asked.row"
);

/// Messages of one application by their rows, with payloads.
pub(super) async fn messages_of(
    session: &Session,
    app: AppId,
    app_row: Option<i64>,
    rows: &[i64],
) -> Result<HashMap<i64, Arc<Message>>, Error> {
    let Some(app_row) = app_row.filter(|_| !rows.is_empty()) else { return Ok(HashMap::new()) };
    let found = session.conn.rows(MESSAGES, &[&app_row, &rows]).await?;
    let read = |row: &Row| {
        let message = messages::read(row, 0, app, Some(session.sealer()))?;
        Ok((message.id.row(), Arc::new(message)))
    };
    found.iter().map(read).collect()
}

/// Puts deliveries that this node holds back to waiting, due as they were.
pub(super) async fn release(session: &Session, held: &[Held]) -> Result<(), Error> {
    let (messages, endpoints): (Vec<i64>, Vec<i64>) = held.iter().copied().unzip();
    session
        .conn
        .run(
            "-- claim::release
             UPDATE delivery d SET state = 0
               FROM unnest($1::bigint[], $2::bigint[]) AS back (message_row, endpoint_row)
              WHERE d.endpoint_row = back.endpoint_row AND d.message_row = back.message_row
                AND d.state = 1 AND d.holder = $3",
            &[&messages, &endpoints, &session.holder()],
        )
        .await?;
    Ok(())
}

/// Puts what nobody alive holds back to waiting; at most [`TAKE_OVER_STEP`]. Steps from one holder to the next through
/// the index, so that what is held in good order costs nothing.
pub(super) async fn take_over(session: &Session) -> Result<u64, Error> {
    let taken = session
        .conn
        .run(
            "-- claim::take_over
             WITH RECURSIVE held (holder) AS (
                 (SELECT CASE state WHEN 1 THEN holder END FROM delivery
                   WHERE CASE state WHEN 1 THEN holder END IS NOT NULL
                   ORDER BY CASE state WHEN 1 THEN holder END LIMIT 1)
                 UNION ALL
                 SELECT (SELECT CASE state WHEN 1 THEN d.holder END FROM delivery d
                          WHERE CASE state WHEN 1 THEN d.holder END > held.holder
                          ORDER BY CASE state WHEN 1 THEN d.holder END LIMIT 1)
                   FROM held WHERE held.holder IS NOT NULL
             ), lost AS (
                 SELECT d.app_row, d.message_row, d.endpoint_row FROM delivery d
                  WHERE CASE state WHEN 1 THEN d.holder END = ANY(ARRAY(
                            SELECT held.holder FROM held
                             WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.holder = held.holder AND NOT n.fenced)))
                  LIMIT $1 FOR UPDATE SKIP LOCKED
             )
             UPDATE delivery d SET state = 0 FROM lost
              WHERE d.app_row = lost.app_row AND d.message_row = lost.message_row
                AND d.endpoint_row = lost.endpoint_row",
            &[&(TAKE_OVER_STEP as i64)],
        )
        .await?;
    Ok(taken)
}

/// Endpoints of this node with waiting deliveries. Steps from one endpoint to the next through the index, so that a backlog of
/// millions costs no more than one delivery.
pub(super) async fn lanes_due(
    conn: &Connection,
    cluster: &Cluster,
    after: Option<EndpointId>,
    limit: usize,
) -> Result<Vec<LaneDue>, Error> {
    let mut reached = after.map_or(i64::MIN, |endpoint| endpoint.row());
    let mut lanes = Vec::new();
    while lanes.len() < limit {
        let asked = limit - lanes.len();
        let rows = conn
            .rows(
                "-- claim::lanes_due
                 WITH RECURSIVE lane (endpoint_row, due, count) AS (
                     (SELECT endpoint_row, due, 1::bigint FROM delivery WHERE state = 0 AND endpoint_row > $1
                       ORDER BY endpoint_row, due LIMIT 1)
                     UNION ALL
                     SELECT next.endpoint_row, next.due, lane.count + 1
                       FROM lane CROSS JOIN LATERAL
                            (SELECT d.endpoint_row, d.due FROM delivery d
                              WHERE d.state = 0 AND d.endpoint_row > lane.endpoint_row
                              ORDER BY d.endpoint_row, d.due LIMIT 1) AS next
                      WHERE lane.count < $2
                 )
                 SELECT lane.endpoint_row, lane.due, owner.app_id, owner.endpoint_id
                   FROM lane LEFT JOIN LATERAL
                        (SELECT a.id AS app_id, e.id AS endpoint_id
                           FROM endpoint e JOIN app a ON a.row = e.app_row
                          WHERE e.row = lane.endpoint_row AND e.deleted_at IS NULL LIMIT 1) AS owner ON true",
                &[&reached, &(asked as i64)],
            )
            .await?;
        for row in &rows {
            reached = reached.max(row.try_get(0)?);
            let mut record = Record::new(row, "delivery", reached, 1);
            let due = record.time("due")?;
            // An endpoint that is gone has no lane; retention cancels what waits for it.
            if let (Some(app), Some(endpoint)) = (record.id_or_none("app")?, record.id_or_none("endpoint")?) {
                let (app, endpoint) = (AppId::from_bytes(app), EndpointId::from_bytes(endpoint));
                if cluster.owns(endpoint) {
                    lanes.push(LaneDue { app, endpoint, due });
                }
            }
        }
        if rows.len() < asked {
            break;
        }
    }
    lanes.sort_unstable_by_key(|lane| lane.endpoint);
    Ok(lanes)
}
