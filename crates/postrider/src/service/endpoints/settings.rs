//! What an endpoint may be set to.

use std::collections::BTreeMap;
use std::time::Duration;

use postrider_core::app::Metadata;
use postrider_core::endpoint::{Disabled, DisabledReason, Endpoint, Ordering};
use postrider_core::environment::Environment;
use postrider_core::headers;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::limits;
use postrider_core::names::{self, Invalid};
use postrider_core::retry::Schedule;
use postrider_core::rights::Right;
use postrider_core::scope::{Denied, Identity};
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::time::Timestamp;
use postrider_egress::{Policy, Refused, Target};

use super::Error;
use crate::context::Context;
use crate::directory::Route;
use crate::dispatch::exec;
use crate::service::fields::{self, Checks, InvalidFields};

/// What an endpoint is to be. `None` leaves as it is; for a new one it means the default.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Where it is; a new endpoint must have one.
    pub url: Option<String>,
    /// What it is for, for people.
    pub description: Option<String>,
    /// The caller's own id.
    pub uid: Option<Option<String>>,
    /// Attempts a second, at most.
    pub throttle_rate: Option<Option<u32>>,
    /// Whether nothing is sent to it. To enable it again also forgets how long it was failing.
    pub disabled: Option<bool>,
    /// The event types it wants; empty means all.
    pub event_types: Option<Vec<String>>,
    /// The channels it listens on; empty means all messages.
    pub channels: Option<Vec<String>>,
    /// The caller's notes.
    pub metadata: Option<Metadata>,
    /// Headers sent with every attempt.
    pub headers: Option<BTreeMap<String, String>>,
    /// The signing key. For an endpoint that exists it is a rotation with the usual grace.
    pub secret: Option<String>,
    /// Deadline of one attempt in seconds.
    pub timeout_seconds: Option<Option<u64>>,
    /// Whether messages wait for each other.
    pub ordering: Option<Ordering>,
    /// When attempts happen, instead of the event type's and the environment's schedule.
    pub retry_schedule: Option<Option<Schedule>>,
}

/// [`Changes`] that passed their checks.
#[derive(Clone)]
pub(super) struct Checked {
    changes: Changes,
    headers: Option<BTreeMap<String, String>>,
    key: Option<SigningKey>,
    /// Whether who changes it may see the headers' values.
    sees_headers: bool,
}

impl Changes {
    /// Fails where the changes take a right beside that to manage endpoints: who sets a key knows it, and replaces the one
    /// that was there.
    pub(super) fn needs(&self, identity: Identity) -> Result<(), Denied> {
        if self.secret.is_some() { identity.needs(Right::ManageSecrets) } else { Ok(()) }
    }

    /// Holds a new endpoint to the rules.
    pub(super) async fn check_new(self, context: &Context, route: &Route) -> Result<Checked, Error> {
        if self.url.is_none() {
            return Err(InvalidFields::missing("url").into());
        }
        self.check(context, route).await
    }

    /// Holds the changes to the rules.
    pub(super) async fn check(self, context: &Context, route: &Route) -> Result<Checked, Error> {
        let command = match &self.url {
            Some(url) => exec::check_url(context, route, url).await?,
            None => None,
        };
        Ok(self.check_with(command, &context.policy, &route.environment)?)
    }

    /// The same, where it is known whether the URL names a command, and whether the endpoint may use that.
    fn check_with(
        self,
        command: Option<Result<(), Invalid>>,
        policy: &Policy,
        environment: &Environment,
    ) -> Result<Checked, InvalidFields> {
        let mut checks = Checks::default();
        if let Some(url) = &self.url {
            let checked = command.unwrap_or_else(|| check_url(url, policy, environment.settings.https_only));
            checks.check("url", checked);
        }
        checks.optional("description", self.description.as_ref(), names::text);
        let uid = self.uid.as_ref().and_then(Option::as_ref);
        checks.optional("uid", uid, |uid| names::uid(uid, EndpointId::PREFIX));
        checks.check("throttleRate", fields::throttle_rate(self.throttle_rate.flatten()));
        fields::filters(&mut checks, self.event_types.as_deref(), self.channels.as_deref());
        if let Some(metadata) = &self.metadata {
            checks.check("metadata", names::metadata(metadata));
        }
        checks.check("timeoutSeconds", check_timeout(self.timeout_seconds.flatten()));
        let headers =
            self.headers.as_ref().and_then(|given| checks.check("headers", headers::endpoint(given)));
        let key = self.secret.as_deref().and_then(|text| checks.check("secret", signing_key(text)));
        checks.finish()?;
        Ok(Checked { changes: self, headers, key, sees_headers: true })
    }
}

