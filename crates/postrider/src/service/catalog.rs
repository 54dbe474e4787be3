//! The public catalogue: what strangers may read of an environment's event types.
//!
//! It acts for nobody: the operator says in the configuration that there is a catalogue, and of which environment. What is
//! archived or hidden behind a feature flag is not in it, and neither is anything of a tenant.
//!
//! What was read is kept for a moment, so that a crowd of readers costs the store one reading. A change is seen after
//! that moment, whichever node made it.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use postrider_core::environment::Environment;
use postrider_core::event_type::EventType;
use postrider_core::id::EnvironmentId;
use postrider_core::limits::PAGE_MAX;
use postrider_core::scope::{EnvironmentScope, SystemScope};
use postrider_core::time::Timestamp;
use postrider_store::{Edge, Page};
use ring::digest::{Context as Hash, SHA256};
use tokio::sync::Mutex;

use crate::context::Context;

/// Event types that are shown.
const EVENT_TYPES: usize = 5_000;
/// Bytes of the schemas that are shown, all together; those of later event types are left out.
const SCHEMA_BYTES: usize = 32 * 1024 * 1024;
/// How long what was read is good.
const KEPT: Duration = Duration::from_secs(2);

/// What the operator says of the catalogue.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The name or id of the environment; `None` for the server's own.
    pub environment: Option<String>,
    /// Its title, if it has one of its own.
    pub title: Option<String>,
    /// What stands at its beginning; a blank line begins a paragraph.
    pub intro: Option<String>,
    /// Where deliveries come from; empty where it is not said.
    pub addresses: Vec<IpNet>,
    /// How long an attempt may take unless its endpoint says otherwise.
    pub timeout: Duration,
}

/// See the module's documentation.
pub struct Catalog {
    context: Context,
    settings: Settings,
    own: EnvironmentId,
    kept: Mutex<Option<(Timestamp, Arc<Published>)>>,
}

/// What may be read at one moment.
#[derive(Debug)]
pub struct Published {
    /// Whose event types these are.
    pub environment: Environment,
    /// By name, ascending.
    pub event_types: Vec<EventType>,
    /// Whether there are more.
    pub is_cut: bool,
    /// Names of those whose schemas are left out, there being too much of them.
    pub without_schemas: Vec<String>,
    /// Another one for other content.
    pub revision: String,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration names an environment that does not exist.
    #[error("there is no environment {0:?} to show the event types of")]
    NoEnvironment(String),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] postrider_store::Error),
}

impl Catalog {
    /// The catalogue that `settings` ask for; of the environment `own` unless they name one.
    #[must_use]
    pub fn new(context: Context, settings: Settings, own: EnvironmentId) -> Self {
        Self { context, settings, own, kept: Mutex::new(None) }
    }

