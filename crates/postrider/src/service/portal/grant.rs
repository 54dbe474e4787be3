//! Access is given.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::app::Ref;
use postrider_core::id::{AppId, KeyId};
use postrider_core::key::{Key, Portal, Token};
use postrider_core::limits;
use postrider_core::names::{self, Invalid};
use postrider_core::rights::Right;
use postrider_core::role::Capability;
use postrider_core::scope::{Identity, Reach};
use postrider_store::{Error as StoreError, NewPortalSession};

use super::{Error, PAGE, session_name};
use crate::context::Context;
use crate::service::fields::{Checks, InvalidFields};
use crate::service::{access, apps, audit, finish};

/// What access is asked for.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The application to make if there is none yet.
    pub application: Option<apps::Changes>,
    /// What may be done; `None` means all that a customer may do.
    pub capabilities: Option<Vec<Capability>>,
    /// The flags of event types that are seen.
    pub feature_flags: Vec<String>,
    /// How long the session lasts; a week when not given.
    pub expiry_seconds: Option<u64>,
    /// What the operator calls the session.
    pub session: Option<String>,
}

/// Access, given.
#[derive(Debug)]
pub struct Granted {
    /// The link for a person. It works once, for [`limits::PORTAL_LINK`].
    pub url: String,
    /// The token for a program.
    pub token: Token,
}

/// Gives access to an application's portal.
pub async fn grant(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    access: Access,
) -> Result<Granted, Error> {
    identity.environment(Right::Manage)?;
    access.check()?;
    let found =
        apps::find_or_make(context, identity, Right::Manage, app, access.application.as_ref()).await?;
    let now = context.now();
    let (token, link) = (Token::generate(&*context.rng), Token::generate(&*context.rng));
    let lasts = access.expiry_seconds.map_or(limits::PORTAL_SESSION_MAX, Duration::from_secs);
    let reach = Reach::App(found.scope.environment(), found.scope.app());
    let key = Key {
        id: KeyId::make(&context.ids, &*context.clock, &*context.rng),
        identity: Identity::new(reach, Capability::rights(access.capabilities.as_deref())),
        name: access.session.clone().unwrap_or_default(),
        hint: token.hint(),
        created_at: now,
        expires_at: Some(now.after(lasts)),
        revoked_at: None,
        portal: Some(Portal { session: access.session, feature_flags: access.feature_flags }),
    };
    audit::about("portal_session", key.id);
    let link_expires_at = now.after(limits::PORTAL_LINK);
    let new = NewPortalSession { key, hash: token.hash(), link: link.hash(), link_expires_at };
    let url = format!("{}{PAGE}#key={}", context.public_url(), link.expose());
    let (context, scope) = (Arc::clone(context), found.scope);
    let step = finish(async move {
        let made = context.store.create_portal_session(scope, new).await?;
        if made.is_some_and(|removed| removed > 0) {
            context.keyring.forget();
        }
        Ok::<_, StoreError>(made.is_some())
    });
    if !step.await? {
        return Err(access::Error::Missing("application").into());
    }
    Ok(Granted { url, token })
}

impl Access {
    fn check(&self) -> Result<(), InvalidFields> {
        let mut checks = Checks::default();
        checks.each("featureFlags", &self.feature_flags, limits::PORTAL_FLAGS, names::name);
        checks.optional("sessionId", self.session.as_ref(), session_name);
        let lasts = self.expiry_seconds.map(Duration::from_secs);
        let possible = limits::PORTAL_SESSION_MIN..=limits::PORTAL_SESSION_MAX;
        if lasts.is_some_and(|lasts| !possible.contains(&lasts)) {
            let (min, max) = (possible.start().as_secs(), possible.end().as_secs());
            checks.check::<()>("expiry", Err(Invalid::value(format!("must be from {min} to {max}"))));
        }
        checks.finish()
    }
}
