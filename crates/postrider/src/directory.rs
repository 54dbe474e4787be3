//! Applications and their endpoints, ready for routing and sending.
//!
//! A [`Route`] is read from the store once and then shared by everything that publishes or delivers. `service` calls
//! [`Directory::forget`] after each change and before it answers, so that a caller sees its own change. What is kept
//! is bounded in number; the store stays the truth.
//!
//! Whoever finds something missing takes its place in the cache and reads it, and others who want it meanwhile wait:
//! a thousand lanes that look again read their application once. To forget takes that place away, so what was read
//! before a change is not kept after it. Whose environment an application is of is known only once it was read, so a
//! change to an environment takes away the places of all that are being read at that moment.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use parking_lot::Mutex;
use postrider_core::app::{App, Ref};
use postrider_core::endpoint::Endpoint;
use postrider_core::environment::Environment;
use postrider_core::event_type::EventType;
use postrider_core::id::{AppId, EndpointId, EnvironmentId};
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity, LookupScope, SystemScope};
use postrider_core::sign::Signer;
use postrider_core::time::Timestamp;
use postrider_egress::{Policy, Refused, Target};
use postrider_store::{Error, Store};
use quick_cache::sync::Cache;

/// Applications kept ready.
const ROUTES: usize = 20_000;
/// Names of applications and event types kept ready.
const NAMES: usize = 50_000;

/// See the module's documentation.
pub struct Directory {
    store: Arc<dyn Store>,
    policy: Arc<Policy>,
    routes: Cache<AppId, Arc<Route>>,
    reading: Reading,
    // Only a hint: the route that it leads to must have the uid.
    uids: Cache<(EnvironmentId, String), AppId>,
    event_types: Cache<(EnvironmentId, String), Option<Arc<EventType>>>,
}

/// An application with all that publishing and delivering need of it.
pub struct Route {
    /// The application.
    pub app: App,
    /// The right to act on it, for the server itself. Callers' rights are checked by [`Directory::find`].
    pub scope: AppScope,
    /// Its environment.
    pub environment: Arc<Environment>,
    /// Its endpoints.
    pub destinations: Vec<Arc<Destination>>,
}

impl Route {
    /// The right to look up what its environment shares.
    #[must_use]
    pub fn lookup(&self) -> LookupScope {
        SystemScope::assume().environment(self.app.environment).lookup()
    }
}

/// An endpoint, ready to be sent to.
pub struct Destination {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its environment.
    pub environment: Arc<Environment>,
    /// Its URL under the egress rules: one that was allowed once may be refused now.
    pub target: Result<Target, Refused>,
    /// Its custom headers.
    pub headers: HeaderMap,
    signer: Mutex<Arc<Signer>>,
}

impl Directory {
    /// An empty directory over `store`.
    pub fn new(store: Arc<dyn Store>, policy: Arc<Policy>) -> Self {
        Self {
            store,
            policy,
            routes: Cache::new(ROUTES),
            reading: Reading::default(),
            uids: Cache::new(NAMES),
            event_types: Cache::new(NAMES),
        }
    }

    /// The application that `app` names, if `identity` may know that it exists and has the right, with the scope to act on
    /// it.
    pub async fn find(
        &self,
        identity: Identity,
        right: Right,
        app: &Ref<AppId>,
    ) -> Result<Option<(AppScope, Arc<Route>)>, Error> {
        let Ok(lookup) = identity.lookup(right) else { return Ok(None) };
        let route = match app {
            Ref::Id(id) => self.route(*id).await?,
            Ref::Uid(uid) => self.route_by_uid(lookup, uid).await?,
        };
        Ok(route.and_then(|route| Some((identity.app(&route.app, right)?, route))))
    }

