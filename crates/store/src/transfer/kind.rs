//! The kinds of things that an installation consists of, each as a table of canonical columns.
//!
//! Both engines keep what a kind says in columns of the same names and meanings; how one of them differs is in its own
//! `transfer` module. What is not here is not moved: the bookkeeping of an engine (its migrations, its nodes), and what
//! follows from a column that is (a delivery's lane partition).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of thing, in the sequence in which they are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Environments.
    Environment,
    /// API keys, revoked ones too.
    Key,
    /// Applications, deleted ones too as long as something of theirs is there.
    App,
    /// Event types, archived ones too.
    EventType,
    /// Endpoints, deleted ones too as long as something of theirs is there.
    Endpoint,
    /// Messages with their payloads.
    Message,
    /// Which message of an application has an event id.
    EventId,
    /// Deliveries. What was held waits: nobody holds anything while it is moved.
    Delivery,
    /// Attempts with what was recorded of them.
    Attempt,
    /// Remembered answers to requests with an idempotency key, without those that have expired.
    Answer,
    /// Background tasks with how far they came.
    Task,
    /// Sources.
    Source,
    /// What leads to sources.
    Token,
    /// What is known of received messages.
    Reception,
    /// Requests that sources have refused.
    Refusal,
    /// Groups of listeners.
    Group,
    /// What members of groups have, or had.
    GroupClaim,
    /// Sessions of the portal.
    PortalSession,
    /// The audit log.
    Audit,
    /// People.
    Person,
    /// Sessions of people.
    PersonSession,
    /// One-time links.
    PersonLink,
    /// Saved searches.
    SavedSearch,
    /// Rollups.
    Rollup,
    /// Issues.
    Issue,
    /// Failures of issues.
    IssueCount,
}

impl Kind {
    /// All of them, in the sequence in which they are moved.
    pub const ALL: [Self; 26] = [
        Self::Environment,
        Self::Key,
        Self::App,
        Self::EventType,
        Self::Endpoint,
        Self::Message,
        Self::EventId,
        Self::Delivery,
        Self::Attempt,
        Self::Answer,
        Self::Task,
        Self::Source,
        Self::Token,
        Self::Reception,
        Self::Refusal,
        Self::Group,
        Self::GroupClaim,
        Self::PortalSession,
        Self::Audit,
        Self::Person,
        Self::PersonSession,
        Self::PersonLink,
        Self::SavedSearch,
        Self::Rollup,
        Self::Issue,
        Self::IssueCount,
    ];

    /// What people call them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environments",
            Self::Key => "API keys",
            Self::App => "applications",
            Self::EventType => "event types",
            Self::Endpoint => "endpoints",
            Self::Message => "messages",
            Self::EventId => "event ids",
            Self::Delivery => "deliveries",
            Self::Attempt => "attempts",
            Self::Answer => "idempotency answers",
            Self::Task => "tasks",
            Self::Source => "sources",
            Self::Token => "tokens of sources",
            Self::Reception => "receptions",
            Self::Refusal => "refused requests",
            Self::Group => "groups of listeners",
            Self::GroupClaim => "claims of groups",
            Self::PortalSession => "portal sessions",
            Self::Audit => "entries of the audit log",
            Self::Person => "people",
            Self::PersonSession => "sessions of people",
            Self::PersonLink => "one-time links",
            Self::SavedSearch => "saved searches",
            Self::Rollup => "rollups",
            Self::Issue => "issues",
            Self::IssueCount => "counts of issues",
        }
    }

    pub(crate) const fn table(self) -> &'static Table {
        match self {
            Self::Environment => &ENVIRONMENT,
            Self::Key => &API_KEY,
            Self::App => &APP,
            Self::EventType => &EVENT_TYPE,
            Self::Endpoint => &ENDPOINT,
            Self::Message => &MESSAGE,
            Self::EventId => &EVENT_ID,
            Self::Delivery => &DELIVERY,
            Self::Attempt => &ATTEMPT,
            Self::Answer => &IDEMPOTENCY,
            Self::Task => &TASK,
            Self::Source => &SOURCE,
            Self::Token => &SOURCE_TOKEN,
            Self::Reception => &RECEPTION,
            Self::Refusal => &REFUSAL,
            Self::Group => &LISTEN_GROUP,
            Self::GroupClaim => &LISTEN_CLAIM,
            Self::PortalSession => &PORTAL_SESSION,
            Self::Audit => &AUDIT,
            Self::Person => &PERSON,
            Self::PersonSession => &PERSON_SESSION,
            Self::PersonLink => &PERSON_LINK,
            Self::SavedSearch => &SAVED_SEARCH,
            Self::Rollup => &ROLLUP,
            Self::Issue => &ISSUE,
            Self::IssueCount => &ISSUE_COUNT,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A kind's name in both databases, and its canonical columns.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
}

/// A canonical column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
}

/// What a column's values are, apart from NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A number of 64 bits.
    Long,
    /// A count of 31 bits: one that is larger, which only SQLite can hold, counts as the largest.
    Count,
    /// A number of 16 bits.
    Small,
    /// 0 or 1.
    Flag,
    Text,
    Bytes,
    /// Bytes that SQLite keeps in Base64.
    Coded,
}

