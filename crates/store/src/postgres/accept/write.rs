//! What is written for the accepted ones of a batch: a column of values for each column of a table.

use postrider_core::delivery::State;
use postrider_core::id::EndpointId;
use postrider_core::time::Timestamp;
use tokio_postgres::types::ToSql;

use super::super::record::json_unless_empty;
use super::super::session::Session;
use super::super::tally::Writes;
use super::super::transaction::{End, Witness};
use super::super::{idempotency, messages, payload_index};
use super::{Acceptable, decide};
use crate::partition::lane_partition;
use crate::tally::{Owner, Tally};
use crate::{Accepted, Error, Placement};

const MESSAGES: &str = "-- accept::write::messages
     INSERT INTO message (app_row, row, deliver_at, expire_at, id, event_type, event_id, channels, tags, ordering_key,
                          raw, payload, edited_of)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[], $7::text[],
                          $8::text[], $9::text[], $10::text[], $11::bytea[], $12::bytea[],
                          $13::bytea[])";

const EVENT_IDS: &str = "-- accept::write::event_ids
     INSERT INTO message_event_id (app_row, event_id, row)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])";

const DELIVERIES: &str = "-- accept::write::deliveries
     INSERT INTO delivery (app_row, message_row, endpoint_row, due, holder, ord, seq, attempts, uncounted, part, state,
                           trigger)
     SELECT app_row, message_row, endpoint_row, due, CASE state WHEN 1 THEN $9::bigint END, ord,
            CASE WHEN ord IS NOT NULL THEN nextval('delivery_seq') END, 0, 0, part, state, trigger
       FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], $7::smallint[],
                   $8::smallint[]) AS new (app_row, message_row, endpoint_row, due, ord, part, state, trigger)";

/// The parameters of the statements.
pub(super) struct Columns<'b> {
    message: Messages<'b>,
    event_id: EventIds<'b>,
    delivery: Deliveries,
    answer: idempotency::Columns,
    tally: Writes,
    holder: i64,
}

#[derive(Default)]
struct Messages<'b> {
    app_row: Vec<i64>,
    row: Vec<i64>,
    deliver_at: Vec<Option<i64>>,
    expire_at: Vec<Option<i64>>,
    id: Vec<&'b [u8]>,
    event_type: Vec<&'b str>,
    event_id: Vec<Option<&'b str>>,
    channels: Vec<Option<String>>,
    tags: Vec<Option<String>>,
    ordering_key: Vec<Option<&'b str>>,
    raw: Vec<Option<Vec<u8>>>,
    payload: Vec<Option<&'b [u8]>>,
    edited_of: Vec<Option<&'b [u8]>>,
}

#[derive(Default)]
struct EventIds<'b> {
    app_row: Vec<i64>,
    event_id: Vec<&'b str>,
    row: Vec<i64>,
}

#[derive(Default)]
struct Deliveries {
    app_row: Vec<i64>,
    message_row: Vec<i64>,
    endpoint_row: Vec<i64>,
    due: Vec<i64>,
    ord: Vec<Option<i64>>,
    part: Vec<i16>,
    state: Vec<i16>,
    trigger: Vec<i16>,
}

