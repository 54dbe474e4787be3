//! What a walk finds.

use std::sync::Arc;

use bytes::Bytes;
use postrider_core::delivery::Delivery;
use postrider_core::message::Message;
use postrider_core::query::{AppHead, Candidate, EndpointHead, LastAttempt, Place, Sent};

use crate::search::rows::MessageKey;

/// A message, and whose it is.
pub(super) struct Whose {
    pub(super) key: MessageKey,
    pub(super) app: Arc<AppHead>,
    pub(super) message: Arc<Message>,
    pub(super) has_payload: bool,
}

/// Something that the query means: a message, and on a walk of deliveries one of its deliveries.
pub(crate) struct Found {
    pub(crate) key: MessageKey,
    pub(crate) app: Arc<AppHead>,
    pub(crate) message: Arc<Message>,
    /// Whether the message has a payload still.
    pub(crate) has_payload: bool,
    pub(crate) sent: Option<FoundSent>,
}

/// The part of it that is a delivery.
pub(crate) struct FoundSent {
    pub(crate) delivery: Delivery,
    pub(crate) endpoint: Arc<EndpointHead>,
    /// Read already if the query asks for it, else by [`Walk::attempts`](super::Walk::attempts).
    pub(crate) last: Option<LastAttempt>,
    pub(super) headers: Bytes,
}

impl Found {
    /// The message without a delivery.
    pub(super) fn alone(Whose { key, app, message, has_payload }: Whose) -> Self {
        Self { key, app, message, has_payload, sent: None }
    }

    pub(crate) fn place(&self) -> Place {
        let endpoint = self.sent.as_ref().map_or(i64::MIN, |sent| sent.endpoint.id.row());
        Place { message: self.key.1, endpoint }
    }

    pub(super) fn candidate<'a>(&'a self, payload: Option<&'a [u8]>) -> Candidate<'a> {
        let sent = self.sent.as_ref().map(|sent| Sent {
            delivery: &sent.delivery,
            endpoint: &sent.endpoint,
            last: sent.last.as_ref(),
            headers: &sent.headers,
        });
        Candidate { app: &self.app, message: &self.message, sent, payload }
    }
}
