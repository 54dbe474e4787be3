//! Sources, ready to receive: by token, with what checks their requests.
//!
//! A token is looked up by its hash, and what it leads to is only a hint: the source that is read must have the token, and
//! it must be good now. So a rotation or deletion needs to take away the source alone ([`Inlets::forget`]). Tokens that
//! lead nowhere have a small memory of their own, so that guesses can neither push known ones out nor ask the store the
//! same thing again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postrider_core::filter::Filters;
use postrider_core::id::AppId;
use postrider_core::inbound::{Presets, Verifier};
use postrider_core::key::TokenHash;
use postrider_core::scope::{AppScope, SystemScope};
use postrider_core::source::{IngestToken, Source};
use postrider_core::time::Timestamp;
use postrider_store::{Error, Store};
use quick_cache::sync::Cache;

use super::verifier;

/// Sources kept ready.
const SOURCES: usize = 10_000;
/// Tokens kept ready.
const TOKENS: usize = 20_000;
/// Hashes remembered as unknown.
const UNKNOWN: usize = 1_000;

/// See the module's documentation.
pub struct Inlets {
    store: Arc<dyn Store>,
    presets: Arc<Presets>,
    sources: Cache<AppId, Arc<Inlet>>,
    tokens: Cache<TokenHash, AppId>,
    unknown: Cache<TokenHash, u64>,
    // Counts changes. What was unknown under another count than today's is as good as not asked.
    changes: AtomicU64,
}

/// A source that is ready to receive.
pub struct Inlet {
    /// The source.
    pub source: Source,
    /// The right to its hidden application, for the server itself.
    pub scope: AppScope,
    /// What checks its requests; `None` where nothing does.
    pub verifier: Option<Verifier>,
    /// Which requests its endpoints get.
    pub filters: Filters,
    /// Why nothing does although something should: it worked when it was set.
    pub broken: Option<String>,
}

impl Inlet {
    fn new(source: Source, presets: &Presets) -> Self {
        let scope = SystemScope::assume().app(source.environment, source.app);
        let (verifier, broken) = match verifier::of(&source, presets) {
            Ok(verifier) => (verifier, None),
            Err(invalid) => (None, Some(invalid.message.into_owned())),
        };
        let (filters, broken) = match Filters::of(&source.settings) {
            Ok(filters) => (filters, broken),
            Err(refused) => {
                (Filters::default(), broken.or_else(|| Some(format!("use the filter of {refused}"))))
            }
        };
        Self { source, scope, verifier, filters, broken }
    }

    /// Whether the token with this hash is one of the source's and good.
    fn admits(&self, hash: TokenHash, now: Timestamp) -> bool {
        let mut tokens = self.source.private.tokens.iter();
        tokens.any(|token| token.is_valid(now) && token.token.hash() == hash)
    }
}

impl Inlets {
    /// Over the sources in `store`, which name some of `presets`.
    pub fn new(store: Arc<dyn Store>, presets: Arc<Presets>) -> Self {
        Self {
            store,
            presets,
            sources: Cache::new(SOURCES),
            tokens: Cache::new(TOKENS),
            unknown: Cache::new(UNKNOWN),
            changes: AtomicU64::new(0),
        }
    }

    /// The source that `token` leads to at `now`.
    pub async fn find(&self, token: &str, now: Timestamp) -> Result<Option<Arc<Inlet>>, Error> {
        if !IngestToken::is_possible(token) {
            return Ok(None);
        }
        let hash = TokenHash::of(token);
        let app = match self.tokens.get(&hash) {
            Some(app) => Some(app),
            None => self.look_up(hash).await?,
        };
        let Some(app) = app else { return Ok(None) };
        let inlet = self.of_app(app).await?;
        Ok(inlet.filter(|inlet| inlet.admits(hash, now)))
    }

    /// The source with this hidden application.
    pub async fn of_app(&self, app: AppId) -> Result<Option<Arc<Inlet>>, Error> {
        let place = match self.sources.get_value_or_guard_async(&app).await {
            Ok(inlet) => return Ok(Some(inlet)),
            Err(place) => place,
        };
        let source = self.store.source_by_app(SystemScope::assume(), app).await?;
        let Some(inlet) = source.map(|source| Arc::new(Inlet::new(source, &self.presets))) else {
            return Ok(None);
        };
        // Refused when the source was changed meanwhile: then this answer is good for those who asked before.
        place.insert(Arc::clone(&inlet)).ok();
        Ok(Some(inlet))
    }

    /// Reads the source with this application anew the next time it is asked for.
    pub fn forget(&self, app: AppId) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.sources.remove(&app);
    }

    /// Reads all sources anew: for when what was changed is not known.
    pub fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.sources.clear();
    }

    async fn look_up(&self, hash: TokenHash) -> Result<Option<AppId>, Error> {
        let changes = self.changes.load(Ordering::Acquire);
        if self.unknown.get(&hash) == Some(changes) {
            return Ok(None);
        }
        let app = self.store.app_of_token(SystemScope::assume(), hash).await?;
        match app {
            Some(app) => self.tokens.insert(hash, app),
            None => self.unknown.insert(hash, changes),
        }
        Ok(app)
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::app::Ref;
    use postrider_core::scope::Identity;
    use serde_json::Map;

    use super::super::{Addressed, Changes, create, delete, rotate_token};
    use crate::context::fixture::Fixture;

    async fn made(fixture: &Fixture, identity: Identity) -> Addressed {
        let changes = Changes {
            name: "source".into(),
            uid: None,
            metadata: std::collections::BTreeMap::new(),
            kind: "generic-webhook".into(),
            config: Map::new(),
        };
        create(&fixture.context, identity, changes, None).await.unwrap()
    }

    fn token(addressed: &Addressed) -> String {
        addressed.source.token().unwrap().expose().to_owned()
    }

    #[tokio::test]
    async fn a_token_leads_to_its_source_for_as_long_as_it_is_good() {
        let fixture = Fixture::new().await;
        let (context, identity) = (&fixture.context, fixture.identity());
        let found =
            async |token: &str, now| context.inlets.find(token, now).await.unwrap().map(|it| it.source.id);
        let now = context.now();
        let source = made(&fixture, identity).await;
        let (id, old) = (source.source.id, token(&source));
        for _ in 0..2 {
            assert_eq!(found(&old, now).await, Some(id));
        }
        let new = token(&rotate_token(context, identity, &Ref::Id(id), None).await.unwrap());
        let later = now.after(postrider_core::limits::TOKEN_GRACE);
        for (token, now, expected) in
            [(&old, now, Some(id)), (&new, now, Some(id)), (&old, later, None), (&new, later, Some(id))]
        {
            assert_eq!(found(token, now).await, expected);
        }
        delete(context, identity, &Ref::Id(id)).await.unwrap();
        assert_eq!(found(&new, now).await, None, "although it was known");
    }

    #[tokio::test]
    async fn what_cannot_be_a_token_is_not_looked_up() {
        let fixture = Fixture::new().await;
        fixture.context.store.close().await.unwrap();
        let now = fixture.context.now();
        for text in ["", "short", &"%".repeat(32)] {
            assert!(fixture.context.inlets.find(text, now).await.unwrap().is_none());
        }
        assert!(fixture.context.inlets.find(&"a".repeat(32), now).await.is_err(), "others are");
    }
}
