//! What came to a source.

use postrider_core::app::Ref;
use postrider_core::id::{MessageId, SourceId};
use postrider_core::message::Message;
use postrider_core::reception::{Reception, Refusal};
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_store::{Listed, MessageFilter, Page};

use super::{Error, find};
use crate::context::Context;
use crate::service::access::{self, Found};

/// A received message with what is known of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The message.
    pub message: Message,
    /// What is known of it; `None` for one that was not received.
    pub reception: Option<Reception>,
}

/// Received messages by id, newest first, without their payloads.
pub async fn receptions(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    page: Page<MessageId>,
) -> Result<Listed<Seen, MessageId>, Error> {
    let found: Found = access::app(context, identity, Right::Read, source).await?;
    let _turn = access::turn(context, &found).await?;
    let listed = context.store.messages(found.scope, MessageFilter::default(), page, false).await?;
    let ids = listed.rows.iter().map(|message| message.id).collect();
    let known = context.store.receptions(found.scope, ids).await?;
    let rows = listed.rows.into_iter().zip(known);
    let rows = rows.map(|(message, reception)| Seen { message, reception }).collect();
    Ok(Listed { rows, next: listed.next })
}

/// One received message with its payload.
pub async fn reception(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    message: MessageId,
) -> Result<Seen, Error> {
    let (_, scope) = find(context, identity, Right::Read, source).await?;
    let message = access::message(context, scope, &Ref::Id(message), true).await?;
    let mut known = context.store.receptions(scope, vec![message.id]).await?;
    Ok(Seen { message, reception: known.pop().flatten() })
}

/// The refused requests that are kept, newest first.
pub async fn refusals(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
) -> Result<Vec<Refusal>, Error> {
    let (_, scope) = find(context, identity, Right::Read, source).await?;
    Ok(context.store.refusals(scope).await?)
}
