//! Receiving: the messages of a request with what is known of them, and the requests that were refused.
//!
//! An intake is a transaction of its own, with the statements of [accept](super::accept). Two requests that are the same
//! event take turns by an advisory lock, so that the second finds the first.

use std::collections::HashMap;

use postrider_core::id::{MessageId, RefusalId, first_row_at};
use postrider_core::reception::{Reception, Refusal, Ring, Sameness, Standing};
use postrider_core::scope::AppScope;
use tokio_postgres::Row;

use super::accept::{self, Acceptable};
use super::connection::Connection;
use super::handed::Held;
use super::record::Record;
use super::session::{Session, is_live};
use super::sources;
use crate::partition::mix;
use crate::receive::{detail_at, open, open_refusal, seal, seal_refusal};
use crate::seal::Sealer;
use crate::{AcceptError, Acceptance, Arrival, Error, Intake, Taken};

/// One of an intake, decided whether it is a repetition.
struct Decided {
    scope: AppScope,
    arrival: Arrival,
}

impl Acceptable for Decided {
    fn scope(&self) -> AppScope {
        self.scope
    }

    fn acceptance(&self) -> &Acceptance {
        &self.arrival.acceptance
    }
}

/// Writes all messages of the intake. None of them, and no answer, when its firing was another's.
pub(super) async fn receive(
    session: &Session,
    scope: AppScope,
    intake: &Intake,
) -> Result<(Vec<Taken>, Vec<Held>), AcceptError> {
    if let Some(firing) = intake.firing
        && !sources::fire(session, scope.app(), firing).await?
    {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut originals = originals(session, scope, intake).await?;
    let mut decided = Vec::with_capacity(intake.arrivals.len());
    for arrival in &intake.arrivals {
        let original = originals.get(&arrival.sameness).copied();
        originals.entry(arrival.sameness).or_insert(arrival.acceptance.message.id);
        decided.push(Decided { scope, arrival: arrival.repeating(original) });
    }
    let outcomes = accept::in_transaction(session, &decided).await?;
    insert(session, &decided).await?;
    let (mut taken, mut held) = (Vec::with_capacity(outcomes.len()), Vec::new());
    for ((accepted, more), Decided { arrival, .. }) in outcomes.into_iter().zip(&decided) {
        taken.push(Taken { accepted, duplicate_of: arrival.reception.duplicate_of });
        held.extend(more);
    }
    Ok((taken, held))
}

/// The messages that arrivals of the intake repeat. Until the transaction ends, nobody else takes the same events.
async fn originals(
    session: &Session,
    scope: AppScope,
    intake: &Intake,
) -> Result<HashMap<Sameness, MessageId>, Error> {
    let app_row = scope.app().row();
    let samenesses: Vec<&[u8]> = intake.arrivals.iter().map(|arrival| &arrival.sameness.0[..]).collect();
    let mut locks: Vec<i64> = intake.arrivals.iter().map(|arrival| lock(app_row, arrival.sameness)).collect();
    locks.sort_unstable();
    locks.dedup();
    session
        .conn
        .rows(
            "-- receive::originals
             SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS events (key)",
            &[&locks],
        )
        .await?;
    let rows = session
        .conn
        .rows(
            "-- receive::originals
             SELECT row, sameness, id FROM reception
              WHERE app_row = $1 AND sameness = ANY($2) AND duplicate_of IS NULL AND row >= $3 ORDER BY row DESC",
            &[&app_row, &samenesses, &first_row_at(intake.since)],
        )
        .await?;
    let mut originals = HashMap::with_capacity(rows.len());
    for row in &rows {
        let mut record = Record::new(row, "reception", row.try_get(0)?, 1);
        let mut sameness = [0; 16];
        let stored: &[u8] = record.get("sameness")?;
        sameness.iter_mut().zip(stored).for_each(|(to, from)| *to = *from);
        originals.insert(Sameness(sameness), MessageId::from_bytes(record.id("id")?));
    }
    Ok(originals)
}

/// The key of an event's lock. It is no order's by more than chance, and two that meet only wait for each other.
fn lock(app_row: i64, Sameness(sameness): Sameness) -> i64 {
    let mut head = [0; 8];
    head.copy_from_slice(&sameness[..8]);
    mix(mix(app_row as u64) ^ u64::from_be_bytes(head)) as i64
}

async fn insert(session: &Session, decided: &[Decided]) -> Result<(), Error> {
    let column = |of: fn(&Arrival) -> Vec<u8>| -> Vec<Vec<u8>> {
        decided.iter().map(|decided| of(&decided.arrival)).collect()
    };
    let apps: Vec<i64> = decided.iter().map(|decided| decided.scope.app().row()).collect();
    let rows: Vec<i64> = decided.iter().map(|decided| decided.arrival.acceptance.message.id.row()).collect();
    let ids = column(|arrival| arrival.acceptance.message.id.as_bytes().to_vec());
    let samenesses = column(|arrival| arrival.sameness.0.to_vec());
    let hashes = column(|arrival| arrival.reception.body_hash.to_vec());
    let originals: Vec<Option<Vec<u8>>> = decided
        .iter()
        .map(|decided| decided.arrival.reception.duplicate_of.map(|id| id.as_bytes().to_vec()))
        .collect();
    let standings: Vec<i16> =
        decided.iter().map(|decided| decided.arrival.reception.standing as i16).collect();
    let details: Vec<Vec<u8>> = decided
        .iter()
        .zip(&rows)
        .map(|(decided, row)| seal(session.sealer(), detail_at(*row), &decided.arrival.reception.detail))
        .collect();
    session
        .conn
        .run(
            "-- receive::insert
             INSERT INTO reception (app_row, row, id, sameness, duplicate_of, standing, body_hash, detail)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::smallint[],
                                  $7::bytea[], $8::bytea[])",
            &[&apps, &rows, &ids, &samenesses, &originals, &standings, &hashes, &details],
        )
        .await?;
    Ok(())
}

