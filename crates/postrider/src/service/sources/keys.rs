//! Keys that providers publish, fetched when a request needs them and kept for as long as the provider's preset says.
//!
//! The address of a key comes from a request, and has passed the provider's rule before it gets here; it goes through the
//! guarded client all the same, with a short deadline and without redirects. Of one key only one fetch is under way, and
//! one that failed is not tried again for a minute, so that whoever sends forged requests cannot make us ask others
//! without end. A set of keys that lacks the one that a request names is fetched anew, as providers exchange their keys
//! when they want; but no more often than once a minute, since anybody can name a key. An answer that holds no keys at
//! all is a failure like no answer.
//!
//! An answer is cut at 64 KiB by the client, which is more than any provider's keys take.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use postrider_core::id::AppId;
use postrider_core::inbound::{Fetched, KeyRequest};
use postrider_core::time::Timestamp;
use postrider_egress::{Client, Policy, Request, Target};
use quick_cache::sync::Cache;

/// Keys kept.
const KEYS: usize = 1_000;
/// How long a failure is kept, and a set of keys that lacks one.
const FAILED_FOR: Duration = Duration::from_secs(60);
/// The longest that a fetch may take: providers want their answers in a few seconds.
const DEADLINE: Duration = Duration::from_secs(3);

/// See the module's documentation.
pub struct Keys {
    client: Arc<Client>,
    policy: Arc<Policy>,
    kept: Cache<String, Arc<Kept>>,
}

/// What a fetch came to.
struct Kept {
    since: Timestamp,
    until: Timestamp,
    answer: Result<Bytes, String>,
}

impl Keys {
    /// No keys yet; they are fetched with `client`.
    #[must_use]
    pub fn new(client: Arc<Client>, policy: Arc<Policy>) -> Self {
        Self { client, policy, kept: Cache::new(KEYS) }
    }

    /// Puts the key that a check of the source with this application asks for into `fetched`, or why it cannot be had.
    pub(super) async fn fetch(&self, app: AppId, key: &KeyRequest, fetched: &mut Fetched, now: Timestamp) {
        match &self.kept(app, key, now).await.answer {
            Ok(bytes) => fetched.supply(key, bytes.to_vec()),
            Err(why) => fetched.fail(key, why.clone()),
        }
    }

    /// Forgets what was kept of a key set that lacks a key, unless it is fresh. Gives whether it did.
    pub(super) fn outgrown(&self, app: AppId, key: &KeyRequest, now: Timestamp) -> bool {
        self.kept.remove_if(&name(app, key), |kept| kept.since.after(FAILED_FOR) <= now).is_some()
    }

    /// Counts an answer in which there was no key as a failure: it says nothing about the request.
    pub(super) fn spoilt(&self, app: AppId, key: &KeyRequest, now: Timestamp) {
        let answer = Err("the answer holds no key that can be used".to_owned());
        self.kept.insert(name(app, key), Arc::new(Kept { since: now, until: now.after(FAILED_FOR), answer }));
    }

    async fn kept(&self, app: AppId, key: &KeyRequest, now: Timestamp) -> Arc<Kept> {
        let name = name(app, key);
        if let Some(kept) = self.kept.get(&name)
            && now < kept.until
        {
            return kept;
        }
        self.kept.remove_if(&name, |kept| kept.until <= now);
        match self.kept.get_value_or_guard_async(&name).await {
            Ok(kept) => kept,
            Err(place) => {
                let answer = self.ask(app, key).await;
                let keep = if answer.is_ok() { key.cache } else { FAILED_FOR };
                let kept = Arc::new(Kept { since: now, until: now.after(keep), answer });
                place.insert(Arc::clone(&kept)).ok();
                kept
            }
        }
    }

    async fn ask(&self, app: AppId, key: &KeyRequest) -> Result<Bytes, String> {
        let target = Target::parse(&key.url, &self.policy).map_err(|refused| refused.to_string())?;
        if !target.is_https() {
            return Err("the address is not https".to_owned());
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let post = key.post.as_ref().map(|text| Bytes::copy_from_slice(text.as_bytes()));
        if post.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let (is_post, body) = (post.is_some(), post.unwrap_or_default());
        let request =
            Request { partition: app.row() as u64, target: &target, headers, body, deadline: DEADLINE };
        let method = if is_post { Method::POST } else { Method::GET };
        let exchange = self.client.repeat(method, request).await;
        let answer = exchange.result.map_err(|failure| failure.to_string())?;
        match answer.status {
            200 if answer.body.len() <= key.max_bytes => Ok(answer.body),
            200 => Err("the answer is too large to be a key".to_owned()),
            status => Err(format!("the answer is {status}")),
        }
    }
}

/// What a key is kept by. What is asked for with a source's credentials is that source's alone.
fn name(app: AppId, key: &KeyRequest) -> String {
    if key.post.is_some() { format!("{app} {}", key.id()) } else { key.id().to_owned() }
}
