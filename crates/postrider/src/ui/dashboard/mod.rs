//! The dashboard: a page for each thing that an operator looks at, below `/dashboard/{environment}`.
//!
//! Every page is for somebody who has signed in ([`SignedIn`](super::signed_in::SignedIn)) and asks the services with
//! what that person may do; every view has its state in its address. What changes something is a form that is sent to a
//! path of its own and answered with the page that shows what became of it.

mod account;
mod act;
mod analytics;
mod applications;
mod audit_log;
mod bins;
mod deliveries;
pub(super) mod delivery;
mod endpoint;
mod endpoints;
mod event_types;
mod failure;
mod filled;
mod find;
mod issues;
mod keys;
mod message;
mod messages;
mod numbers;
mod overview;
mod people;
mod portal;
pub(super) mod query;
mod recent;
mod replays;
mod saved;
mod setup;
mod sources;
mod span;
mod system;
mod thing;
mod typed;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use postrider_store::sqlite::DATABASE_FILE;

use self::views::Views;
use crate::app::health::Health;
use crate::config::{Config, Database};
use crate::context::Context;

/// What the pages share.
#[derive(Clone)]
struct Shared {
    context: Context,
    /// Places for live views.
    views: Views,
    /// How the server was set up.
    setting: Arc<Setting>,
    /// How the server is.
    health: Arc<Health>,
}

impl FromRef<Shared> for Context {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.context)
    }
}

/// How the server was set up, as far as pages tell it.
struct Setting {
    /// The sites that may show the portal.
    origins: Vec<String>,
    /// Every key of the configuration with its value, without secrets.
    keys: Vec<(String, String)>,
    /// The file of the database, where it is one.
    database: Option<PathBuf>,
}

impl Setting {
    fn of(config: &Config) -> Self {
        let is_file = config.store.database == Database::Sqlite;
        Self {
            origins: config.portal.origins.clone(),
            keys: config.shown(),
            database: is_file.then(|| config.general.data_dir.join(DATABASE_FILE)),
        }
    }
}

/// All pages.
pub(super) fn router(context: Context, health: Arc<Health>, config: &Config) -> Router {
    let shared = Shared { context, health, setting: Arc::new(Setting::of(config)), views: Views::default() };
    Router::new()
        .merge(account::router())
        .merge(people::router())
        .merge(deliveries::router())
        .merge(delivery::router())
        .merge(overview::router())
        .merge(find::router())
        .merge(analytics::router())
        .merge(issues::router())
        .merge(replays::router())
        .merge(saved::router())
        .merge(audit_log::router())
        .merge(keys::router())
        .merge(system::router())
        .merge(portal::router())
        .merge(sources::router())
        .merge(bins::router())
        .merge(setup::router())
        .merge(messages::router())
        .merge(message::router())
        .merge(endpoints::router())
        .merge(endpoint::router())
        .merge(applications::router())
        .merge(event_types::router())
        .with_state(shared)
}
