//! Searching: the rows that a [walk](crate::search::walk) asks for, in one snapshot.
//!
//! Everything is there at once, so that the futures of a walk over these rows never wait.

mod read;
mod statement;

use bytes::Bytes;
use futures_util::FutureExt as _;
use postrider_core::id::EnvironmentId;
use postrider_core::query::{AppHead, EndpointHead, LastAttempt};
use rusqlite::{Connection, OptionalExtension as _};

use self::read::gather;
use self::statement::Index;
use super::payload_index;
use crate::Error;
use crate::search::index::{Asked, Covered, Hinted};
use crate::search::rows::{AttemptRow, DeliveryRow, MessageKey, MessageRow, Rows};
use crate::search::span::Span;
use crate::search::way::Way;

/// The rows of one environment.
pub(super) struct Shelf<'c> {
    pub(super) conn: &'c Connection,
    pub(super) environment: EnvironmentId,
}

/// What a walk over a shelf comes to.
pub(super) fn run<T>(walk: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    walk.now_or_never().expect("nothing that a shelf answers makes a walk wait")
}

impl Shelf<'_> {
    /// The next deliveries of an index, which may be that of the endpoint with this row.
    fn walk(
        &self,
        index: Index,
        endpoint_row: Option<i64>,
        span: &Span,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let (first, last) = span.messages();
        let mut statement = self.conn.prepare_cached(&statement::deliveries(index, span.order()))?;
        let mut rows = match endpoint_row {
            Some(endpoint_row) => statement.query((first, last, endpoint_row))?,
            None => statement.query((first, last))?,
        };
        let mut all = Vec::new();
        while all.len() < limit
            && let Some(row) = rows.next()?
        {
            // The first and the last message may be in the span in part.
            all.extend(Some(read::delivery(row)?).filter(|row| span.has(row.place())));
        }
        Ok(all)
    }

    fn troubled(
        &self,
        retrying: bool,
        ended: bool,
        span: &Span,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let mut all = Vec::new();
        if retrying {
            all = self.walk(Index::Retrying, None, span, limit)?;
        }
        if ended {
            all.extend(self.walk(Index::Ended, None, span, limit)?);
        }
        Ok(if retrying && ended { span.merged(all, limit) } else { all })
    }

    /// The last attempts of one message at these endpoints; those that are found are taken out of the list.
    fn last_attempts(
        &self,
        message_row: i64,
        endpoint_rows: &mut Vec<i64>,
        with_headers: bool,
        all: &mut Vec<AttemptRow>,
    ) -> Result<(), Error> {
        let mut statement = self.conn.prepare_cached(
            "-- search::last_attempts
             SELECT t.row, t.endpoint_row FROM attempt t INDEXED BY attempt_message
              WHERE t.message_row = ? ORDER BY t.row DESC",
        )?;
        let mut rows = statement.query([message_row])?;
        while !endpoint_rows.is_empty()
            && let Some(row) = rows.next()?
        {
            let (attempt_row, endpoint_row): (i64, i64) = (row.get(0)?, row.get(1)?);
            if let Some(at) = endpoint_rows.iter().position(|row| *row == endpoint_row) {
                endpoint_rows.swap_remove(at);
                let (last, headers) = self.attempt(attempt_row, with_headers)?;
                all.push(AttemptRow { message_row, endpoint_row, last, headers });
            }
        }
        Ok(())
    }

    fn attempt(&self, row: i64, with_headers: bool) -> Result<(LastAttempt, Bytes), Error> {
        let mut statement = self.conn.prepare_cached(
            "-- search::attempt
             SELECT t.id, t.number, t.at, t.trigger, t.succeeded, t.status_code, t.failure_class, t.failure, t.timings,
                    CASE WHEN ?2 THEN t.request_headers ELSE x'' END
               FROM attempt t WHERE t.row = ?1",
        )?;
        let found = statement.query_and_then((row, with_headers), |found| read::attempt(found, row))?.next();
        found.expect("it was seen in this snapshot")
    }
}

