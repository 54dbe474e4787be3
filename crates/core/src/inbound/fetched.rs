//! Keys that the caller fetches: which, and what came of it.

use std::time::Duration;

use zeroize::Zeroizing;

use super::ceiling;

/// How often a check can ask for a key, at most.
pub const MAX_FETCHES: usize = 4;

/// A key to fetch. Its address has passed the provider's rule, so it is on the provider's host; still: https only, no
/// redirects, at most `max_bytes`, a short deadline, and never more than one fetch of the same key at a time.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// Where the key is.
    pub url: String,
    /// JSON to POST there; it holds the source's credentials. Without it, GET.
    pub post: Option<Zeroizing<String>>,
    /// The largest answer that can be a key.
    pub max_bytes: usize,
    /// How long an answer may be kept under [`KeyRequest::id`]; failures a minute.
    pub cache: Duration,
    id: String,
}

impl KeyRequest {
    pub(super) fn new(url: String, cache: Duration) -> Self {
        Self { id: url.clone(), url, post: None, max_bytes: ceiling::FETCHED_BYTES, cache }
    }

    /// The same, but for one key of many, asked for with `post`.
    pub(super) fn posting(mut self, key: &str, post: String) -> Self {
        self.id = format!("{} {key}", self.url);
        self.post = Some(Zeroizing::new(post));
        self
    }

    /// What the answer can be cached by. It holds no secret; two sources with other credentials need caches of their
    /// own, if `post` is some.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl std::fmt::Debug for KeyRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRequest").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What was fetched for one check.
#[derive(Debug, Clone, Default)]
pub struct Fetched(Vec<(String, Result<Vec<u8>, String>)>);

impl Fetched {
    /// Nothing yet.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The answer to a request for a key.
    pub fn supply(&mut self, request: &KeyRequest, bytes: Vec<u8>) {
        self.0.push((request.id.clone(), Ok(bytes)));
    }

    /// There is no answer; `why` ends up in the verdict.
    pub fn fail(&mut self, request: &KeyRequest, why: impl Into<String>) {
        self.0.push((request.id.clone(), Err(why.into())));
    }

    pub(super) fn get(&self, request: &KeyRequest) -> Option<Result<&[u8], &str>> {
        let (_, answer) = self.0.iter().find(|(id, _)| *id == request.id)?;
        Some(answer.as_deref().map_err(String::as_str))
    }
}