impl Table {
    /// Where the column of this name is.
    pub(crate) fn place_of(&self, name: &str) -> usize {
        let place = self.columns.iter().position(|column| column.name == name);
        place.expect("only columns of the table are asked for")
    }
}

const fn long(name: &'static str) -> Column {
    Column { name, form: Form::Long }
}

const fn count(name: &'static str) -> Column {
    Column { name, form: Form::Count }
}

const fn small(name: &'static str) -> Column {
    Column { name, form: Form::Small }
}

const fn flag(name: &'static str) -> Column {
    Column { name, form: Form::Flag }
}

const fn text(name: &'static str) -> Column {
    Column { name, form: Form::Text }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, form: Form::Bytes }
}

const fn coded(name: &'static str) -> Column {
    Column { name, form: Form::Coded }
}

static ENVIRONMENT: Table = Table {
    name: "environment",
    columns: &[long("row"), bytes("id"), text("name"), text("settings"), long("created_at")],
};

static API_KEY: Table = Table {
    name: "api_key",
    columns: &[
        long("row"),
        bytes("id"),
        bytes("hash"),
        bytes("environment_id"),
        bytes("app_id"),
        text("name"),
        text("hint"),
        long("created_at"),
        long("expires_at"),
        long("revoked_at"),
    ],
};

static APP: Table = Table {
    name: "app",
    columns: &[
        long("row"),
        bytes("id"),
        long("environment_row"),
        text("uid"),
        text("name"),
        count("throttle_rate"),
        text("metadata"),
        bytes("source_id"),
        long("created_at"),
        long("updated_at"),
        long("deleted_at"),
    ],
};

static EVENT_TYPE: Table = Table {
    name: "event_type",
    columns: &[
        long("row"),
        bytes("id"),
        long("environment_row"),
        text("name"),
        text("description"),
        flag("archived"),
        flag("deprecated"),
        text("schemas"),
        text("group_name"),
        text("feature_flags"),
        text("retry_schedule"),
        long("created_at"),
        long("updated_at"),
    ],
};

static ENDPOINT: Table = Table {
    name: "endpoint",
    columns: &[
        long("app_row"),
        long("row"),
        bytes("id"),
        text("uid"),
        text("url"),
        text("description"),
        text("event_types"),
        text("channels"),
        count("throttle_rate"),
        long("disabled_at"),
        small("disabled_reason"),
        text("metadata"),
        bytes("headers"),
        bytes("keys"),
        long("timeout_ms"),
        small("ordering"),
        text("retry_schedule"),
        long("failing_since"),
        long("created_at"),
        long("updated_at"),
        long("deleted_at"),
    ],
};

static MESSAGE: Table = Table {
    name: "message",
    columns: &[
        long("app_row"),
        long("row"),
        long("deliver_at"),
        long("expire_at"),
        bytes("id"),
        text("event_type"),
        text("event_id"),
        text("channels"),
        text("tags"),
        text("ordering_key"),
        coded("raw"),
        bytes("payload"),
        bytes("edited_of"),
    ],
};

static EVENT_ID: Table =
    Table { name: "message_event_id", columns: &[long("app_row"), text("event_id"), long("row")] };

static DELIVERY: Table = Table {
    name: "delivery",
    columns: &[
        long("app_row"),
        long("message_row"),
        long("endpoint_row"),
        long("due"),
        long("ord"),
        count("attempts"),
        count("uncounted"),
        small("state"),
        small("trigger"),
    ],
};

static ATTEMPT: Table = Table {
    name: "attempt",
    columns: &[
        long("app_row"),
        long("row"),
        long("message_row"),
        long("endpoint_row"),
        long("at"),
        count("number"),
        small("trigger"),
        small("failure_class"),
        count("status_code"),
        flag("succeeded"),
        bytes("id"),
        bytes("message_id"),
        bytes("endpoint_id"),
        text("failure"),
        text("url"),
        bytes("remote"),
        bytes("timings"),
        bytes("request_headers"),
        bytes("response_headers"),
        bytes("response"),
    ],
};

static IDEMPOTENCY: Table = Table {
    name: "idempotency",
    columns: &[
        long("bucket"),
        bytes("key"),
        bytes("request"),
        small("status"),
        bytes("message"),
        bytes("body"),
    ],
};

static TASK: Table = Table {
    name: "task",
    columns: &[
        long("environment_row"),
        long("app_row"),
        long("row"),
        bytes("id"),
        small("kind"),
        small("status"),
        long("matched"),
        long("affected"),
        text("skipped"),
        bytes("endpoint_id"),
        text("job"),
        long("since"),
        long("until"),
        long("reached"),
        text("failure"),
        long("created_at"),
        long("updated_at"),
    ],
};

static SOURCE: Table = Table {
    name: "source",
    columns: &[
        long("row"),
        bytes("id"),
        long("environment_row"),
        long("app_row"),
        bytes("app_id"),
        text("uid"),
        text("name"),
        text("kind"),
        text("metadata"),
        text("settings"),
        bytes("private"),
        long("next_firing"),
        long("created_at"),
        long("updated_at"),
    ],
};

