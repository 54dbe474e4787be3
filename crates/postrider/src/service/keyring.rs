//! Who holds which key.
//!
//! A token is looked up by its hash, in memory after the first time. Expiry is checked at each use, and a revocation
//! takes effect before it is answered. Unknown tokens have a small memory of their own, so that guesses can neither
//! push known keys out nor ask the store the same thing again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use postrider_core::key::{Key, TokenHash};
use postrider_core::scope::{Identity, SystemScope};
use postrider_core::time::Timestamp;
use postrider_store::{Error, Store};
use quick_cache::sync::Cache;

/// Keys kept ready.
const KNOWN: usize = 10_000;
/// Hashes remembered as unknown.
const UNKNOWN: usize = 1_000;
/// Characters of the longest token.
const TOKEN_CHARS: usize = 128;

/// See the module's documentation.
pub struct Keyring {
    store: Arc<dyn Store>,
    known: Cache<TokenHash, Remembered<Key>>,
    unknown: Cache<TokenHash, Remembered<()>>,
    // Counts changes to keys. What was read under another count than today's is as good as not read.
    changes: AtomicU64,
}

/// Something read from the store, and the count of changes before it was read.
struct Remembered<T> {
    changes: u64,
    value: Arc<T>,
}

impl Keyring {
    /// A keyring over the keys in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let (known, unknown) = (Cache::new(KNOWN), Cache::new(UNKNOWN));
        Self { store, known, unknown, changes: AtomicU64::new(0) }
    }

    /// What `token` may reach at `now`; `None` when it is unknown, revoked or expired.
    pub async fn identify(&self, token: &str, now: Timestamp) -> Result<Option<Identity>, Error> {
        Ok(self.holder(token, now).await?.map(|key| key.identity))
    }

    /// The key or portal session whose token it is at `now`; `None` when it is unknown, revoked or expired.
    pub async fn holder(&self, token: &str, now: Timestamp) -> Result<Option<Arc<Key>>, Error> {
        if token.is_empty() || token.len() > TOKEN_CHARS {
            return Ok(None);
        }
        let hash = TokenHash::of(token);
        let changes = self.changes.load(Ordering::Acquire);
        let key = match self.known.get(&hash).filter(|key| key.changes == changes) {
            Some(key) => Some(key.value),
            None => self.load(hash, changes).await?,
        };
        Ok(key.filter(|key| key.is_valid(now)))
    }

    /// Reads all keys anew the next time they are used: after one was made or revoked, which is rare.
    pub fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known.clear();
        self.unknown.clear();
    }

    async fn load(&self, hash: TokenHash, changes: u64) -> Result<Option<Arc<Key>>, Error> {
        if self.unknown.get(&hash).is_some_and(|unknown| unknown.changes == changes) {
            return Ok(None);
        }
        let key = self.store.identify(SystemScope::assume(), hash).await?.map(Arc::new);
        match &key {
            Some(key) => self.known.insert(hash, Remembered { changes, value: Arc::clone(key) }),
            None => self.unknown.insert(hash, Remembered { changes, value: Arc::new(()) }),
        }
        Ok(key)
    }
}

impl<T> Clone for Remembered<T> {
    fn clone(&self) -> Self {
        Self { changes: self.changes, value: Arc::clone(&self.value) }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::{EnvironmentId, KeyId};
    use postrider_core::key::Token;
    use postrider_core::rng::TestRng;
    use postrider_store::seal::{SealKey, Sealer};
    use postrider_store::sqlite::{Options, Sqlite};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const OWN: Identity = Identity::environment_key(EnvironmentId::from_bytes([1; 20]));

    struct Fixture {
        store: Arc<dyn Store>,
        keyring: Keyring,
        _dir: tempfile::TempDir,
    }

    fn fixture() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let sealer = Sealer::new(&SealKey::generate(&TestRng::seed(1)), Arc::new(TestRng::seed(2)));
        let options = Options { min_free_bytes: 0, ..Options::new(dir.path(), Arc::new(sealer)) };
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&options).unwrap());
        Fixture { keyring: Keyring::new(Arc::clone(&store)), store, _dir: dir }
    }

    impl Fixture {
        async fn add(&self, seed: u8, expires_at: Option<Timestamp>) -> (KeyId, Token) {
            let token = Token::generate(&TestRng::seed(seed.into()));
            let id = KeyId::from_bytes([seed; 20]);
            let key = Key {
                id,
                identity: OWN,
                name: "test".into(),
                hint: token.hint(),
                created_at: NOW,
                expires_at,
                revoked_at: None,
                portal: None,
            };
            self.store.create_key(SystemScope::assume().instance(), key, token.hash()).await.unwrap();
            self.keyring.forget();
            (id, token)
        }

        async fn identify(&self, token: &str, now: Timestamp) -> Option<Identity> {
            self.keyring.identify(token, now).await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_revoked_key_opens_nothing_although_it_was_known() {
        let fixture = fixture();
        let (id, token) = fixture.add(1, None).await;
        for _ in 0..2 {
            assert_eq!(fixture.identify(token.expose(), NOW).await, Some(OWN));
        }
        fixture.store.revoke_key(SystemScope::assume().instance(), id, NOW).await.unwrap();
        fixture.keyring.forget();
        assert_eq!(fixture.identify(token.expose(), NOW).await, None);
    }

    #[tokio::test]
    async fn expiry_is_checked_at_each_use() {
        let fixture = fixture();
        let end = Timestamp::from_seconds(1_800_000_010);
        let (_, token) = fixture.add(1, Some(end)).await;
        assert_eq!(fixture.identify(token.expose(), NOW).await, Some(OWN));
        assert_eq!(fixture.identify(token.expose(), end).await, None);
    }

    #[tokio::test]
    async fn what_was_unknown_is_known_once_it_is_made() {
        let fixture = fixture();
        let token = Token::generate(&TestRng::seed(7));
        for _ in 0..2 {
            assert_eq!(fixture.identify(token.expose(), NOW).await, None);
        }
        let (_, made) = fixture.add(7, None).await;
        assert_eq!(made.expose(), token.expose());
        assert_eq!(fixture.identify(token.expose(), NOW).await, Some(OWN));
    }

    #[tokio::test]
    async fn what_cannot_be_a_token_is_not_looked_up() {
        let fixture = fixture();
        fixture.store.close().await.unwrap();
        let long = "a".repeat(TOKEN_CHARS + 1);
        for text in ["", long.as_str()] {
            assert_eq!(fixture.identify(text, NOW).await, None);
        }
        assert!(fixture.keyring.identify("prk_unknown", NOW).await.is_err(), "others are");
    }
}