impl Checked {
    /// A new endpoint of `app`, with a new signing key unless one was given.
    pub(super) fn build(&self, context: &Context, app: AppId) -> Endpoint {
        let now = context.now();
        let key = self.key.clone().unwrap_or_else(|| SigningKey::generate_hmac(&*context.rng));
        let mut endpoint = Endpoint {
            id: EndpointId::make(&context.ids, &*context.clock, &*context.rng),
            app,
            uid: None,
            url: String::new(),
            description: String::new(),
            event_types: Vec::new(),
            channels: Vec::new(),
            throttle_rate: None,
            disabled: None,
            metadata: Metadata::new(),
            headers: BTreeMap::new(),
            keys: SigningKeys::new(key),
            timeout: None,
            ordering: Ordering::None,
            retry_schedule: None,
            failing_since: None,
            created_at: now,
            updated_at: now,
        };
        self.apply(&mut endpoint, now);
        endpoint
    }

    /// The same as changes that `identity` makes. Who may not see the headers' values would see them after leading the
    /// endpoint to a receiver of their own: with another origin, the headers go unless new ones are given.
    pub(super) fn made_by(self, identity: Identity) -> Self {
        Self { sees_headers: identity.rights().has(Right::ReadSecrets), ..self }
    }

    /// Applies the changes at `now`.
    pub(super) fn apply(&self, endpoint: &mut Endpoint, now: Timestamp) {
        let changes = &self.changes;
        let moves = changes.url.as_ref().is_some_and(|url| origin(url) != origin(&endpoint.url));
        if moves && !self.sees_headers {
            endpoint.headers.clear();
        }
        set(&mut endpoint.url, changes.url.as_ref());
        set(&mut endpoint.description, changes.description.as_ref());
        set(&mut endpoint.uid, changes.uid.as_ref());
        set(&mut endpoint.throttle_rate, changes.throttle_rate.as_ref());
        set(&mut endpoint.metadata, changes.metadata.as_ref());
        set(&mut endpoint.headers, self.headers.as_ref());
        set(&mut endpoint.ordering, changes.ordering.as_ref());
        set(&mut endpoint.retry_schedule, changes.retry_schedule.as_ref());
        if let Some(event_types) = &changes.event_types {
            endpoint.event_types = fields::distinct(event_types.clone());
        }
        if let Some(channels) = &changes.channels {
            endpoint.channels = fields::distinct(channels.clone());
        }
        if let Some(seconds) = changes.timeout_seconds {
            endpoint.timeout = seconds.map(Duration::from_secs);
        }
        if let Some(key) = self.key.as_ref().filter(|key| **key != endpoint.keys.current) {
            endpoint.keys.rotate(key.clone(), limits::ROTATION_GRACE, now);
        }
        match (changes.disabled, endpoint.disabled) {
            (Some(true), None) => {
                endpoint.disabled = Some(Disabled { at: now, reason: DisabledReason::Asked });
            }
            (Some(false), Some(_)) => {
                endpoint.disabled = None;
                endpoint.failing_since = None;
            }
            _ => {}
        }
    }

    /// The same changes, but for the uid.
    #[expect(clippy::option_option, reason = "to leave it and to clear it are two things")]
    pub(super) fn with_uid(&self, uid: Option<Option<String>>) -> Self {
        Self { changes: Changes { uid, ..self.changes.clone() }, ..self.clone() }
    }

    pub(super) fn uid(&self) -> Option<&String> {
        self.changes.uid.as_ref().and_then(Option::as_ref)
    }
}

/// A signing key in one of its text forms.
pub(super) fn signing_key(text: &str) -> Result<SigningKey, Invalid> {
    SigningKey::parse(text).map_err(|invalid| Invalid::value(invalid.to_string()))
}

fn set<T: Clone>(target: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        target.clone_from(value);
    }
}

fn check_url(url: &str, policy: &Policy, https_only: bool) -> Result<(), Invalid> {
    match Target::parse(url, policy) {
        Ok(target) if https_only && !target.is_https() => Err(Refused::HttpsRequired),
        parsed => parsed.map(drop),
    }
    .map_err(|refused| Invalid { message: refused.to_string().into(), kind: "value_error.url" })
}

fn check_timeout(seconds: Option<u64>) -> Result<(), Invalid> {
    let max = limits::ATTEMPT_TIMEOUT_MAX.as_secs();
    match seconds {
        Some(seconds) if !(1..=max).contains(&seconds) => {
            Err(Invalid::value(format!("must be from 1 to {max}")))
        }
        _ => Ok(()),
    }
}

