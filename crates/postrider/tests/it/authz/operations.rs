//! Every operation: who may use it, and a request that its owner would make.

use serde_json::{Value, json};

use super::attackers::Kind;

/// Who may use an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody.
    Open,
    /// Whoever has a key.
    AnyKey,
    /// Keys of the application and of its environment.
    App,
    /// Keys of the environment, for an application or an event type that the path names.
    Owner,
    /// Keys of the environment; what the path means depends on the environment.
    Environment,
    /// All keys of the environment, those of its applications too.
    Shared,
    /// All keys of the environment, each of them for what it reaches and nothing else.
    Reached,
    /// Keys of the environment and of the instance, each for what it reaches.
    Kept,
    /// Tokens of the portal, for themselves.
    Portal,
    /// Keys of the instance.
    Instance,
}

/// An operation of the API.
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) access: Access,
    /// The body of a request that works, with the parameters of paths; null for none.
    pub(super) body: fn() -> Value,
}

impl Operation {
    /// Whether callers of this kind are just who it is for.
    pub(super) fn is_for(&self, kind: Kind) -> bool {
        matches!(
            (self.access, kind),
            (Access::Instance | Access::Kept, Kind::Instance) | (Access::Portal, Kind::OtherPortal)
        )
    }

    /// The statuses that this wrong caller may get.
    pub(super) fn allowed(&self, kind: Kind) -> &'static [u16] {
        match (self.access, kind) {
            (Access::Open, _) => &[204],
            (_, Kind::Nobody) => &[401],
            (Access::AnyKey, _)
            | (Access::Shared, Kind::OtherApp)
            | (Access::Kept, Kind::OtherEnvironment)
            | (Access::Reached, Kind::OtherEnvironment | Kind::OtherApp) => &[200],
            // What it may not do to its own, it is told before anything is looked for.
            (Access::App, Kind::OtherPortal) => &[403, 404],
            (Access::Shared | Access::Reached, Kind::OtherPortal) => &[200, 403],
            (Access::App, Kind::OtherEnvironment | Kind::OtherApp) => &[404],
            // By id it is not there; by uid or name it may be made, in their own environment.
            (Access::Owner | Access::Environment | Access::Shared, Kind::OtherEnvironment) => {
                &[200, 201, 404]
            }
            _ => &[403],
        }
    }
}

const fn get(id: &'static str, access: Access) -> Operation {
    Operation { id, access, body: || Value::Null }
}

const fn with(id: &'static str, access: Access, body: fn() -> Value) -> Operation {
    Operation { id, access, body }
}