    /// The application with this id.
    pub async fn route(&self, app: AppId) -> Result<Option<Arc<Route>>, Error> {
        let place = match self.routes.get_value_or_guard_async(&app).await {
            Ok(route) => return Ok(Some(route)),
            Err(place) => place,
        };
        let _reading = self.reading.enter(app);
        let Some(route) = self.load(app).await? else { return Ok(None) };
        // Refused when the place was taken away: then this answer is good for those who asked before the change.
        place.insert(Arc::clone(&route)).ok();
        Ok(Some(route))
    }

    /// The endpoint, if it and its application still exist.
    pub async fn destination(
        &self,
        app: AppId,
        endpoint: EndpointId,
    ) -> Result<Option<Arc<Destination>>, Error> {
        let Some(route) = self.route(app).await? else { return Ok(None) };
        Ok(route.destinations.iter().find(|destination| destination.endpoint.id == endpoint).cloned())
    }

    /// The event type with this name, if it exists.
    pub async fn event_type(&self, scope: LookupScope, name: &str) -> Result<Option<Arc<EventType>>, Error> {
        let key = (scope.environment(), name.to_owned());
        let read = async { Ok(self.store.event_type(scope, name).await?.map(Arc::new)) };
        self.event_types.get_or_insert_async(&key, read).await
    }

    /// Reads an application and its endpoints anew the next time they are asked for.
    pub fn forget(&self, app: AppId) {
        self.routes.remove(&app);
    }

    /// Reads an event type anew the next time it is asked for.
    pub fn forget_event_type(&self, environment: EnvironmentId, name: &str) {
        self.event_types.remove(&(environment, name.to_owned()));
    }

    /// Reads all applications of an environment anew: for a change to its settings, which is rare.
    pub fn forget_environment(&self, environment: EnvironmentId) {
        for app in self.reading.apps() {
            self.routes.remove(&app);
        }
        self.routes.retain(|_, route| route.app.environment != environment);
    }

    /// Reads everything anew: for when what was changed is not known.
    pub fn forget_all(&self) {
        // Places of what is being read are taken away with the rest.
        self.routes.clear();
        self.uids.clear();
        self.event_types.clear();
    }

    async fn route_by_uid(&self, scope: LookupScope, uid: &str) -> Result<Option<Arc<Route>>, Error> {
        let key = (scope.environment(), uid.to_owned());
        if let Some(app) = self.uids.get(&key)
            && let Some(route) = self.route(app).await?
            && route.app.uid.as_deref() == Some(uid)
        {
            return Ok(Some(route));
        }
        let Some(app) = self.store.app(scope, &Ref::Uid(key.1.clone())).await? else { return Ok(None) };
        self.uids.insert(key, app.id);
        self.route(app.id).await
    }

    async fn load(&self, app: AppId) -> Result<Option<Arc<Route>>, Error> {
        let system = SystemScope::assume();
        let Some(app) = self.store.app_by_id(system, app).await? else { return Ok(None) };
        let lookup = system.environment(app.environment).lookup();
        let Some(environment) = self.store.environment(lookup).await? else { return Ok(None) };
        let environment = Arc::new(environment);
        let scope = system.app(app.environment, app.id);
        let endpoints = self.store.all_endpoints(scope).await?;
        let destinations = endpoints
            .into_iter()
            .map(|endpoint| Arc::new(Destination::new(endpoint, Arc::clone(&environment), &self.policy)))
            .collect();
        Ok(Some(Arc::new(Route { app, scope, environment, destinations })))
    }
}

/// The applications that are being read, each with the number of those who read it: more than one only while it is
/// forgotten and read again. Only who misses the cache is in it.
#[derive(Default)]
struct Reading(Mutex<HashMap<AppId, usize>>);

/// Somebody who reads an application, until it is dropped.
struct Reader<'a> {
    reading: &'a Reading,
    app: AppId,
}

impl Reading {
    fn enter(&self, app: AppId) -> Reader<'_> {
        *self.0.lock().entry(app).or_default() += 1;
        Reader { reading: self, app }
    }

    fn apps(&self) -> Vec<AppId> {
        self.0.lock().keys().copied().collect()
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.reading.0.lock();
        if let Some(count) = readers.get_mut(&self.app) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&self.app);
            }
        }
    }
}

