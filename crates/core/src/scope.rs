//! Who is asking, as types: what a scope cannot name, a caller cannot reach.
//!
//! An [`Identity`] comes from an API key, a portal session or a person who signed in: how far it reaches ([`Reach`]), and
//! what it may do there ([`Rights`]). The scopes that the store's methods take can only be made from an identity, by naming
//! the [`Right`] that the act takes (or, for the parts of the server that act for nobody, from [`SystemScope`]): so forgetting
//! a tenant check or a right does not compile.

use crate::app::App;
use crate::id::{AppId, EnvironmentId};
use crate::rights::{Right, Rights};
use crate::source::Source;

/// How far an identity reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Environments, all keys and all people, but no tenant's data.
    Instance,
    /// Everything in one environment.
    Environment(EnvironmentId),
    /// One application: its endpoints, messages and attempts.
    App(EnvironmentId, AppId),
}

/// Who asks: what is reached, and what may be done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    reach: Reach,
    rights: Rights,
}

/// The identity does not reach that far, or lacks a right: `insufficient access`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// What is asked for lies elsewhere.
    #[error("this key's scope does not allow this operation")]
    Reach,
    /// It may not do this.
    #[error("this operation takes the right to {}, which is missing here", .0.allows())]
    Right(Right),
}

impl Identity {
    /// An identity with these rights there.
    #[must_use]
    pub const fn new(reach: Reach, rights: Rights) -> Self {
        Self { reach, rights }
    }

    /// Whoever manages environments, keys and people.
    #[must_use]
    pub const fn instance_key() -> Self {
        Self::new(Reach::Instance, Rights::ALL)
    }

    /// Whoever may do everything in one environment.
    #[must_use]
    pub const fn environment_key(environment: EnvironmentId) -> Self {
        Self::new(Reach::Environment(environment), Rights::ALL)
    }

    /// Whoever may do everything with one application.
    #[must_use]
    pub const fn app_key(environment: EnvironmentId, app: AppId) -> Self {
        Self::new(Reach::App(environment, app), Rights::ALL)
    }

    /// How far it reaches.
    #[must_use]
    pub const fn reach(self) -> Reach {
        self.reach
    }

    /// What it may do there.
    #[must_use]
    pub const fn rights(self) -> Rights {
        self.rights
    }

    /// Fails unless it has the right, wherever it reaches.
    pub const fn needs(self, right: Right) -> Result<(), Denied> {
        if self.rights.has(right) { Ok(()) } else { Err(Denied::Right(right)) }
    }

    /// The right to manage environments, keys and people.
    pub const fn instance(self) -> Result<InstanceScope, Denied> {
        match (self.reach, self.needs(Right::Manage)) {
            (Reach::Instance, Ok(())) => Ok(InstanceScope(())),
            (Reach::Instance, Err(denied)) => Err(denied),
            (Reach::Environment(_) | Reach::App(..), _) => Err(Denied::Reach),
        }
    }

    /// The right to act on everything in the environment.
    pub const fn environment(self, right: Right) -> Result<EnvironmentScope, Denied> {
        match (self.reach, self.needs(right)) {
            (Reach::Environment(environment), Ok(())) => Ok(EnvironmentScope(environment)),
            (Reach::Environment(_), Err(denied)) => Err(denied),
            (Reach::Instance | Reach::App(..), _) => Err(Denied::Reach),
        }
    }

    /// The right to look an application up in order to act on it: the answer must still pass [`Identity::app`].
    pub const fn lookup(self, right: Right) -> Result<LookupScope, Denied> {
        match (self.reach, self.needs(right)) {
            (Reach::Instance, _) => Err(Denied::Reach),
            (_, Err(denied)) => Err(denied),
            (Reach::Environment(environment) | Reach::App(environment, _), Ok(())) => {
                Ok(LookupScope(environment))
            }
        }
    }

    /// The right to act on what belongs to `app`, or `None` when this identity lacks it or must not know that the
    /// application exists: nobody knows of the hidden application of a source, which is reached by
    /// [`EnvironmentScope::source`]. Who must tell the two apart asks [`Identity::lookup`] first.
    #[must_use]
    pub fn app(self, app: &App, right: Right) -> Option<AppScope> {
        let reaches = match self.reach {
            Reach::Instance => false,
            Reach::Environment(environment) => environment == app.environment,
            Reach::App(environment, own) => environment == app.environment && own == app.id,
        };
        let may = reaches && app.source.is_none() && self.rights.has(right);
        may.then_some(AppScope { environment: app.environment, app: app.id })
    }
}

/// The right to manage environments and all keys.
#[derive(Debug, Clone, Copy)]
pub struct InstanceScope(());

/// The right to everything in one environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnvironmentScope(EnvironmentId);

impl EnvironmentScope {
    /// The environment.
    #[must_use]
    pub const fn environment(self) -> EnvironmentId {
        self.0
    }

    /// The right to what belongs to the hidden application of `source`; `None` for a source of another environment.
    #[must_use]
    pub fn source(self, source: &Source) -> Option<AppScope> {
        (source.environment == self.0).then_some(AppScope { environment: self.0, app: source.app })
    }

    /// The weaker right to look its applications up.
    #[must_use]
    pub const fn lookup(self) -> LookupScope {
        LookupScope(self.0)
    }
}

/// The right to ask whether an environment has an application, and to read names of event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LookupScope(EnvironmentId);

impl LookupScope {
    /// The environment.
    #[must_use]
    pub const fn environment(self) -> EnvironmentId {
        self.0
    }
}

/// The right to what belongs to one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AppScope {
    environment: EnvironmentId,
    app: AppId,
}

impl AppScope {
    /// The application's environment.
    #[must_use]
    pub const fn environment(self) -> EnvironmentId {
        self.environment
    }

    /// The application.
    #[must_use]
    pub const fn app(self) -> AppId {
        self.app
    }
}

/// The right of the server itself: dispatch, upkeep, and commands run by someone who holds the data directory.
#[derive(Debug, Clone, Copy)]
pub struct SystemScope(());

impl SystemScope {
    /// Made where the server is put together, and by commands that work on the data directory itself. No face
    /// may call this: a face has an [`Identity`].
    #[must_use]
    pub const fn assume() -> Self {
        Self(())
    }

    /// Everything in `environment`.
    #[must_use]
    pub const fn environment(self, environment: EnvironmentId) -> EnvironmentScope {
        EnvironmentScope(environment)
    }

    /// Everything that belongs to `app`.
    #[must_use]
    pub const fn app(self, environment: EnvironmentId, app: AppId) -> AppScope {
        AppScope { environment, app }
    }

    /// Environments and keys.
    #[must_use]
    pub const fn instance(self) -> InstanceScope {
        InstanceScope(())
    }
}