/// What is known of each of these messages.
pub(super) async fn receptions(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
    messages: &[MessageId],
) -> Result<Vec<Option<Reception>>, Error> {
    if !is_live(conn, scope).await? {
        return Ok(vec![None; messages.len()]);
    }
    let wanted: Vec<i64> = messages.iter().map(MessageId::row).collect();
    let rows = conn
        .rows(
            "-- receive::receptions
             SELECT r.row, r.id, r.duplicate_of, r.standing, r.body_hash, r.detail
               FROM (SELECT $1::bigint AS app_row, unnest($2::bigint[]) AS row) AS asked
               JOIN reception r ON r.app_row = asked.app_row AND r.row = asked.row",
            &[&scope.app().row(), &wanted],
        )
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let (id, reception) = read(row, sealer)?;
        found.insert(id, reception);
    }
    Ok(messages.iter().map(|id| found.remove(id)).collect())
}

fn read(row: &Row, sealer: &Sealer) -> Result<(MessageId, Reception), Error> {
    let key = row.try_get(0)?;
    let mut record = Record::new(row, "reception", key, 1);
    let id = MessageId::from_bytes(record.id("id")?);
    let duplicate_of = record.id_or_none("duplicate_of")?.map(MessageId::from_bytes);
    let standing = record.number("standing", Standing::of_number)?;
    let mut body_hash = [0; 32];
    let stored: &[u8] = record.get("body_hash")?;
    body_hash.iter_mut().zip(stored).for_each(|(to, from)| *to = *from);
    let detail = open(sealer, detail_at(key), &record.bytes("detail")?)?;
    Ok((id, Reception { standing, body_hash, duplicate_of, detail }))
}

/// Keeps a refused request, and forgets the oldest ones of its source beyond `ring`.
pub(super) async fn refuse(
    session: &Session,
    scope: AppScope,
    refusal: &Refusal,
    ring: Ring,
) -> Result<(), Error> {
    let conn = &session.conn;
    let Some(source) = sources::by_app(conn, session.sealer(), scope.app()).await? else { return Ok(()) };
    let detail = seal_refusal(session.sealer(), refusal);
    let id = refusal.id;
    conn.run(
        "-- receive::refuse
         INSERT INTO refusal (source_row, row, id, bytes, detail) VALUES ($1, $2, $3, $4, $5)",
        &[&source.id.row(), &id.row(), &id.as_bytes().as_slice(), &(detail.len() as i64), &detail],
    )
    .await?;
    conn.run(
        "-- receive::refuse
         DELETE FROM refusal r USING
             (SELECT row, row_number() OVER (ORDER BY row DESC) AS n, sum(bytes) OVER (ORDER BY row DESC) AS sum
                FROM refusal WHERE source_row = $1) AS kept
          WHERE r.source_row = $1 AND r.row = kept.row AND kept.n > 1 AND (kept.n > $2 OR kept.sum > $3::bigint)",
        &[&source.id.row(), &(ring.count as i64), &(ring.bytes as i64)],
    )
    .await?;
    Ok(())
}

/// The refused requests of the source, newest first.
pub(super) async fn refusals(
    conn: &Connection,
    sealer: &Sealer,
    scope: AppScope,
) -> Result<Vec<Refusal>, Error> {
    let rows = conn
        .rows(
            "-- receive::refusals
             SELECT r.row, r.id, r.detail FROM source s JOIN refusal r ON r.source_row = s.row
              WHERE s.app_row = $1 AND s.app_id = $2 AND s.environment_row = $3 ORDER BY r.row DESC",
            &[&scope.app().row(), &scope.app().as_bytes().as_slice(), &scope.environment().row()],
        )
        .await?;
    let read = |row: &Row| {
        let mut record = Record::new(row, "refusal", row.try_get(0)?, 1);
        let id = RefusalId::from_bytes(record.id("id")?);
        open_refusal(sealer, id, &record.bytes("detail")?)
    };
    rows.iter().map(read).collect()
}