impl Rows for Shelf<'_> {
    async fn messages(
        &mut self,
        app_row: Option<i64>,
        span: &Span,
        limit: usize,
    ) -> Result<Vec<MessageRow>, Error> {
        let (first, last) = span.messages();
        let sql = statement::messages(app_row.is_some(), span.order());
        let mut statement = self.conn.prepare_cached(&sql)?;
        match app_row {
            Some(app_row) => gather(statement.query((first, last, app_row))?, limit, read::message),
            None => gather(statement.query((first, last))?, limit, read::message),
        }
    }

    async fn deliveries(&mut self, way: Way, span: &Span, limit: usize) -> Result<Vec<DeliveryRow>, Error> {
        match way {
            Way::Messages => Ok(Vec::new()),
            Way::Endpoint(row) => self.walk(Index::Endpoint, Some(row), span, limit),
            Way::Troubled { retrying, ended } => self.troubled(retrying, ended, span, limit),
        }
    }

    async fn deliveries_of(
        &mut self,
        messages: &[MessageKey],
        span: &Span,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let mut statement = self.conn.prepare_cached(&statement::deliveries_of(span.order()))?;
        let mut all = Vec::with_capacity(messages.len());
        for (_, row) in messages {
            all.extend(gather(statement.query([row])?, usize::MAX, read::delivery)?);
        }
        Ok(all)
    }

    async fn messages_at(&mut self, messages: &[MessageKey]) -> Result<Vec<MessageRow>, Error> {
        let mut statement = self.conn.prepare_cached(&statement::message())?;
        let mut all = Vec::with_capacity(messages.len());
        for (_, row) in messages {
            all.extend(gather(statement.query([row])?, 1, read::message)?);
        }
        Ok(all)
    }

    async fn apps(&mut self, rows: &[i64]) -> Result<Vec<(i64, AppHead)>, Error> {
        let mut statement = self.conn.prepare_cached(
            "-- search::apps
             SELECT a.id, a.uid, a.name, a.source_id, s.uid FROM app a LEFT JOIN source s ON s.app_row = a.row
              WHERE a.row = ? AND a.environment_row = ? AND a.deleted_at IS NULL",
        )?;
        let mut all = Vec::with_capacity(rows.len());
        for &row in rows {
            let found = statement.query((row, self.environment.row()))?;
            all.extend(gather(found, 1, |found| read::app(found, row))?);
        }
        Ok(all)
    }

    async fn endpoints(&mut self, rows: &[i64]) -> Result<Vec<(i64, EndpointHead)>, Error> {
        let mut statement = self.conn.prepare_cached(
            "-- search::endpoints
             SELECT e.id, e.uid, e.url, e.description, e.deleted_at IS NOT NULL FROM endpoint e WHERE e.row = ?",
        )?;
        let mut all = Vec::with_capacity(rows.len());
        for &row in rows {
            all.extend(gather(statement.query([row])?, 1, |found| read::endpoint(found, row))?);
        }
        Ok(all)
    }

    async fn attempts(
        &mut self,
        deliveries: &[(MessageKey, i64)],
        with_headers: bool,
    ) -> Result<Vec<AttemptRow>, Error> {
        let mut all = Vec::with_capacity(deliveries.len());
        // Deliveries of one message come together: its attempts are walked once for all of them.
        for some in deliveries.chunk_by(|one, other| one.0 == other.0) {
            let mut endpoint_rows: Vec<i64> = some.iter().map(|(_, row)| *row).collect();
            self.last_attempts(some[0].0.1, &mut endpoint_rows, with_headers, &mut all)?;
        }
        Ok(all)
    }

    async fn payloads(&mut self, messages: &[MessageKey]) -> Result<Vec<(i64, Bytes)>, Error> {
        let mut statement = self.conn.prepare_cached(
            "-- search::payloads
             SELECT payload FROM message WHERE row = ? AND payload IS NOT NULL",
        )?;
        let mut all = Vec::with_capacity(messages.len());
        for &(_, row) in messages {
            let payload: Option<Vec<u8>> = statement.query_row([row], |found| found.get(0)).optional()?;
            all.extend(payload.map(|payload| (row, Bytes::from(payload))));
        }
        Ok(all)
    }

    async fn covered(&mut self) -> Result<Option<Covered>, Error> {
        payload_index::covered(self.conn)
    }

    async fn candidates(&mut self, asked: &Asked<'_>) -> Result<Option<Hinted>, Error> {
        payload_index::candidates(self.conn, asked).map(Some)
    }

    async fn is_in_url(&mut self, app_row: Option<i64>, text: &str) -> Result<bool, Error> {
        payload_index::is_in_url(self.conn, (app_row, self.environment.row()), text)
    }
}