/// Whom a URL leads to.
fn origin(url: &str) -> Option<url::Origin> {
    url::Url::parse(url).ok().map(|url| url.origin())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use postrider_core::environment::Settings;
    use postrider_core::id::EnvironmentId;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER_KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn check(changes: Changes, https_only: bool) -> Result<Checked, InvalidFields> {
        let environment = Environment {
            id: EnvironmentId::from_bytes([1; 20]),
            name: String::new(),
            settings: Settings { https_only, ..Settings::default() },
            created_at: NOW,
        };
        changes.check_with(None, &Policy::strict(), &environment)
    }

    fn endpoint() -> Endpoint {
        Endpoint {
            id: EndpointId::from_bytes([1; 20]),
            app: AppId::from_bytes([1; 20]),
            uid: Some("own".into()),
            url: "https://example.com/".into(),
            description: "x".into(),
            event_types: vec!["a".into()],
            channels: Vec::new(),
            throttle_rate: Some(5),
            disabled: None,
            metadata: Metadata::new(),
            headers: BTreeMap::new(),
            keys: SigningKeys::new(SigningKey::parse(KEY).unwrap()),
            timeout: None,
            ordering: Ordering::Fifo,
            retry_schedule: None,
            failing_since: Some(NOW),
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn applied(changes: Changes) -> Endpoint {
        let mut endpoint = endpoint();
        check(changes, false).unwrap_or_else(|invalid| panic!("{invalid:?}")).apply(&mut endpoint, NOW);
        endpoint
    }

    #[test]
    fn each_value_is_refused_in_its_place() {
        let changes = Changes {
            url: Some("http://10.0.0.1/".into()),
            uid: Some(Some("ep_1".into())),
            throttle_rate: Some(Some(0)),
            event_types: Some(vec!["a b".into()]),
            channels: Some(vec!["c".into(); limits::CHANNELS + 1]),
            headers: Some(BTreeMap::from([("host".into(), "x".into())])),
            secret: Some("whsec_short".into()),
            timeout_seconds: Some(Some(61)),
            ..Changes::default()
        };
        let Err(invalid) = check(changes, false) else { panic!("accepted") };
        let places: Vec<_> = invalid.0.into_iter().map(|error| error.at.join(".")).collect();
        assert_eq!(
            places,
            ["url", "uid", "throttleRate", "eventTypes.0", "channels", "timeoutSeconds", "headers", "secret"]
        );
    }

    #[test]
    fn an_environment_may_want_https() {
        for (url, https_only, accepted) in [
            ("http://example.com/", false, true),
            ("http://example.com/", true, false),
            ("https://example.com/", true, true),
        ] {
            let changes = Changes { url: Some(url.into()), ..Changes::default() };
            assert_eq!(check(changes, https_only).is_ok(), accepted, "{url} {https_only}");
        }
    }

    #[test]
    fn nothing_given_changes_nothing() {
        assert_eq!(applied(Changes::default()), endpoint());
    }

    #[test]
    fn to_clear_is_not_to_leave() {
        let changed = applied(Changes { uid: Some(None), throttle_rate: Some(None), ..Changes::default() });
        assert_eq!((changed.uid, changed.throttle_rate), (None, None));
    }

    #[test]
    fn disabling_and_enabling_leave_their_marks() {
        let disabled = applied(Changes { disabled: Some(true), ..Changes::default() });
        assert_eq!(disabled.disabled, Some(Disabled { at: NOW, reason: DisabledReason::Asked }));
        let mut gone = endpoint();
        let at = NOW.before(Duration::from_secs(60));
        gone.disabled = Some(Disabled { at, reason: DisabledReason::Gone });
        let change = |disabled| check(Changes { disabled: Some(disabled), ..Changes::default() }, false);
        change(true).unwrap_or_else(|_| panic!("refused")).apply(&mut gone, NOW);
        assert_eq!(
            gone.disabled.map(|disabled| disabled.reason),
            Some(DisabledReason::Gone),
            "stays as it was"
        );
        change(false).unwrap_or_else(|_| panic!("refused")).apply(&mut gone, NOW);
        assert_eq!((gone.disabled, gone.failing_since), (None, None));
    }

    #[test]
    fn another_key_is_a_rotation_and_the_same_one_is_not() {
        let same = applied(Changes { secret: Some(KEY.into()), ..Changes::default() });
        assert!(same.keys.old.is_empty());
        let other = applied(Changes { secret: Some(OTHER_KEY.into()), ..Changes::default() });
        assert_eq!(other.keys.current.expose(), OTHER_KEY);
        assert_eq!(other.keys.old[0].expires_at, NOW.after(limits::ROTATION_GRACE));
    }
}
