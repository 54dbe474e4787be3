//! Links that show one source to somebody who has no key: made by whoever may see the source, and looked through.

use postrider_core::app::Ref;
use postrider_core::id::{MessageId, SourceId};
use postrider_core::names::Invalid;
use postrider_core::reception::Refusal;
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity, SystemScope};
use postrider_core::source::{Link, Source};
use postrider_store::{Error as StoreError, Listed, MessageFilter, Page};

use super::read::Seen;
use super::{Addressed, Error, find};
use crate::context::Context;
use crate::service::fields::InvalidFields;

/// How long a link may last, in seconds: an hour to a week, which is also what it lasts unless somebody says.
const SECONDS: std::ops::RangeInclusive<u64> = 3_600..=604_800;
/// The path of the page that links lead to.
pub const PAGE: &str = "/source";

/// A link, as it is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenOut {
    /// The page, with the token in the fragment, which browsers send to nobody.
    pub url: String,
    /// The token.
    pub token: String,
}

/// A source that somebody looks at by a link.
pub struct Viewed {
    /// The source, with its address.
    pub source: Addressed,
    /// Until when the link shows it.
    pub link: Link,
    scope: AppScope,
}

/// Makes a link that lasts for so many seconds.
pub async fn give_out(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    expiry: Option<u64>,
) -> Result<GivenOut, Error> {
    let seconds = expiry.unwrap_or(*SECONDS.end());
    if !SECONDS.contains(&seconds) {
        let message = format!("must be from {} to {} seconds", SECONDS.start(), SECONDS.end());
        return Err(InvalidFields::one("expiry", Invalid::value(message)).into());
    }
    let (found, _) = find(context, identity, Right::ReadSecrets, source).await?;
    let expires_at = context.now().after(std::time::Duration::from_secs(seconds));
    let link = Link { environment: found.environment, app: found.app, expires_at };
    let token = context.links.token(&link);
    Ok(GivenOut { url: format!("{}{PAGE}#key={token}", context.public_url()), token })
}

/// The source that a token shows; `None` for a token that is not ours or has ended, and for a source that is gone.
pub async fn look_through(context: &Context, token: &str) -> Result<Option<Viewed>, StoreError> {
    let Some(link) = context.links.open(token, context.now()) else { return Ok(None) };
    let system = SystemScope::assume();
    let found: Option<Source> = context.store.source_by_app(system, link.app).await?;
    let Some(source) = found.filter(|source| source.environment == link.environment) else { return Ok(None) };
    let scope = system.app(link.environment, link.app);
    Ok(Some(Viewed { source: Addressed::of(context, source), link, scope }))
}

impl Viewed {
    /// What came, newest first, without bodies.
    pub async fn receptions(
        &self,
        context: &Context,
        page: Page<MessageId>,
    ) -> Result<Listed<Seen, MessageId>, StoreError> {
        let listed = context.store.messages(self.scope, MessageFilter::default(), page, false).await?;
        let ids = listed.rows.iter().map(|message| message.id).collect();
        let known = context.store.receptions(self.scope, ids).await?;
        let rows = listed.rows.into_iter().zip(known);
        let rows = rows.map(|(message, reception)| Seen { message, reception }).collect();
        Ok(Listed { rows, next: listed.next })
    }

    /// One of them, with its body.
    pub async fn reception(&self, context: &Context, id: MessageId) -> Result<Option<Seen>, StoreError> {
        let found = context.store.message(self.scope, &Ref::Id(id), true).await?;
        let Some(message) = found else { return Ok(None) };
        let mut known = context.store.receptions(self.scope, vec![id]).await?;
        Ok(Some(Seen { message, reception: known.pop().flatten() }))
    }

    /// What was refused, newest first.
    pub async fn refusals(&self, context: &Context) -> Result<Vec<Refusal>, StoreError> {
        context.store.refusals(self.scope).await
    }
}
