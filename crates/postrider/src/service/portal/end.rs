//! Sessions are ended before their time.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::app::Ref;
use postrider_core::id::AppId;
use postrider_core::key::Key;
use postrider_core::limits;
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_store::Expiry;

use super::{Error, Session, session_name};
use crate::context::Context;
use crate::service::fields::Checks;
use crate::service::{access, audit, finish};

/// Ends the session of the token that the caller came with.
pub async fn logout(context: &Context, holder: Option<Arc<Key>>) -> Result<(), Error> {
    let session = holder.and_then(Session::of).ok_or(Error::NotASession)?;
    audit::about("portal_session", session.id());
    let scope = session.scope();
    let (context, id) = (Arc::clone(context), session.id());
    let step = finish(async move {
        let outcome = context.store.end_portal_session(scope, id).await;
        context.keyring.forget();
        outcome
    });
    step.await?;
    Ok(())
}

/// Ends sessions of an application: all of them or those with some names, at once or after some seconds.
pub async fn expire(
    context: &Context,
    identity: Identity,
    app: &Ref<AppId>,
    sessions: Option<Vec<String>>,
    seconds: Option<u64>,
) -> Result<(), Error> {
    identity.environment(Right::Manage)?;
    let mut checks = Checks::default();
    if let Some(sessions) = &sessions {
        checks.each("sessionIds", sessions, limits::PORTAL_SESSIONS_NAMED, session_name);
    }
    let wait = Duration::from_secs(seconds.unwrap_or_default());
    if wait > limits::PORTAL_ENDING_MAX {
        let message = format!("must be from 0 to {}", limits::PORTAL_ENDING_MAX.as_secs());
        checks.check::<()>("expiry", Err(Invalid::value(message)));
    }
    checks.finish()?;
    let found = access::app(context, identity, Right::Manage, app).await?;
    let expiry = Expiry { sessions, at: context.now().after(wait) };
    let context = Arc::clone(context);
    let step = finish(async move {
        let outcome = context.store.expire_portal_sessions(found.scope, expiry).await;
        context.keyring.forget();
        outcome
    });
    Ok(step.await?)
}
