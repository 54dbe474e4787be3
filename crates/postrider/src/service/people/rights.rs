//! What a person reaches, and may do there, as the services want to know it.

use postrider_core::id::EnvironmentId;
use postrider_core::person::{Environments, Person};
use postrider_core::rights::Right;
use postrider_core::scope::{Denied, Identity, Reach};

/// What `person` reaches in `environment`, which the caller has found among those that they may see.
#[must_use]
pub const fn identity(person: &Person, environment: EnvironmentId) -> Identity {
    Identity::new(Reach::Environment(environment), person.role.rights())
}

/// The right to manage the installation: that of admins who see all environments.
pub fn instance(person: &Person) -> Result<Identity, Denied> {
    match person.environments {
        _ if !person.role.manages_instance() => Err(Denied::Right(Right::Manage)),
        Environments::Only(_) => Err(Denied::Reach),
        Environments::All => Ok(Identity::instance_key()),
    }
}
