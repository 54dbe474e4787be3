//! Who goes on when a delivery of an order is finished.

use std::collections::HashMap;
use std::sync::Arc;

use postrider_core::attempt::Attempt;
use postrider_core::delivery::State;
use postrider_core::id::AppId;
use postrider_core::message::Message;
use postrider_core::time::Timestamp;

use super::super::claim::{self, Waiting};
use super::super::order::{self, Order};
use super::super::record::Record;
use super::super::session::Session;
use super::Next;
use crate::Error;

/// A delivery of an order that was finished by the settlement at `index`.
pub(super) struct Finished<'s> {
    pub(super) index: usize,
    pub(super) order: Order,
    pub(super) app_row: i64,
    pub(super) attempt: &'s Attempt,
    /// When the attempt ended.
    pub(super) now: Timestamp,
}

impl Finished<'_> {
    /// Whether the next of the order is to be sent at once, and by this node.
    fn goes_on(&self, session: &Session, next: &Waiting) -> bool {
        next.due <= self.now && session.shared.cluster.owns(self.attempt.endpoint)
    }
}

const PARKED: &str = concat!(
    "-- settle::next::parked\nSELECT finished.index, ",
    claim::columns!(),
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS finished (endpoint_row, ord, index)
      CROSS JOIN LATERAL
           (SELECT * FROM delivery w
             WHERE w.endpoint_row = finished.endpoint_row AND w.ord = finished.ord AND w.ord IS NOT NULL
               AND w.state < 3 AND w.state = 2
             ORDER BY w.seq LIMIT 1) AS d"
);

const GO_ON: &str = "-- settle::next::go_on
     UPDATE delivery d SET state = next.state, holder = CASE next.state WHEN 1 THEN $6::bigint END
       FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[])
            AS next (app_row, message_row, endpoint_row, state, index)
      WHERE d.app_row = next.app_row AND d.message_row = next.message_row AND d.endpoint_row = next.endpoint_row
        AND d.state = 2
     RETURNING next.index";

/// Lets the oldest parked delivery of each order go on, and locks the orders. One whose payload is gone is canceled on
/// the way, and the one behind it goes.
pub(super) async fn go_on(
    session: &Session,
    finished: &[Finished<'_>],
) -> Result<HashMap<usize, Next>, Error> {
    let mut next = HashMap::new();
    if finished.is_empty() {
        return Ok(next);
    }
    let by_index: HashMap<usize, &Finished<'_>> =
        finished.iter().map(|finished| (finished.index, finished)).collect();
    let keys = order::keys(finished.iter().map(|finished| finished.order));
    session.conn.rows(order::LOCK, &[&keys]).await?;
    let mut open: Vec<&Finished<'_>> = finished.iter().collect();
    while !open.is_empty() {
        let parked = parked(session, &open).await?;
        let messages = messages(session, &parked, &by_index).await?;
        let mut chosen = Chosen::default();
        open.clear();
        let mut candidates = HashMap::new();
        for (index, waiting) in parked {
            let finished = by_index[&index];
            let message = messages.get(&waiting.message_row).filter(|message| message.payload.is_some());
            let state = match message {
                None => State::Canceled,
                Some(_) if finished.goes_on(session, &waiting) => State::Held,
                Some(_) => State::Waiting,
            };
            chosen.push(finished, &waiting, state);
            candidates.insert(index, (waiting, state, message.cloned()));
        }
        let moved = chosen.write(session).await?;
        for (index, (waiting, state, message)) in candidates {
            match message {
                Some(message) if moved.contains(&(index as i64)) => {
                    let finished = by_index[&index];
                    let went = if state == State::Held {
                        Next::Held(waiting.work(finished.attempt.endpoint, message))
                    } else {
                        Next::Waiting(waiting.due)
                    };
                    next.insert(index, went);
                }
                // Canceled by us or by somebody else: the one behind it is next.
                _ => open.push(by_index[&index]),
            }
        }
    }
    Ok(next)
}

/// The oldest parked delivery of each order that has one.
async fn parked(session: &Session, open: &[&Finished<'_>]) -> Result<Vec<(usize, Waiting)>, Error> {
    let endpoints: Vec<i64> = open.iter().map(|finished| finished.order.0).collect();
    let ords: Vec<i64> = open.iter().map(|finished| finished.order.1).collect();
    let indexes: Vec<i64> = open.iter().map(|finished| finished.index as i64).collect();
    let rows = session.conn.rows(PARKED, &[&endpoints, &ords, &indexes]).await?;
    rows.iter().map(|row| Ok((row.try_get::<_, i64>(0)? as usize, Waiting::read(row, 1)?))).collect()
}

/// The messages of parked deliveries, by their rows: asked for by application, as they are stored.
async fn messages(
    session: &Session,
    parked: &[(usize, Waiting)],
    by_index: &HashMap<usize, &Finished<'_>>,
) -> Result<HashMap<i64, Arc<Message>>, Error> {
    let mut rows: HashMap<i64, Vec<i64>> = HashMap::new();
    for (index, waiting) in parked {
        rows.entry(by_index[index].app_row).or_default().push(waiting.message_row);
    }
    let mut messages = HashMap::new();
    for (app_row, rows) in rows {
        let app = session
            .conn
            .row(
                "-- settle::next::messages
                 SELECT id FROM app WHERE row = $1",
                &[&app_row],
            )
            .await?;
        // An application that is gone has no messages to send.
        let Some(app) = app else { continue };
        let app = AppId::from_bytes(Record::new(&app, "app", app_row, 0).id("id")?);
        messages.extend(claim::messages_of(session, app, Some(app_row), &rows).await?);
    }
    Ok(messages)
}

/// The parameters of [`GO_ON`].
#[derive(Default)]
struct Chosen {
    app_rows: Vec<i64>,
    message_rows: Vec<i64>,
    endpoint_rows: Vec<i64>,
    states: Vec<i16>,
    indexes: Vec<i64>,
}

impl Chosen {
    fn push(&mut self, finished: &Finished<'_>, waiting: &Waiting, state: State) {
        self.app_rows.push(waiting.app_row);
        self.message_rows.push(waiting.message_row);
        self.endpoint_rows.push(finished.order.0);
        self.states.push(state as i16);
        self.indexes.push(finished.index as i64);
    }

    /// Gives the indexes of those that were still parked.
    async fn write(&self, session: &Session) -> Result<Vec<i64>, Error> {
        if self.indexes.is_empty() {
            return Ok(Vec::new());
        }
        let params: super::super::connection::Params<'_> = &[
            &self.app_rows,
            &self.message_rows,
            &self.endpoint_rows,
            &self.states,
            &self.indexes,
            &session.holder(),
        ];
        let rows = session.conn.rows(GO_ON, params).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }
}
