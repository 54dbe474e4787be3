//! Sessions, begun and in use.

use std::net::IpAddr;
use std::sync::Arc;

use postrider_core::app::Ref;
use postrider_core::audit::Actor;
use postrider_core::event_type::Sight;
use postrider_core::id::{AppId, EnvironmentId, KeyId};
use postrider_core::key::{Key, Token, TokenHash};
use postrider_core::rights::Rights;
use postrider_core::scope::{AppScope, Identity, Reach, SystemScope};
use postrider_core::time::Timestamp;
use postrider_store::{Error as StoreError, Opening};

use crate::context::Context;
use crate::service::{audit, finish};

/// A portal session in use.
#[derive(Debug, Clone)]
pub struct Session {
    key: Arc<Key>,
    environment: EnvironmentId,
    app: AppId,
}

/// A session that has just begun.
#[derive(Debug)]
pub struct Opened {
    /// What the page presents from now on.
    pub token: Token,
    /// The session.
    pub session: Session,
}

/// Exchanges the one-time key of a link for a session, which the audit log is told. `None` when it is unknown, was used, or
/// is over.
pub async fn open(
    context: &Context,
    one_time_key: &str,
    address: Option<IpAddr>,
) -> Result<Option<Opened>, StoreError> {
    if Token::from_operator(one_time_key).is_err() {
        return Ok(None);
    }
    let token = Token::generate(&*context.rng);
    let opening = Opening {
        link: TokenHash::of(one_time_key),
        id: KeyId::make(&context.ids, &*context.clock, &*context.rng),
        hash: token.hash(),
        hint: token.hint(),
        now: context.now(),
    };
    let own = Arc::clone(context);
    let step = finish(async move {
        let opened = own.store.open_portal(SystemScope::assume(), opening).await?;
        if opened.as_ref().is_some_and(|(_, removed)| *removed > 0) {
            own.keyring.forget();
        }
        Ok::<_, StoreError>(opened.map(|(key, _)| key))
    });
    let Some(session) = step.await?.and_then(|key| Session::of(Arc::new(key))) else { return Ok(None) };
    let doer = (session.actor(), Some(session.environment), address);
    let begun = async {
        audit::about("portal_session", session.id());
        audit::about("app", session.app);
        Ok::<_, StoreError>(())
    };
    audit::doing(context, "portal_session.begin", doer, begun).await?;
    Ok(Some(Opened { token, session }))
}

/// The session that a token is of; `None` for every other token, and after its end.
pub async fn session(context: &Context, token: &str) -> Result<Option<Session>, StoreError> {
    Ok(context.keyring.holder(token, context.now()).await?.and_then(Session::of))
}

impl Session {
    /// The session that `key` is, if it is one.
    #[must_use]
    pub fn of(key: Arc<Key>) -> Option<Self> {
        match (&key.portal, key.identity.reach()) {
            (Some(_), Reach::App(environment, app)) => Some(Self { key, environment, app }),
            _ => None,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.id
    }

    /// Its application, to end it there: whoever has the token may.
    pub(super) const fn scope(&self) -> AppScope {
        SystemScope::assume().app(self.environment, self.app)
    }

    /// What it reaches and may do: for the services.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.key.identity
    }

    /// What it may do.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.key.identity.rights()
    }

    /// Its application, as paths name it.
    #[must_use]
    pub const fn app(&self) -> Ref<AppId> {
        Ref::Id(self.app)
    }

    /// The application's environment.
    #[must_use]
    pub const fn environment(&self) -> EnvironmentId {
        self.environment
    }

    /// Which event types it sees.
    #[must_use]
    pub fn sight(&self) -> Sight {
        self.key.sight()
    }

    /// The flags of event types that it sees.
    #[must_use]
    pub fn feature_flags(&self) -> &[String] {
        self.key.portal.as_ref().map_or(&[], |portal| &portal.feature_flags)
    }

    /// When it ends.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.key.expires_at.unwrap_or(self.key.created_at)
    }

    /// Who it is in the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        audit::holder(&self.key)
    }
}
