-- Portal sessions, which are keys of one application with some rights, and the audit log.
-- rights holds names of rights::Right.
-- actor_kind is audit::ActorKind: 0 key, 1 person, 2 portal session, 3 local command.

CREATE TABLE portal_session (
    row             bigint PRIMARY KEY,
    id              bytea NOT NULL,
    -- SHA-256 of the token.
    hash            bytea NOT NULL UNIQUE,
    environment_id  bytea NOT NULL,
    app_id          bytea NOT NULL,
    app_row         bigint NOT NULL,
    hint            text NOT NULL,
    -- JSON.
    rights          text NOT NULL,
    -- What the operator calls it.
    session         text,
    -- JSON; NULL for none.
    feature_flags   text,
    -- SHA-256 of the one-time key in the link; NULL once it was used, and where there was none.
    link_hash       bytea,
    link_expires_at bigint,
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL
);

CREATE INDEX portal_session_app ON portal_session (app_row, row);
CREATE INDEX portal_session_end ON portal_session (expires_at);
CREATE UNIQUE INDEX portal_session_link ON portal_session (link_hash) WHERE link_hash IS NOT NULL;

CREATE TABLE audit (
    row            bigint PRIMARY KEY,
    id             bytea NOT NULL,
    -- NULL for acts on the instance.
    environment_id bytea,
    actor_kind     smallint NOT NULL,
    actor_id       text NOT NULL,
    actor_name     text NOT NULL,
    action         text NOT NULL,
    -- JSON; NULL for none.
    targets        text,
    -- JSON; NULL for none.
    changes        text,
    status         integer NOT NULL,
    address        text,
    at             bigint NOT NULL
);

CREATE INDEX audit_environment ON audit (environment_id, row);
