-- People who sign in to the dashboard, their sessions, and one-time links.

CREATE TABLE person (
    row          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL,
    -- In lower case.
    email        TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    -- role::Role: 0 viewer, 1 operator, 2 admin.
    role         INTEGER NOT NULL,
    -- JSON: a list of ids; NULL for all of them.
    environments TEXT,
    -- A hash of Argon2id with its cost and salt; NULL for a person without a password.
    password     TEXT,
    -- Who they are to the identity provider; NULL until they came from there.
    issuer       TEXT,
    subject      TEXT,
    disabled_at  INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX person_subject ON person (issuer, subject) WHERE subject IS NOT NULL;

CREATE TABLE person_session (
    row        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL,
    hash       BLOB NOT NULL UNIQUE,
    person_row INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    network    TEXT NOT NULL
) STRICT;

CREATE INDEX person_session_person ON person_session (person_row);

CREATE TABLE person_link (
    hash       BLOB PRIMARY KEY,
    -- session::Purpose: 0 the first admin, 1 a password, 2 signing in.
    purpose    INTEGER NOT NULL,
    -- 0 for the first admin, who is not there yet.
    person_row INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX person_link_person ON person_link (person_row, purpose);
