-- Portal sessions, which are keys of one application with some rights, and the audit log.

CREATE TABLE portal_session (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL,
    -- SHA-256 of the token.
    hash            BLOB NOT NULL UNIQUE,
    environment_id  BLOB NOT NULL,
    app_id          BLOB NOT NULL,
    app_row         INTEGER NOT NULL,
    hint            TEXT NOT NULL,
    -- JSON: names of rights::Right.
    rights          TEXT NOT NULL,
    -- What the operator calls it.
    session         TEXT,
    -- JSON; NULL for none.
    feature_flags   TEXT,
    -- SHA-256 of the one-time key in the link; NULL once it was used, and where there was none.
    link_hash       BLOB,
    link_expires_at INTEGER,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX portal_session_app ON portal_session (app_row);
CREATE INDEX portal_session_end ON portal_session (expires_at);
CREATE UNIQUE INDEX portal_session_link ON portal_session (link_hash) WHERE link_hash IS NOT NULL;

CREATE TABLE audit (
    row            INTEGER PRIMARY KEY,
    id             BLOB NOT NULL,
    -- NULL for acts on the instance.
    environment_id BLOB,
    -- audit::ActorKind: 0 key, 1 person, 2 portal session, 3 local command.
    actor_kind     INTEGER NOT NULL,
    actor_id       TEXT NOT NULL,
    actor_name     TEXT NOT NULL,
    action         TEXT NOT NULL,
    -- JSON; NULL for none.
    targets        TEXT,
    -- JSON; NULL for none.
    changes        TEXT,
    status         INTEGER NOT NULL,
    address        TEXT,
    at             INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_environment ON audit (environment_id);