static SOURCE_TOKEN: Table = Table { name: "source_token", columns: &[bytes("hash"), long("source_row")] };

static RECEPTION: Table = Table {
    name: "reception",
    columns: &[
        long("app_row"),
        long("row"),
        bytes("id"),
        bytes("sameness"),
        bytes("duplicate_of"),
        small("standing"),
        bytes("body_hash"),
        bytes("detail"),
    ],
};

static REFUSAL: Table = Table {
    name: "refusal",
    columns: &[long("source_row"), long("row"), bytes("id"), long("bytes"), bytes("detail")],
};

static LISTEN_GROUP: Table = Table {
    name: "listen_group",
    columns: &[long("environment_row"), bytes("key"), long("position"), long("touched_at")],
};

static LISTEN_CLAIM: Table = Table {
    name: "listen_claim",
    columns: &[
        long("environment_row"),
        bytes("key"),
        long("message_row"),
        bytes("member"),
        long("until"),
        count("attempts"),
        flag("done"),
    ],
};

static PORTAL_SESSION: Table = Table {
    name: "portal_session",
    columns: &[
        long("row"),
        bytes("id"),
        bytes("hash"),
        bytes("environment_id"),
        bytes("app_id"),
        long("app_row"),
        text("hint"),
        text("rights"),
        text("session"),
        text("feature_flags"),
        bytes("link_hash"),
        long("link_expires_at"),
        long("created_at"),
        long("expires_at"),
    ],
};

static SAVED_SEARCH: Table = Table {
    name: "saved_search",
    columns: &[
        long("row"),
        bytes("id"),
        long("environment_row"),
        text("name"),
        small("list"),
        text("query"),
        long("created_at"),
    ],
};

static AUDIT: Table = Table {
    name: "audit",
    columns: &[
        long("row"),
        bytes("id"),
        bytes("environment_id"),
        small("actor_kind"),
        text("actor_id"),
        text("actor_name"),
        text("action"),
        text("targets"),
        text("changes"),
        count("status"),
        text("address"),
        long("at"),
    ],
};

static PERSON: Table = Table {
    name: "person",
    columns: &[
        long("row"),
        bytes("id"),
        text("email"),
        text("name"),
        small("role"),
        text("environments"),
        text("password"),
        text("issuer"),
        text("subject"),
        long("disabled_at"),
        long("created_at"),
    ],
};

static PERSON_SESSION: Table = Table {
    name: "person_session",
    columns: &[
        long("row"),
        bytes("id"),
        bytes("hash"),
        long("person_row"),
        long("created_at"),
        long("seen_at"),
        text("agent"),
        text("network"),
    ],
};

static PERSON_LINK: Table = Table {
    name: "person_link",
    columns: &[bytes("hash"), small("purpose"), long("person_row"), long("expires_at")],
};

static ROLLUP: Table = Table {
    name: "rollup",
    columns: &[
        long("owner_row"),
        long("bucket"),
        small("width"),
        long("endpoint_row"),
        text("event_type"),
        long("shard"),
        long("messages"),
        long("succeeded"),
        long("status_3xx"),
        long("status_4xx"),
        long("status_5xx"),
        long("status_other"),
        long("dns"),
        long("connect"),
        long("tls"),
        long("timeout"),
        long("blocked"),
        long("too_large"),
        long("protocol"),
        long("internal"),
        long("exec"),
        long("retries"),
        long("delivered"),
        long("given_up"),
        long("latency_us"),
        long("latency_0"),
        long("latency_1"),
        long("latency_2"),
        long("latency_3"),
        long("latency_4"),
        long("latency_5"),
        long("latency_6"),
        long("latency_7"),
        long("latency_8"),
        long("latency_9"),
        long("latency_10"),
        long("latency_11"),
        long("latency_12"),
        long("latency_13"),
        long("latency_14"),
        long("latency_15"),
    ],
};

static ISSUE: Table = Table {
    name: "issue",
    columns: &[
        long("app_row"),
        long("row"),
        bytes("id"),
        long("environment_row"),
        long("endpoint_row"),
        bytes("fingerprint"),
        count("status_code"),
        small("failure_class"),
        long("first_seen"),
        small("said"),
        long("muted_until"),
        long("said_at"),
    ],
};

static ISSUE_COUNT: Table = Table {
    name: "issue_count",
    columns: &[
        long("app_row"),
        long("endpoint_row"),
        bytes("fingerprint"),
        long("hour"),
        long("shard"),
        long("attempts"),
        long("deliveries"),
        long("given_up"),
        long("last_seen"),
        bytes("last_attempt"),
        bytes("last_message"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_there_once_and_in_order() {
        assert!(Kind::ALL.is_sorted_by(|one, next| one < next));
        for kind in Kind::ALL {
            let table = kind.table();
            for (place, column) in table.columns.iter().enumerate() {
                assert_eq!(table.place_of(column.name), place, "{kind}: {}", column.name);
            }
        }
    }
}
