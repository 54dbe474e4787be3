//! Messages of several sources in one order, a piece at a time.

use postrider_core::id::MessageId;
use postrider_core::message::Message;
use postrider_store::{Edge, Error, MessageFilter, Order, Page};

use super::selection::Selection;
use crate::context::Context;

/// Messages that one look takes of each source.
const AT_ONCE: usize = 100;
/// Looks that are taken to answer one request. Where a filter leaves nothing of what they find, the answer says how far
/// they came.
pub(super) const LOOKS: usize = 100;

/// What one look found.
pub(super) struct Look {
    /// Messages with the places of their sources in the selection, oldest first, without payloads.
    pub(super) messages: Vec<(usize, Message)>,
    /// The row up to which they are all there are; `None` when that is the end.
    pub(super) whole_to: Option<i64>,
}

/// The messages after the row `after`, as many as one look takes.
pub(super) async fn look(context: &Context, selection: &Selection, after: i64) -> Result<Look, Error> {
    let (mut messages, mut whole_to) = (Vec::new(), None::<i64>);
    for (place, heard) in selection.sources.iter().enumerate() {
        let page =
            Page { limit: AT_ONCE, edge: Some(Edge::After(edge(after))), order: Some(Order::Ascending) };
        let listed = context.store.messages(heard.scope, MessageFilter::default(), page, false).await?;
        if let Some(next) = listed.next {
            let row = listed.rows.last().map_or(next.row(), |last| last.id.row().max(next.row()));
            whole_to = Some(whole_to.map_or(row, |other| other.min(row)));
        }
        messages.extend(listed.rows.into_iter().map(|message| (place, message)));
    }
    // What another source may still have before these, is for the next look.
    messages.retain(|(_, message)| whole_to.is_none_or(|to| message.id.row() <= to));
    messages.sort_by_key(|(_, message)| message.id.row());
    Ok(Look { messages, whole_to })
}

/// A position behind all messages up to this row.
pub(super) fn edge(row: i64) -> MessageId {
    let mut bytes = [0xff; 20];
    bytes[..8].copy_from_slice(&row.to_be_bytes());
    MessageId::from_bytes(bytes)
}

/// A walk from one row to the end, look by look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// Where the next look begins.
    pub(super) after: i64,
    /// The row up to which nothing can appear any more when the walk has begun; none for a walk that only looks for
    /// what is newest.
    pub(super) settled: Option<i64>,
}
