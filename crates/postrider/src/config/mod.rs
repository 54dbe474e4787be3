//! The configuration: arguments over environment variables over a TOML file over defaults.
//!
//! Each section is a file that lists its keys with defaults and documentation. A key that does not exist is an error
//! with a suggestion, wherever it stands: a misspelled limit that is silently ignored is worse than a server that does
//! not start. Reading takes the environment as an argument, so that tests run side by side.
//!
//! Deliberately absent: reloading. A change of configuration is a restart, which loses nothing and takes a second.

mod bins;
mod dispatch;
mod docs;
mod egress;
pub(crate) mod exec;
mod general;
mod limits;
mod log;
mod metrics;
mod node;
mod oidc;
mod portal;
mod relay;
mod search;
mod server;
mod store;

mod check;
mod layer;
mod load;
mod problem;
mod reference;
mod section;

mod amount;
mod database;
mod roles;
mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use amount::{Size, duration};
pub use bins::Bins;
pub use database::Database;
pub use dispatch::Dispatch;
pub use docs::{Docs, Readers};
pub use egress::Egress;
pub use exec::{Command, Commands, Input, Texts};
pub use general::General;
pub use layer::Origin;
pub use limits::Limits;
pub use log::{Format, Log};
pub use metrics::Metrics;
pub use node::Node;
pub use oidc::Oidc;
pub use portal::Portal;
pub use problem::{Problem, Problems};
pub use reference::reference;
pub use relay::Relay;
pub use roles::Roles;
pub use search::Search;
pub use server::Server;
pub use store::Store;
pub use value::Secret;

use layer::Entry;
use load::Loading;
use section::{Key, Section};
use value::Value;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "/etc/postrider/postrider.toml";

/// All settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The keys without a prefix.
    pub general: General,
    /// `server`.
    pub server: Server,
    /// `store`.
    pub store: Store,
    /// `node`.
    pub node: Node,
    /// `egress`.
    pub egress: Egress,
    /// `dispatch`.
    pub dispatch: Dispatch,
    /// `limits`.
    pub limits: Limits,
    /// `bins`.
    pub bins: Bins,
    /// `exec`: not a section, since it has a table for each command.
    pub exec: Commands,
    /// `search`.
    pub search: Search,
    /// `docs`.
    pub docs: Docs,
    /// `relay`.
    pub relay: Relay,
    /// `sign_in.oidc`.
    pub oidc: Oidc,
    /// `portal`.
    pub portal: Portal,
    /// `log`.
    pub log: Log,
    /// `metrics`.
    pub metrics: Metrics,
}

/// Where settings come from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file that the user named; it must exist.
    pub file: Option<PathBuf>,
    /// The file that is read if it exists, when none was named.
    pub default_file: Option<PathBuf>,
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Arguments: the argument's name, the key it sets, and the value.
    pub flags: Vec<(String, String, String)>,
}

/// A configuration, and where each setting of it was made.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    origins: BTreeMap<String, Origin>,
}

/// One line of [`Loaded::rows`].
#[derive(Debug, serde::Serialize)]
pub struct Row {
    /// The dotted key.
    pub key: String,
    /// Its value, without secrets.
    pub value: String,
    /// Where it was set.
    pub origin: String,
}

impl Config {
    /// Reads all sources over `self`, which has the defaults.
    pub fn load(self, sources: &Sources) -> Result<Loaded, Problems> {
        let mut loading = Loading::over(self);
        let file = sources.file.as_ref().or(sources.default_file.as_ref().filter(|path| path.exists()));
        match file.map(|path| layer::file(path)).transpose() {
            Ok(entries) => loading.layer(entries.unwrap_or_default()),
            Err(problem) => loading.problem(problem),
        }
        loading.layer(layer::variables(sources.variables.iter()));
        loading.layer(
            sources
                .flags
                .iter()
                .map(|(flag, key, value)| Entry {
                    key: key.clone(),
                    value: Some(Value::Text(value.clone())),
                    origin: Origin::Flag(flag.clone()),
                })
                .collect(),
        );
        loading.finish()
    }

    /// Every key with its value, without secrets.
    #[must_use]
    pub fn shown(&self) -> Vec<(String, String)> {
        let sections = self.sections();
        let keys = self.keys().into_iter();
        let settings = keys.map(|place| (place.name, sections[place.section].show(place.index)));
        settings.chain(exec::rows(&self.exec)).collect()
    }

    /// The sections, in the order of the reference.
    fn sections(&self) -> [&dyn Section; 15] {
        let Self {
            general,
            server,
            store,
            node,
            egress,
            dispatch,
            limits,
            bins,
            search,
            docs,
            relay,
            oidc,
            portal,
            exec: _,
            log,
            metrics,
        } = self;
        [
            general, server, store, node, egress, dispatch, limits, bins, search, docs, relay, oidc, portal,
            log, metrics,
        ]
    }

    fn sections_mut(&mut self) -> [&mut dyn Section; 15] {
        let Self {
            general,
            server,
            store,
            node,
            egress,
            dispatch,
            limits,
            bins,
            search,
            docs,
            relay,
            oidc,
            portal,
            exec: _,
            log,
            metrics,
        } = self;
        [
            general, server, store, node, egress, dispatch, limits, bins, search, docs, relay, oidc, portal,
            log, metrics,
        ]
    }

    /// Every key: its dotted name, and where it is.
    fn keys(&self) -> Vec<Place> {
        let sections = self.sections();
        let keys = sections.iter().enumerate().flat_map(|(section, of)| {
            let dot = if of.prefix().is_empty() { "" } else { "." };
            let keys = of.keys().iter().enumerate();
            keys.map(move |(index, key)| Place {
                name: format!("{}{dot}{}", of.prefix(), key.name),
                section,
                index,
                key,
            })
        });
        keys.collect()
    }
}

/// A key of the whole configuration.
struct Place {
    name: String,
    section: usize,
    index: usize,
    key: &'static Key,
}

impl Loaded {
    /// Every key with its value and origin.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let rows = self.config.shown().into_iter().map(|(key, value)| Row {
            value,
            origin: self.origins.get(&key).unwrap_or(&Origin::Default).to_string(),
            key,
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests;
