//! Making bins with an API key, and who may read one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrider_core::key::TokenHash;
use postrider_core::scope::EnvironmentScope;
use postrider_core::time::Timestamp;
use ring::hmac;

use super::shelf::Owner;
use super::{Bins, Mode, is_name};

/// What keys of viewers begin with, so that people and scanners recognise one.
pub const VIEW_KEY_PREFIX: &str = "bvk_";
/// Random bytes of names and of what reads: 128 bits or more, which nobody guesses.
const NAME_RANDOM: usize = 16;
const KEY_RANDOM: usize = 24;

/// A bin that was just made.
#[derive(Debug, Clone)]
pub struct Created {
    /// Its name, which is all that a sender needs.
    pub name: String,
    /// What reads it. Nobody can ask for it again.
    pub view_key: String,
    /// When it goes.
    pub expires_at: Timestamp,
}

/// A bin in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Requests in it.
    pub requests: usize,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it goes.
    pub expires_at: Timestamp,
}

/// Why a bin is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The operator has not switched them on.
    #[error("bins are switched off on this server: `bins.enabled` in its configuration")]
    Off,
    /// There are as many as there may be, or as many of one environment.
    #[error("there are as many bins as there may be: `bins.max` in the configuration")]
    Full,
}

/// Whether somebody may read a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// They may.
    Granted,
    /// It takes the view key, which was not given or is another one.
    Locked,
    /// There is no such bin.
    Missing,
}

impl Bins {
    /// Makes a bin that takes its key to be read.
    pub fn create(&self, scope: EnvironmentScope) -> Result<Created, CreateError> {
        if self.settings().mode == Mode::Off {
            return Err(CreateError::Off);
        }
        let (name, view_key) =
            (self.random(NAME_RANDOM), format!("{VIEW_KEY_PREFIX}{}", self.random(KEY_RANDOM)));
        let made_at = self.now();
        let owner = Owner { environment: scope.environment(), view_key: TokenHash::of(&view_key), made_at };
        let expires_at = made_at.after(self.settings().max_age);
        if self.shelf().insert(&name, Some(owner)) {
            Ok(Created { name, view_key, expires_at })
        } else {
            Err(CreateError::Full)
        }
    }

    /// The bins that keys of this environment have made, oldest first.
    #[must_use]
    pub fn list(&self, scope: EnvironmentScope) -> Vec<Listed> {
        let locked = self.shelf();
        let own = locked.iter().filter_map(|(name, bin)| {
            let owner = bin.owner.as_ref().filter(|owner| owner.environment == scope.environment())?;
            Some(Listed {
                name: name.clone(),
                requests: bin.requests.len(),
                created_at: owner.made_at,
                expires_at: owner.made_at.after(self.settings().max_age),
            })
        });
        let mut listed: Vec<_> = own.collect();
        listed.sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
        listed
    }

    /// The bins that nobody made, with their requests, by name: where any name is one.
    #[must_use]
    pub fn unowned(&self) -> Vec<(String, usize)> {
        let locked = self.shelf();
        let unowned = locked.iter().filter(|(_, bin)| bin.owner.is_none());
        let mut unowned: Vec<_> = unowned.map(|(name, bin)| (name.clone(), bin.requests.len())).collect();
        unowned.sort();
        unowned
    }

    /// Removes a bin with all that is in it; `false` when this environment has none of this name.
    #[must_use]
    pub fn remove(&self, scope: EnvironmentScope, name: &str) -> bool {
        let mut locked = self.shelf();
        let owner = locked.peek(name).and_then(|bin| bin.owner.as_ref());
        let is_own = owner.is_some_and(|owner| owner.environment == scope.environment());
        if is_own {
            locked.remove(name);
        }
        is_own
    }

    /// Whether who has `view_key` may read the bin.
    #[must_use]
    pub fn entry(&self, name: &str, view_key: Option<&str>) -> Entry {
        let locked = self.shelf();
        match locked.peek(name) {
            // Hashes are compared, so that the time it takes says nothing about the key.
            Some(bin) => match &bin.owner {
                Some(owner) if view_key.map(TokenHash::of) != Some(owner.view_key) => Entry::Locked,
                _ => Entry::Granted,
            },
            None if self.settings().mode == Mode::Open && is_name(name) => Entry::Granted,
            None => Entry::Missing,
        }
    }

    /// What a form on the page of a bin brings back, so that no other page can act on it.
    #[must_use]
    pub fn form_token(&self, name: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0.form_key, name.as_bytes()))
    }

    /// Whether a form of this bin has brought it back.
    #[must_use]
    pub fn is_form_token(&self, name: &str, token: &str) -> bool {
        let tag = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        hmac::verify(&self.0.form_key, name.as_bytes(), &tag).is_ok()
    }

    /// So many random bytes as text that stands in a URL as it is.
    pub(super) fn random(&self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        self.0.rng.fill(&mut random);
        URL_SAFE_NO_PAD.encode(random)
    }
}