/// All operations. Those of one victim are asked by its owner once, last.
pub(super) const ALL: &[Operation] = &[
    get("health.get", Access::Open),
    get("authentication.whoami", Access::AnyKey),
    with("authentication.app_portal_access", Access::Owner, || json!({})),
    with("authentication.expire_all", Access::Owner, || json!({})),
    get("authentication.logout", Access::Portal),
    get("audit_log.list", Access::Kept),
    get("application.list", Access::Environment),
    with("application.create", Access::Environment, || json!({"name": "new"})),
    get("application.get", Access::App),
    with("application.upsert", Access::Owner, || json!({"name": "replaced"})),
    with("application.patch", Access::Owner, || json!({"name": "patched"})),
    get("application.delete", Access::Owner),
    get("event_type.list", Access::Shared),
    with("event_type.create", Access::Environment, || json!({"name": "new", "description": ""})),
    get("event_type.get", Access::Shared),
    with("event_type.upsert", Access::Owner, || json!({"description": "replaced"})),
    with("event_type.patch", Access::Owner, || json!({"description": "patched"})),
    get("event_type.delete", Access::Owner),
    get("endpoint.list", Access::App),
    with("endpoint.create", Access::App, || json!({"url": "http://127.0.0.1:1099/"})),
    get("endpoint.get", Access::App),
    with("endpoint.upsert", Access::App, || json!({"url": "http://127.0.0.1:1099/"})),
    with("endpoint.patch", Access::App, || json!({"disabled": true})),
    get("endpoint.delete", Access::App),
    get("endpoint.get_secret", Access::App),
    with("endpoint.rotate_secret", Access::App, || json!({})),
    get("endpoint.get_headers", Access::App),
    with("endpoint.set_headers", Access::App, || json!({"headers": {}})),
    with("endpoint.patch_headers", Access::App, || json!({"headers": {"x-canary": "2"}})),
    get("endpoint.get_stats", Access::App),
    with("endpoint.recover", Access::App, || json!({"since": "2020-01-01T00:00:00Z"})),
    with("endpoint.replay_missing", Access::App, || json!({"since": "2020-01-01T00:00:00Z"})),
    with("endpoint.bulk_replay", Access::App, || json!({"since": "2020-01-01T00:00:00Z"})),
    with("endpoint.send_example", Access::App, || json!({"eventType": "{event_type_name}"})),
    with("message.create", Access::App, || json!({"eventType": "t", "payload": {}})),
    with("message.precheck", Access::App, || json!({"eventType": "t"})),
    get("message.list", Access::App),
    get("message.get", Access::App),
    with("message.replay", Access::App, || json!({"endpointIds": ["{endpoint_id}"]})),
    get("message.expunge_content", Access::App),
    get("message_attempt.list_by_endpoint", Access::App),
    get("message_attempt.list_by_msg", Access::App),
    get("message_attempt.list_attempted_messages", Access::App),
    get("message_attempt.list_attempted_destinations", Access::App),
    get("message_attempt.get", Access::App),
    get("message_attempt.expunge_content", Access::App),
    get("message_attempt.resend", Access::App),
    get("delivery.skip", Access::App),
    get("delivery.search", Access::Reached),
    get("delivery.facets", Access::Reached),
    with("delivery.replay", Access::Reached, || json!({"q": "since:2h", "dryRun": true})),
    get("message.search", Access::Reached),
    get("analytics.get", Access::Reached),
    get("analytics.get_latency", Access::Reached),
    get("issue.list", Access::Reached),
    get("issue.get", Access::App),
    with("issue.patch", Access::App, || json!({"state": "acknowledged"})),
    get("issue.replay", Access::App),
    get("background_task.list", Access::Environment),
    get("background_task.get", Access::App),
    get("background_task.cancel", Access::App),
    get("ingest_source.list", Access::Environment),
    with("ingest_source.create", Access::Environment, || json!({"name": "new", "type": "generic-webhook"})),
    get("ingest_source.get", Access::Owner),
    with("ingest_source.upsert", Access::Owner, || json!({"name": "replaced", "type": "generic-webhook"})),
    get("ingest_source.rotate_token", Access::Owner),
    with("ingest_authentication.consumer_portal_access", Access::Owner, || json!({})),
    get("ingest_source.delete", Access::Owner),
    get("ingest_endpoint.list", Access::Owner),
    with("ingest_endpoint.create", Access::Owner, || json!({"url": "http://127.0.0.1:1099/"})),
    get("ingest_endpoint.get", Access::Owner),
    with("ingest_endpoint.upsert", Access::Owner, || json!({"url": "http://127.0.0.1:1099/"})),
    get("ingest_endpoint.delete", Access::Owner),
    get("ingest_endpoint.get_secret", Access::Owner),
    with("ingest_endpoint.rotate_secret", Access::Owner, || json!({})),
    get("ingest_endpoint.get_headers", Access::Owner),
    with("ingest_endpoint.set_headers", Access::Owner, || json!({"headers": {}})),
    get("ingest_endpoint_filter.get", Access::Owner),
    with(
        "ingest_endpoint_filter.set",
        Access::Owner,
        || json!({"filter": {"value": "body", "exists": true}}),
    ),
    get("ingest_endpoint_filter.delete", Access::Owner),
    get("ingest_endpoint_transformation.get", Access::Owner),
    with("ingest_endpoint_transformation.patch", Access::Owner, || json!({"enabled": true})),
    get("ingest_reception.list", Access::Owner),
    get("ingest_reception.get", Access::Owner),
    get("ingest_reception.refused", Access::Owner),
    get("ingest_listener.listen", Access::Environment),
    with(
        "ingest_listener.ack",
        Access::Environment,
        || json!({"listener": "lsn_00000000000000000000000000000000", "id": "{msg_id}"}),
    ),
    with("ingest_reception.replay", Access::Owner, || json!({"sign": "postrider"})),
    with("ingest_source.replay", Access::Owner, || json!({"since": "2020-01-01T00:00:00Z"})),
    get("bin.list", Access::Environment),
    get("bin.create", Access::Environment),
    get("bin.delete", Access::Owner),
    get("environment.list", Access::Instance),
    with("environment.create", Access::Instance, || json!({"name": "new"})),
    get("environment.get_settings", Access::Environment),
    with("environment.patch_settings", Access::Environment, || json!({"retentionDays": 30})),
    get("key.list", Access::Instance),
    with("key.create", Access::Instance, || json!({"name": "new", "scope": "instance"})),
    get("key.revoke", Access::Instance),
    get("user.list", Access::Instance),
    with("user.create", Access::Instance, || json!({"email": "new@example.com", "role": "viewer"})),
    get("user.get", Access::Instance),
    with("user.patch", Access::Instance, || json!({"role": "operator"})),
    get("user.reset", Access::Instance),
    get("user.list_sessions", Access::Instance),
    get("user.end_sessions", Access::Instance),
];
