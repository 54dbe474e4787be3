-- People who sign in to the dashboard, their sessions, and one-time links.
-- role is role::Role: 0 viewer, 1 operator, 2 admin.
-- purpose is session::Purpose: 0 the first admin, 1 a password, 2 signing in.

CREATE TABLE person (
    row          bigint PRIMARY KEY,
    id           bytea NOT NULL,
    -- In lower case.
    email        text NOT NULL UNIQUE,
    name         text NOT NULL,
    role         smallint NOT NULL,
    -- JSON: a list of ids; NULL for all of them.
    environments text,
    -- A hash of Argon2id with its cost and salt; NULL for a person without a password.
    password     text,
    -- Who they are to the identity provider; NULL until they came from there.
    issuer       text,
    subject      text,
    disabled_at  bigint,
    created_at   bigint NOT NULL
);

CREATE UNIQUE INDEX person_subject ON person (issuer, subject) WHERE subject IS NOT NULL;

CREATE TABLE person_session (
    row        bigint PRIMARY KEY,
    id         bytea NOT NULL,
    hash       bytea NOT NULL UNIQUE,
    person_row bigint NOT NULL,
    created_at bigint NOT NULL,
    seen_at    bigint NOT NULL,
    agent      text NOT NULL,
    network    text NOT NULL
);

CREATE INDEX person_session_person ON person_session (person_row, row);

CREATE TABLE person_link (
    hash       bytea PRIMARY KEY,
    purpose    smallint NOT NULL,
    -- 0 for the first admin, who is not there yet.
    person_row bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX person_link_person ON person_link (person_row, purpose);
