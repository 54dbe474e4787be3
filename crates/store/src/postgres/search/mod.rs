//! Searching: the rows that a [walk](crate::search::walk) asks for.
//!
//! Each answer is one statement, and they do not share a snapshot: what changes during a walk may be seen as it was or as
//! it is.

mod read;
mod statement;

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use postrider_core::id::{EnvironmentId, first_row_at, row_timestamp};
use postrider_core::query::{AppHead, EndpointHead};
use tokio_postgres::Row;

use self::statement::Index;
use super::connection::{Connection, Params};
use super::payload_index;
use crate::Error;
use crate::search::index::{Asked, Covered, Hinted};
use crate::search::rows::{AttemptRow, DeliveryRow, MessageKey, MessageRow, Rows};
use crate::search::span::Span;
use crate::search::way::Way;

/// How far the clocks of two nodes can be apart: an attempt may seem older than its message by that much.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The rows of one environment.
pub(super) struct Shelf<'c> {
    pub(super) conn: &'c Connection,
    pub(super) environment: EnvironmentId,
}

/// Rows of applications and of messages, apart.
fn apart(messages: &[MessageKey]) -> (Vec<i64>, Vec<i64>) {
    messages.iter().copied().unzip()
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Shelf<'_> {
    async fn all<T>(
        &self,
        sql: &str,
        params: Params<'_>,
        read: impl Fn(&Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.conn.rows(sql, params).await?.iter().map(read).collect()
    }

    /// The next deliveries of an index, which may be that of the endpoint with this row.
    async fn walk(
        &self,
        index: Index,
        endpoint_row: Option<i64>,
        span: &Span,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let (low, high) = span.ends();
        let (sql, limit) = (statement::deliveries(index, span.order()), count(limit));
        let ends: Params<'_> = &[&low.message, &low.endpoint, &high.message, &high.endpoint, &limit];
        match &endpoint_row {
            Some(row) => self.all(&sql, &[ends, &[row]].concat(), read::delivery).await,
            None => self.all(&sql, ends, read::delivery).await,
        }
    }

    async fn troubled(
        &self,
        retrying: bool,
        ended: bool,
        span: &Span,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let mut all = Vec::new();
        if retrying {
            all = self.walk(Index::Retrying, None, span, limit).await?;
        }
        if ended {
            all.extend(self.walk(Index::Ended, None, span, limit).await?);
        }
        // Read one after the other: a delivery that has moved in between is there twice.
        Ok(if retrying && ended { span.merged(all, limit) } else { all })
    }
}

impl Rows for Shelf<'_> {
    async fn messages(
        &mut self,
        app_row: Option<i64>,
        span: &Span,
        limit: usize,
    ) -> Result<Vec<MessageRow>, Error> {
        let ((first, last), limit) = (span.messages(), count(limit));
        let sql = statement::messages(app_row.is_some(), span.order());
        match &app_row {
            Some(app_row) => self.all(&sql, &[&first, &last, &limit, app_row], read::message).await,
            None => self.all(&sql, &[&first, &last, &limit], read::message).await,
        }
    }

    async fn deliveries(&mut self, way: Way, span: &Span, limit: usize) -> Result<Vec<DeliveryRow>, Error> {
        match way {
            Way::Messages => Ok(Vec::new()),
            Way::Endpoint(row) => self.walk(Index::Endpoint, Some(row), span, limit).await,
            Way::Troubled { retrying, ended } => self.troubled(retrying, ended, span, limit).await,
        }
    }

    async fn deliveries_of(
        &mut self,
        messages: &[MessageKey],
        span: &Span,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let (app_rows, rows) = apart(messages);
        self.all(&statement::deliveries_of(span.order()), &[&app_rows, &rows], read::delivery).await
    }

    async fn messages_at(&mut self, messages: &[MessageKey]) -> Result<Vec<MessageRow>, Error> {
        let (app_rows, rows) = apart(messages);
        self.all(&statement::messages_at(), &[&app_rows, &rows], read::message).await
    }

    async fn apps(&mut self, rows: &[i64]) -> Result<Vec<(i64, AppHead)>, Error> {
        self.all(statement::APPS, &[&rows, &self.environment.row()], read::app).await
    }

    async fn endpoints(&mut self, rows: &[i64]) -> Result<Vec<(i64, EndpointHead)>, Error> {
        self.all(statement::ENDPOINTS, &[&rows], read::endpoint).await
    }

    async fn attempts(
        &mut self,
        deliveries: &[(MessageKey, i64)],
        with_headers: bool,
    ) -> Result<Vec<AttemptRow>, Error> {
        let (messages, endpoint_rows): (Vec<MessageKey>, Vec<i64>) = deliveries.iter().copied().unzip();
        let (app_rows, rows) = apart(&messages);
        // There is no need to search the days before the oldest message.
        let oldest = rows.iter().copied().min().unwrap_or_default();
        let first = first_row_at(row_timestamp(oldest).before(CLOCKS_APART_MAX));
        let params: Params<'_> = &[&app_rows, &rows, &endpoint_rows, &first, &with_headers];
        self.all(statement::ATTEMPTS, params, read::attempt).await
    }

    async fn payloads(&mut self, messages: &[MessageKey]) -> Result<Vec<(i64, Bytes)>, Error> {
        let (app_rows, rows) = apart(messages);
        self.all(statement::PAYLOADS, &[&app_rows, &rows], read::payload).await
    }

    async fn covered(&mut self) -> Result<Option<Covered>, Error> {
        payload_index::covered(self.conn).await
    }

    async fn candidates(&mut self, asked: &Asked<'_>) -> Result<Option<Hinted>, Error> {
        payload_index::candidates(self.conn, asked).await
    }

    async fn is_in_url(&mut self, app_row: Option<i64>, text: &str) -> Result<bool, Error> {
        payload_index::is_in_url(self.conn, (app_row, self.environment.row()), text).await
    }
}