    /// What the operator says of it.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What may be read now. While the store fails, what was read last.
    pub async fn published(&self) -> Result<Arc<Published>, Error> {
        // Held while reading: who comes meanwhile wants the same.
        let mut kept = self.kept.lock().await;
        let now = self.context.now();
        if let Some((at, published)) = &*kept
            && (*at..at.after(KEPT)).contains(&now)
        {
            return Ok(Arc::clone(published));
        }
        match (self.read().await, &*kept) {
            (Ok(published), _) => {
                let published = Arc::new(published);
                *kept = Some((now, Arc::clone(&published)));
                Ok(published)
            }
            (Err(Error::Store(error)), Some((_, published))) => {
                tracing::warn!(%error, "failed to read the catalogue of event types anew");
                Ok(Arc::clone(published))
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn read(&self) -> Result<Published, Error> {
        let environment = self.environment().await?;
        let scope = SystemScope::assume().environment(environment.id);
        let (event_types, is_cut) = self.event_types(scope).await?;
        let mut published = Published {
            environment,
            event_types,
            is_cut,
            without_schemas: Vec::new(),
            revision: String::new(),
        };
        published.drop_schemas_beyond(SCHEMA_BYTES);
        published.revision = published.hash();
        Ok(published)
    }

    async fn environment(&self) -> Result<Environment, Error> {
        let system = SystemScope::assume();
        let Some(wanted) = &self.settings.environment else {
            let own = self.context.store.environment(system.environment(self.own).lookup()).await?;
            return own.ok_or_else(|| Error::NoEnvironment(self.own.to_string()));
        };
        let id: Option<EnvironmentId> = wanted.parse().ok();
        let all = self.context.store.environments(system.instance()).await?;
        let found = all.into_iter().find(|one| Some(one.id) == id || one.name == *wanted);
        found.ok_or_else(|| Error::NoEnvironment(wanted.clone()))
    }

    async fn event_types(&self, scope: EnvironmentScope) -> Result<(Vec<EventType>, bool), Error> {
        let mut all = Vec::new();
        let mut page = Page { limit: PAGE_MAX, edge: None, order: None };
        loop {
            let listed = self.context.store.event_types(scope.lookup(), false, page.clone()).await?;
            all.extend(listed.rows.into_iter().filter(|event_type| event_type.feature_flags.is_empty()));
            if all.len() > EVENT_TYPES {
                all.truncate(EVENT_TYPES);
                return Ok((all, true));
            }
            match listed.next {
                Some(next) => page.edge = Some(Edge::After(next)),
                None => return Ok((all, false)),
            }
        }
    }
}

impl Published {
    /// The event type with this name.
    #[must_use]
    pub fn event_type(&self, name: &str) -> Option<&EventType> {
        self.event_types.iter().find(|event_type| event_type.name == name)
    }

    fn drop_schemas_beyond(&mut self, most: usize) {
        let mut bytes = 0;
        for event_type in &mut self.event_types {
            bytes += event_type.schemas.as_ref().map_or(0, String::len);
            if bytes > most && event_type.schemas.take().is_some() {
                self.without_schemas.push(event_type.name.clone());
            }
        }
    }

    fn hash(&self) -> String {
        let mut hash = Hash::new(&SHA256);
        // `Debug` of our own types names every field and quotes every text, so that two contents never look alike.
        let mut add = |text: String| hash.update(text.as_bytes());
        add(format!("{:?} {}", self.environment, self.is_cut));
        self.event_types.iter().for_each(|event_type| add(format!("{event_type:?}")));
        let first = hash.finish().as_ref().first_chunk().copied().map_or(0, u128::from_be_bytes);
        format!("{first:032x}")
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::EventTypeId;

    use super::*;
    use crate::context::fixture::Fixture;
    use crate::service::event_types::{self, Changes};

    async fn make(fixture: &Fixture, name: &str, changes: Changes) {
        let changes = Changes { description: Some(format!("about {name}")), ..changes };
        event_types::create(&fixture.context, fixture.identity(), name.to_owned(), changes, None)
            .await
            .unwrap();
    }

    async fn own(fixture: &Fixture) -> EnvironmentId {
        fixture.context.directory.route(fixture.endpoint.app).await.unwrap().unwrap().app.environment
    }

    fn catalog(fixture: &Fixture, settings: Settings, own: EnvironmentId) -> Catalog {
        Catalog::new(Arc::clone(&fixture.context), settings, own)
    }

    fn names(published: &Published) -> Vec<&str> {
        published.event_types.iter().map(|event_type| event_type.name.as_str()).collect()
    }

    #[tokio::test]
    async fn what_is_archived_or_flagged_is_not_published() {
        let fixture = Fixture::new().await;
        make(&fixture, "b.shown", Changes::default()).await;
        make(&fixture, "a.old", Changes { deprecated: Some(true), ..Changes::default() }).await;
        make(&fixture, "c.archived", Changes { archived: Some(true), ..Changes::default() }).await;
        make(
            &fixture,
            "d.flagged",
            Changes { feature_flags: Some(vec!["beta".into()]), ..Changes::default() },
        )
        .await;
        let environment = own(&fixture).await;
        let published = catalog(&fixture, Settings::default(), environment).published().await.unwrap();
        assert_eq!(names(&published), ["a.old", "b.shown"]);
        assert!(published.event_type("d.flagged").is_none() && !published.is_cut);
    }

    #[tokio::test]
    async fn the_environment_is_found_by_name_or_id_and_missed_otherwise() {
        let fixture = Fixture::new().await;
        let own = own(&fixture).await;
        let named = |name: &str| Settings { environment: Some(name.to_owned()), ..Settings::default() };
        let found = catalog(&fixture, named(&own.to_string()), own).published().await.unwrap();
        assert_eq!(found.environment.id, own);
        let missed = catalog(&fixture, named("elsewhere"), own).published().await.unwrap_err();
        assert!(matches!(missed, Error::NoEnvironment(name) if name == "elsewhere"));
    }

    #[tokio::test]
    async fn a_change_gives_another_revision() {
        let fixture = Fixture::new().await;
        let environment = own(&fixture).await;
        let read = async || catalog(&fixture, Settings::default(), environment).published().await.unwrap();
        let empty = read().await;
        assert_eq!(empty.revision, read().await.revision);
        make(&fixture, "a", Changes::default()).await;
        assert_ne!(empty.revision, read().await.revision);
    }

    #[test]
    fn schemas_beyond_the_ceiling_are_left_out_and_named() {
        let now = Timestamp::from_seconds(1);
        let event_type = |name: &str, schemas: &str| EventType {
            id: EventTypeId::from_bytes([1; 20]),
            name: name.to_owned(),
            description: String::new(),
            archived: false,
            deprecated: false,
            schemas: Some(schemas.to_owned()),
            group_name: None,
            feature_flags: Vec::new(),
            retry_schedule: None,
            created_at: now,
            updated_at: now,
        };
        let environment = Environment {
            id: EnvironmentId::from_bytes([1; 20]),
            name: String::new(),
            settings: postrider_core::environment::Settings::default(),
            created_at: now,
        };
        let event_types = vec![event_type("a", "{}"), event_type("b", "{\"1\":{}}"), event_type("c", "")];
        let mut published = Published {
            environment,
            event_types,
            is_cut: false,
            without_schemas: Vec::new(),
            revision: String::new(),
        };
        published.drop_schemas_beyond(5);
        assert_eq!(published.without_schemas, ["b", "c"]);
        assert!(published.event_types[0].schemas.is_some());
    }
}
