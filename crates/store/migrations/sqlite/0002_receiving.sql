-- Receiving: sources, what is known of received messages, and requests that were refused.

-- The source whose hidden application it is; NULL for everybody else's.
ALTER TABLE app ADD COLUMN source_id BLOB;

CREATE TABLE source (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL,
    environment_row INTEGER NOT NULL,
    -- Its hidden application.
    app_row         INTEGER NOT NULL UNIQUE,
    app_id          BLOB NOT NULL,
    uid             TEXT,
    name            TEXT NOT NULL,
    -- Its type as the caller named it.
    kind            TEXT NOT NULL,
    metadata        TEXT,
    settings        TEXT NOT NULL,
    -- Sealed: secrets and tokens.
    private         BLOB NOT NULL,
    -- NULL unless it has a schedule.
    next_firing     INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX source_uid ON source (environment_row, uid) WHERE uid IS NOT NULL;
CREATE INDEX source_environment ON source (environment_row);
CREATE INDEX source_firing ON source (next_firing) WHERE next_firing IS NOT NULL;

-- What leads to a source. Whether a token is still good is written with the source.
CREATE TABLE source_token (
    hash       BLOB PRIMARY KEY,
    source_row INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX source_token_source ON source_token (source_row);

-- What is known of a received message. It goes with the message, whose row and id it has.
CREATE TABLE reception (
    row          INTEGER PRIMARY KEY,
    app_row      INTEGER NOT NULL,
    id           BLOB NOT NULL,
    -- What it has in common with its repetitions.
    sameness     BLOB NOT NULL,
    duplicate_of BLOB,
    -- reception::Standing: 0 verified, 1 authenticated, 2 failed, 3 unverified.
    standing     INTEGER NOT NULL,
    body_hash    BLOB NOT NULL,
    -- Sealed.
    detail       BLOB NOT NULL
) STRICT;

CREATE INDEX reception_same ON reception (app_row, sameness) WHERE duplicate_of IS NULL;

-- The last requests that a source has refused.
CREATE TABLE refusal (
    row        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL,
    source_row INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    -- Sealed.
    detail     BLOB NOT NULL
) STRICT;

CREATE INDEX refusal_source ON refusal (source_row);
