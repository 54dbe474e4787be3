//! Who is asking, as types: what a scope cannot name, a caller cannot reach.
//!
//! An [`Identity`] comes from an API key. The scopes that the store's methods take can only be made from an identity
//! (or, for the parts of the server that act for nobody, from [`SystemScope`]), so forgetting a tenant check does not
//! compile.

use crate::app::App;
use crate::id::{AppId, EnvironmentId};
use crate::source::Source;

/// What an API key may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Environments and all keys, but no tenant's data.
    Instance,
    /// Everything in one environment.
    Environment(EnvironmentId),
    /// One application: its endpoints, messages and attempts.
    App(EnvironmentId, AppId),
}

/// The identity does not reach that far: `insufficient access`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this key's scope does not allow this operation")]
pub struct Denied;

impl Identity {
    /// The right to manage environments and keys.
    pub fn instance(self) -> Result<InstanceScope, Denied> {
        if self == Self::Instance { Ok(InstanceScope(())) } else { Err(Denied) }
    }

    /// The right to everything in the key's environment.
    pub fn environment(self) -> Result<EnvironmentScope, Denied> {
        match self {
            Self::Environment(environment) => Ok(EnvironmentScope(environment)),
            Self::Instance | Self::App(..) => Err(Denied),
        }
    }

    /// The right to look an application up: the answer must still pass [`Identity::app`].
    pub fn lookup(self) -> Result<LookupScope, Denied> {
        match self {
            Self::Environment(environment) | Self::App(environment, _) => Ok(LookupScope(environment)),
            Self::Instance => Err(Denied),
        }
    }

    /// The right to what belongs to `app`, or `None` when this identity must not know that it exists: nobody knows of the
    /// hidden application of a source, which is reached by [`EnvironmentScope::source`].
    #[must_use]
    pub fn app(self, app: &App) -> Option<AppScope> {
        let reaches = match self {
            Self::Instance => false,
            Self::Environment(environment) => environment == app.environment,
            Self::App(environment, own) => environment == app.environment && own == app.id,
        };
        (reaches && app.source.is_none()).then_some(AppScope { environment: app.environment, app: app.id })
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
