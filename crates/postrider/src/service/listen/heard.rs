//! What a listener gets of a message.

use postrider_core::app::Ref;
use postrider_core::id::SourceId;
use postrider_core::message::Message;
use postrider_core::reception::{Received, Reception};
use postrider_store::Error;

use super::selection::{self, Selection};
use crate::context::Context;
use crate::service::sources::passed_on;

/// A received message, ready to be sent again.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The message with its payload, unless that is gone.
    pub message: Message,
    /// The source.
    pub source: SourceId,
    /// The source's own id, where it has one.
    pub source_uid: Option<String>,
    /// What is known of it; `None` for one that was not received.
    pub reception: Option<Reception>,
    /// The request, but for its body; that of a batch is its first message's. `None` for what came by no request.
    pub request: Option<Received>,
    /// Its headers without those of the connection, each byte of a value written as the character of its number.
    pub headers: Vec<(String, String)>,
    /// The how-manieth time it is given to a member of the group; 1 for others.
    pub attempt: u32,
    /// Whether the provider waits for an answer.
    pub awaited: bool,
}

impl Heard {
    /// About how much memory it takes on its way: its bytes, and twice those in Base64.
    pub(super) fn weight(&self) -> usize {
        const FIXED: usize = 4 * 1024;
        FIXED + self.message.payload.as_ref().map_or(0, |payload| payload.body.len() * 4)
    }
}

/// Reads what there is to a message; `None` for one that is gone, or that is not wanted after all.
pub(super) async fn read(
    context: &Context,
    selection: &Selection,
    (place, message, attempt): (usize, Message, u32),
) -> Result<Option<Heard>, Error> {
    let Some(selection::Heard { source, uid, scope }) = selection.sources.get(place).cloned() else {
        return Ok(None);
    };
    let mut known = context.store.receptions(scope, vec![message.id]).await?;
    let reception = known.pop().flatten();
    if !selection.admits(reception.as_ref()) {
        return Ok(None);
    }
    let Some(message) = context.store.message(scope, &Ref::Id(message.id), true).await? else {
        return Ok(None);
    };
    let detail = reception.as_ref().map(|reception| &reception.detail);
    let mut request = detail.and_then(|detail| detail.request.clone());
    if request.is_none()
        && let Some(first) = detail.and_then(|detail| detail.batch)
    {
        let mut first = context.store.receptions(scope, vec![first]).await?;
        request = first.pop().flatten().and_then(|first| first.detail.request);
    }
    let raw = message.payload.as_ref().and_then(|payload| payload.raw.as_ref());
    let headers = match (raw, &request) {
        (Some(raw), _) if raw.as_it_came => raw.headers.clone(),
        (_, Some(request)) => passed_on(&request.headers),
        (Some(raw), None) => raw.headers.clone(),
        (None, None) => vec![("content-type".to_owned(), "application/json".to_owned())],
    };
    let awaited = selection.wanted.sync && context.listeners.awaits(message.id);
    Ok(Some(Heard { message, source, source_uid: uid, reception, request, headers, attempt, awaited }))
}
