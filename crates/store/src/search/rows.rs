//! What a search asks an engine for. Every answer is bounded by what is asked.

use bytes::Bytes;
use postrider_core::delivery::State;
use postrider_core::id::AppId;
use postrider_core::message::Message;
use postrider_core::query::{AppHead, EndpointHead, LastAttempt, Place};
use postrider_core::time::Timestamp;

use super::index::{Asked, Covered, Hinted};
use super::span::Span;
use super::way::Way;
use crate::Error;

/// Stands in a message until its application is known.
pub(crate) const NO_APP: AppId = AppId::from_bytes([0; 20]);

/// A message without its payload, and whose it is. Its `app` is [`NO_APP`].
#[derive(Debug, Clone)]
pub(crate) struct MessageRow {
    pub(crate) app_row: i64,
    pub(crate) message: Message,
    /// Whether it has a payload still.
    pub(crate) has_payload: bool,
}

/// A delivery as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeliveryRow {
    /// 0 where the engine does not keep it with deliveries.
    pub(crate) app_row: i64,
    pub(crate) message_row: i64,
    pub(crate) endpoint_row: i64,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    pub(crate) due: Option<Timestamp>,
}

impl DeliveryRow {
    /// Its place among all deliveries.
    pub(crate) const fn place(&self) -> Place {
        Place { message: self.message_row, endpoint: self.endpoint_row }
    }
}

/// Names a message: its application's row, which some engines need, and its own.
pub(crate) type MessageKey = (i64, i64);

/// The last attempt of a delivery, with the header lines of its request where they are asked for.
#[derive(Debug, Clone)]
pub(crate) struct AttemptRow {
    pub(crate) message_row: i64,
    pub(crate) endpoint_row: i64,
    pub(crate) last: LastAttempt,
    pub(crate) headers: Bytes,
}

/// An engine's rows, within one consistent view or close to it. Lists come in the order of the span; where rows are asked
/// for by their keys, the order is any, and those that are not there are left out.
pub(crate) trait Rows {
    /// The next messages: of the application with this row, or of all.
    async fn messages(
        &mut self,
        app_row: Option<i64>,
        span: &Span,
        limit: usize,
    ) -> Result<Vec<MessageRow>, Error>;
    /// The next deliveries on a way that is not [`Way::Messages`].
    async fn deliveries(&mut self, way: Way, span: &Span, limit: usize) -> Result<Vec<DeliveryRow>, Error>;
    /// All deliveries of these messages, which come in the order of the span: theirs do too.
    async fn deliveries_of(
        &mut self,
        messages: &[MessageKey],
        span: &Span,
    ) -> Result<Vec<DeliveryRow>, Error>;
    /// Messages.
    async fn messages_at(&mut self, messages: &[MessageKey]) -> Result<Vec<MessageRow>, Error>;
    /// Applications of the environment that are there, by row.
    async fn apps(&mut self, rows: &[i64]) -> Result<Vec<(i64, AppHead)>, Error>;
    /// Endpoints, deleted ones too, by row.
    async fn endpoints(&mut self, rows: &[i64]) -> Result<Vec<(i64, EndpointHead)>, Error>;
    /// Last attempts of deliveries: of the messages, those to the endpoint with the row behind each.
    async fn attempts(
        &mut self,
        deliveries: &[(MessageKey, i64)],
        with_headers: bool,
    ) -> Result<Vec<AttemptRow>, Error>;
    /// Payloads by the row of the message.
    async fn payloads(&mut self, messages: &[MessageKey]) -> Result<Vec<(i64, Bytes)>, Error>;
    /// The messages that the payload index covers; `None` where it is off.
    async fn covered(&mut self) -> Result<Option<Covered>, Error>;
    /// The next messages that may have the grams. `None` when the index does not cover them any more.
    async fn candidates(&mut self, asked: &Asked<'_>) -> Result<Option<Hinted>, Error>;
    /// Whether the text is, in upper or lower case, in the URL of an endpoint of the application with this row, or of the
    /// environment; `true` where there are too many to see.
    async fn is_in_url(&mut self, app_row: Option<i64>, text: &str) -> Result<bool, Error>;
}
