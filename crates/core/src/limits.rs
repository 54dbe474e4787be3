//! Ceilings that are part of the contract. What an operator may change is in the configuration instead.

use std::time::Duration;

/// Characters of a uid, an event type's name, a group's name or an `eventId`.
pub const NAME_CHARS: usize = 256;
/// Characters of a channel, a tag or an ordering key.
pub const CHANNEL_CHARS: usize = 128;
/// Channels of a message or an endpoint.
pub const CHANNELS: usize = 10;
/// Tags of a message.
pub const TAGS: usize = 5;
/// Event types that one endpoint may name.
pub const ENDPOINT_EVENT_TYPES: usize = 500;
/// Bytes of a name or description for people.
pub const TEXT_BYTES: usize = 4 * 1024;
/// Bytes of an object's metadata, names and values together.
pub const METADATA_BYTES: usize = 16 * 1024;
/// Bytes of an endpoint's URL.
pub const URL_BYTES: usize = 2_048;
/// Custom headers of an endpoint.
pub const HEADERS: usize = 32;
/// Bytes of an endpoint's custom headers, names and values together.
pub const HEADER_BYTES: usize = 8 * 1024;
/// Levels of nesting in a payload.
pub const JSON_DEPTH: usize = 64;
/// Rows on one page of a list.
pub const PAGE_MAX: usize = 250;
/// Rows on one page when the caller does not say.
pub const PAGE_DEFAULT: usize = 50;
/// Endpoints of one application.
pub const APP_ENDPOINTS: usize = 2_000;
/// Background tasks of one application that run at once; they take turns with those of others.
pub const APP_TASKS: usize = 10;
/// Keys that still sign after rotation.
pub const OLD_SIGNING_KEYS: usize = 10;
/// How long a replaced signing key still signs when the caller does not say.
pub const ROTATION_GRACE: Duration = Duration::from_secs(24 * 3600);
/// The longest that a caller may ask for.
pub const ROTATION_GRACE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(12 * 3600);
/// Bytes of an idempotency key.
pub const IDEMPOTENCY_KEY_BYTES: usize = 256;
/// The longest wait that a receiver's `Retry-After` can cause.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long every attempt must have failed before an endpoint is disabled.
pub const FAILING_BEFORE_DISABLED: Duration = Duration::from_secs(5 * 24 * 3600);
/// The longest deadline that an endpoint may ask for.
pub const ATTEMPT_TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// How far ahead a message may be scheduled.
pub const DELIVER_AT_MAX: Duration = Duration::from_secs(90 * 24 * 3600);
/// Bytes of an answer's body that are recorded.
pub const RESPONSE_BYTES: usize = 16 * 1024;
/// Bytes of an answer's headers that are recorded.
pub const RESPONSE_HEADER_BYTES: usize = 8 * 1024;
/// Sources of one environment.
pub const SOURCES: usize = 10_000;
/// Secrets of one source: those that are being replaced, and their successors.
pub const SOURCE_SECRETS: usize = 10;
/// Tokens of a source that are still good after they were replaced.
pub const OLD_TOKENS: usize = 10;
/// How long a replaced token of a source is good.
pub const TOKEN_GRACE: Duration = Duration::from_secs(48 * 3600);
/// How long an event is remembered, so that its repetition is recognised.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// Messages that one batch may become; a longer one stays in one piece.
pub const BATCH_ITEMS: usize = 1_000;
/// Refused requests that a source keeps.
pub const REFUSALS: u64 = 100;
/// Bytes of refused requests that a source keeps.
pub const REFUSAL_BYTES: u64 = 1024 * 1024;
/// Bytes of a refused request's body that are kept.
pub const REFUSAL_BODY_BYTES: usize = 16 * 1024;
/// Bytes of the code of a transformation.
pub const TRANSFORMATION_BYTES: usize = 50 * 1024;
/// Endpoints that a reception names as left out by their filters.
pub const LEFT_OUT: usize = 100;
/// Endpoints that one replay may name.
pub const REPLAY_ENDPOINTS: usize = 100;
/// Values that one replay may set in a body.
pub const REPLAY_VALUES: usize = 100;
/// How long a portal session lasts at least.
pub const PORTAL_SESSION_MIN: Duration = Duration::from_secs(3_600);
/// How long a portal session lasts at most, and when nobody says.
pub const PORTAL_SESSION_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long the one-time key of a portal link can be used.
pub const PORTAL_LINK: Duration = Duration::from_secs(600);
/// Portal sessions of one application: the oldest ends when another begins.
pub const PORTAL_SESSIONS: usize = 10_000;
/// Flags of one portal session.
pub const PORTAL_FLAGS: usize = 25;
/// Characters of what an operator calls a portal session.
pub const PORTAL_SESSION_CHARS: usize = 64;
/// Names in one request to end portal sessions.
pub const PORTAL_SESSIONS_NAMED: usize = 1_000;
/// How long portal sessions that are to end may go on.
pub const PORTAL_ENDING_MAX: Duration = Duration::from_secs(3 * 24 * 3_600);
/// Searches that are saved in one environment.
pub const SAVED_SEARCHES: usize = 100;
/// Characters of the name of a saved search.
pub const SAVED_SEARCH_CHARS: usize = 64;