impl Destination {
    fn new(endpoint: Endpoint, environment: Arc<Environment>, policy: &Policy) -> Self {
        let target = Target::parse(&endpoint.url, policy);
        let headers = endpoint
            .headers
            .iter()
            // Checked when they were set; a value that is not sendable any more is left out, not fatal.
            .filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
            .collect::<HeaderMap>();
        let signer = Mutex::new(Arc::new(Signer::new(&endpoint.keys, Timestamp::from_micros(0))));
        Self { endpoint, environment, target, headers, signer }
    }

    /// What signs at `now`: keys that were replaced stop when their time is over.
    pub fn signer(&self, now: Timestamp) -> Arc<Signer> {
        let mut signer = self.signer.lock();
        if signer.valid_until().is_some_and(|end| now >= end) {
            *signer = Arc::new(Signer::new(&self.endpoint.keys, now));
        }
        Arc::clone(&signer)
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::EnvironmentId;

    use crate::context::fixture::Fixture;

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept_after_it() {
        let fixture = Fixture::new().await;
        let (directory, app) = (&fixture.context.directory, fixture.endpoint.app);
        let route = directory.route(app).await.unwrap().unwrap();
        let environment = route.app.environment;
        let forget_environment = || directory.forget_environment(environment);
        let forget_all = || directory.forget_all();
        let forget: [&dyn Fn(); 3] = [&|| directory.forget(app), &forget_environment, &forget_all];
        for forget in forget {
            forget();
            let Err(place) = directory.routes.get_value_or_guard_async(&app).await else { panic!("kept") };
            let reading = directory.reading.enter(app);
            forget();
            assert!(place.insert(route.clone()).is_err());
            drop(reading);
            assert!(directory.routes.get(&app).is_none());
            directory.route(app).await.unwrap().unwrap();
        }
        assert!(directory.reading.apps().is_empty());
    }

    #[tokio::test]
    async fn a_change_to_an_environment_leaves_others_alone() {
        let (fixture, other) = (Fixture::new().await, EnvironmentId::from_bytes([9; 20]));
        let (directory, app) = (&fixture.context.directory, fixture.endpoint.app);
        let before = directory.route(app).await.unwrap().unwrap();
        directory.forget_environment(other);
        let after = directory.route(app).await.unwrap().unwrap();
        assert!(std::sync::Arc::ptr_eq(&before, &after));
        directory.forget_environment(before.app.environment);
        let after = directory.route(app).await.unwrap().unwrap();
        assert!(!std::sync::Arc::ptr_eq(&before, &after));
    }

    #[tokio::test]
    async fn many_who_miss_the_same_application_read_it_once() {
        let fixture = Fixture::new().await;
        let (directory, app) = (&fixture.context.directory, fixture.endpoint.app);
        directory.forget(app);
        let (one, other) = tokio::join!(directory.route(app), directory.route(app));
        assert!(std::sync::Arc::ptr_eq(&one.unwrap().unwrap(), &other.unwrap().unwrap()));
    }

    #[tokio::test]
    async fn an_event_type_is_found_after_it_was_missed_and_made() {
        let fixture = Fixture::new().await;
        let (directory, app) = (&fixture.context.directory, fixture.endpoint.app);
        let lookup = directory.route(app).await.unwrap().unwrap().lookup();
        assert!(directory.event_type(lookup, "a").await.unwrap().is_none());
        let Ok(known) =
            directory.event_types.get_value_or_guard_async(&(lookup.environment(), "a".into())).await
        else {
            panic!("that it is missing is known too")
        };
        assert!(known.is_none());
        directory.forget_event_type(lookup.environment(), "a");
        assert!(directory.event_types.get(&(lookup.environment(), "a".into())).is_none());
    }
}
