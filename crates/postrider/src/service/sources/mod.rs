//! Sources: where we receive from providers.
//!
//! In reading order: what a source may be ([`kinds`], [`settings`]), making and changing one ([`write`]), what checks its
//! requests ([`verifier`], [`inlets`], [`keys`]), [`receive`] with [`forward`] and [`refusals`], what came ([`read`]), which of it
//! an endpoint gets ([`filter`](mod@filter)), and the code that is kept for endpoints ([`transformation`]). The endpoints of a source are those of its hidden application:
//! [`endpoints`](super::endpoints) works on both.

mod cron;
mod filter;
pub(super) mod forward;
mod inlets;
mod keys;
mod kinds;
mod link;
mod read;
pub(super) mod receive;
mod refusals;
mod request;
mod settings;
mod transformation;
mod verifier;
mod write;

use postrider_core::app::Ref;
use postrider_core::id::SourceId;
use postrider_core::reception::Octets;
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity};
use postrider_core::source::Source;
use postrider_store::{Listed, Page, Repeat};

pub use cron::{fire_due, next_after};
pub use filter::{filter, set_filter};
pub use inlets::{Inlet, Inlets};
pub use keys::Keys;
pub use kinds::kinds;
pub use link::{GivenOut, PAGE, Viewed, give_out, look_through};
pub use read::{Seen, reception, receptions, refusals};
pub use receive::{Error as ReceiveError, Incoming, Outcome, receive};
pub use refusals::Refusals;
pub use request::request;
pub use settings::{Changes, shown};
pub use transformation::{TransformationChanges, change_transformation, transformation};
pub use write::{create, delete, rotate_token, upsert};

use super::fields::InvalidFields;
use super::{access, audit};
use crate::context::Context;

/// Why an act on sources fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
    /// Another source of the environment has the uid.
    #[error("a source with this uid exists already")]
    UidTaken,
    /// The environment has as many sources as it may have.
    #[error("an environment has at most {limit} sources")]
    TooMany {
        /// How many it may have.
        limit: usize,
    },
    /// The request was made before.
    #[error("the request was made before")]
    Repeated(Repeat),
}

/// A source with the address that providers send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// The source.
    pub source: Source,
    /// Its address; none for a source that publishes by a schedule, and for who may see no secrets.
    pub address: Option<String>,
}

impl Addressed {
    fn of(context: &Context, source: Source) -> Self {
        let token = source.token().filter(|_| source.settings.cron.is_none());
        let address = token.map(|token| format!("{}/in/{}", context.public_url(), token.expose()));
        Self { source, address }
    }

    /// The same for somebody who only reads: who knows the address of a source that nothing signs can send to it.
    fn shown_to(self, identity: Identity) -> Self {
        let address = self.address.filter(|_| identity.rights().has(Right::ReadSecrets));
        Self { address, ..self }
    }
}

/// Sources by id.
pub async fn list(
    context: &Context,
    identity: Identity,
    page: Page<SourceId>,
) -> Result<Listed<Addressed, SourceId>, Error> {
    let listed = context.store.sources(identity.environment(Right::Read)?, page).await?;
    let rows =
        listed.rows.into_iter().map(|source| Addressed::of(context, source).shown_to(identity)).collect();
    Ok(Listed { rows, next: listed.next })
}

/// One source.
pub async fn get(context: &Context, identity: Identity, source: &Ref<SourceId>) -> Result<Addressed, Error> {
    let (source, _) = find(context, identity, Right::Read, source).await?;
    Ok(Addressed::of(context, source).shown_to(identity))
}

/// The source that `source` names, with its hidden application, for an act that takes `right`.
pub(super) async fn find(
    context: &Context,
    identity: Identity,
    right: Right,
    source: &Ref<SourceId>,
) -> Result<(Source, AppScope), access::Error> {
    let scope = identity.environment(right)?;
    let found = context.store.source(scope, source).await?.ok_or(access::Error::Missing("source"))?;
    let app = scope.source(&found).ok_or(access::Error::Missing("source"))?;
    audit::about("source", found.id);
    Ok((found, app))
}

/// Makes a change to a source take effect.
fn changed(context: &Context, source: &Source) {
    context.inlets.forget(source.app);
    context.directory.forget(source.app);
    context.schedules.notify_one();
}

/// The headers of a received request that go on with it, each byte of a value written as the character of its number.
pub(super) fn passed_on(headers: &[(String, Octets)]) -> Vec<(String, String)> {
    forward::as_it_came(headers, forward::hops(headers))
}

access::causes!(Error);