impl<'b> Columns<'b> {
    pub(super) fn of(session: &Session, accepted: &[(&'b impl Acceptable, &Accepted)]) -> Self {
        let asked = accepted.iter().filter_map(|(job, _)| job.acceptance().idempotency.as_ref());
        let mut columns = Self {
            message: Messages::default(),
            event_id: EventIds::of(accepted),
            delivery: Deliveries::default(),
            answer: idempotency::Columns::of(asked, session.sealer()),
            tally: Writes::of_messages(session, &tally(accepted)),
            holder: session.holder(),
        };
        for (job, accepted) in accepted {
            columns.message.push(session, *job);
            columns.delivery.push(*job, accepted);
        }
        columns
    }

    /// Writes everything and commits.
    pub(super) async fn commit(
        &self,
        session: Session,
        number: &str,
        witness: Witness,
    ) -> Result<End, Error> {
        let writes = self.writes();
        let mut prepared = Vec::with_capacity(writes.len());
        for (sql, params) in &writes {
            prepared.push((session.conn.statement(sql).await?, params.as_slice()));
        }
        Ok(session.commit(number, Some(witness), &prepared).await)
    }

    /// Writes everything inside an open transaction.
    pub(super) async fn write(&self, session: &Session) -> Result<(), Error> {
        for (sql, params) in self.writes() {
            session.conn.run(sql, &params).await?;
        }
        Ok(())
    }

    /// The statements with their parameters. What others may be writing too comes first, in its one sequence, so that
    /// whoever has to wait for them holds nothing that they could need.
    fn writes(&self) -> Vec<(&'static str, Vec<&(dyn ToSql + Sync)>)> {
        let (answer, event_id, message, delivery) =
            (&self.answer, &self.event_id, &self.message, &self.delivery);
        let expired: Vec<&(dyn ToSql + Sync)> = vec![&answer.keys, &answer.oldest];
        let answers: Vec<&(dyn ToSql + Sync)> = vec![
            &answer.keys,
            &answer.requests,
            &answer.buckets,
            &answer.statuses,
            &answer.messages,
            &answer.bodies,
        ];
        let event_ids: Vec<&(dyn ToSql + Sync)> = vec![&event_id.app_row, &event_id.event_id, &event_id.row];
        let messages: Vec<&(dyn ToSql + Sync)> = vec![
            &message.app_row,
            &message.row,
            &message.deliver_at,
            &message.expire_at,
            &message.id,
            &message.event_type,
            &message.event_id,
            &message.channels,
            &message.tags,
            &message.ordering_key,
            &message.raw,
            &message.payload,
            &message.edited_of,
        ];
        let late: Vec<&(dyn ToSql + Sync)> = vec![&message.app_row, &message.row];
        let deliveries: Vec<&(dyn ToSql + Sync)> = vec![
            &delivery.app_row,
            &delivery.message_row,
            &delivery.endpoint_row,
            &delivery.due,
            &delivery.ord,
            &delivery.part,
            &delivery.state,
            &delivery.trigger,
            &self.holder,
        ];
        let all = [
            (idempotency::FORGET_EXPIRED, expired, !answer.keys.is_empty()),
            (idempotency::REMEMBER, answers, !answer.keys.is_empty()),
            (EVENT_IDS, event_ids, !event_id.row.is_empty()),
            (MESSAGES, messages, true),
            (payload_index::LATE, late, true),
            (DELIVERIES, deliveries, !delivery.state.is_empty()),
        ];
        let all = all.into_iter().filter(|(.., any)| *any).map(|(sql, params, _)| (sql, params));
        all.chain(self.tally.statements()).collect()
    }
}

/// What the messages come to.
fn tally(accepted: &[(&impl Acceptable, &Accepted)]) -> Tally {
    let mut tally = Tally::default();
    for (job, _) in accepted {
        let (scope, acceptance) = (job.scope(), job.acceptance());
        let owner = Owner { environment_row: scope.environment().row(), app_row: scope.app().row() };
        tally.accepted(owner, &acceptance.message, acceptance.now);
    }
    tally
}

impl<'b> Messages<'b> {
    fn push(&mut self, session: &Session, job: &'b impl Acceptable) {
        let (scope, acceptance) = (job.scope(), job.acceptance());
        let message = &acceptance.message;
        let payload = message.payload.as_ref();
        let raw = payload.and_then(|payload| payload.raw.as_ref());
        self.app_row.push(scope.app().row());
        self.row.push(message.id.row());
        self.deliver_at.push(message.deliver_at.map(Timestamp::as_micros));
        self.expire_at.push(message.expire_at.map(Timestamp::as_micros));
        self.id.push(message.id.as_bytes());
        self.event_type.push(&message.event_type);
        self.event_id.push(message.event_id.as_deref());
        self.channels.push(json_unless_empty(&message.channels, message.channels.is_empty()));
        self.tags.push(json_unless_empty(&message.tags, message.tags.is_empty()));
        self.ordering_key.push(message.ordering_key.as_deref());
        self.raw.push(raw.map(|raw| messages::seal_raw(session.sealer(), message.id.row(), raw)));
        self.payload.push(payload.map(|payload| payload.body.as_ref()));
        self.edited_of.push(message.edited_of.as_ref().map(|id| id.as_bytes().as_slice()));
    }
}

impl<'b> EventIds<'b> {
    /// In the sequence in which everybody writes them.
    fn of<A: Acceptable>(accepted: &[(&'b A, &Accepted)]) -> Self {
        let event_id = |(job, _): &(&'b A, _)| {
            let message = &job.acceptance().message;
            Some((job.scope().app().row(), message.event_id.as_deref()?, message.id.row()))
        };
        let mut all: Vec<_> = accepted.iter().filter_map(event_id).collect();
        all.sort_unstable();
        let mut columns = Self::default();
        for (app_row, event_id, row) in all {
            columns.app_row.push(app_row);
            columns.event_id.push(event_id);
            columns.row.push(row);
        }
        columns
    }
}

impl Deliveries {
    fn push(&mut self, job: &impl Acceptable, accepted: &Accepted) {
        let (scope, acceptance) = (job.scope(), job.acceptance());
        let due = decide::due(acceptance).as_micros();
        for (delivery, placement) in acceptance.deliveries.iter().zip(&accepted.placements) {
            let state = match placement {
                Placement::Held => State::Held,
                Placement::Waiting { .. } => State::Waiting,
                Placement::Parked => State::Parked,
            };
            let endpoint_row = EndpointId::row(&delivery.endpoint);
            self.app_row.push(scope.app().row());
            self.message_row.push(acceptance.message.id.row());
            self.endpoint_row.push(endpoint_row);
            self.due.push(due);
            self.ord.push(delivery.order);
            self.part.push(lane_partition(endpoint_row) as i16);
            self.state.push(state as i16);
            self.trigger.push(acceptance.trigger as i16);
        }
    }
}
