-- Receiving: sources, what is known of received messages, and requests that were refused.

-- The source whose hidden application it is; NULL for everybody else's.
ALTER TABLE app ADD COLUMN source_id bytea;

CREATE TABLE source (
    row             bigint PRIMARY KEY,
    id              bytea NOT NULL,
    environment_row bigint NOT NULL,
    -- Its hidden application.
    app_row         bigint NOT NULL UNIQUE,
    app_id          bytea NOT NULL,
    uid             text COLLATE "C",
    name            text NOT NULL,
    -- Its type as the caller named it.
    kind            text NOT NULL,
    metadata        text,
    settings        text NOT NULL,
    -- Sealed: secrets and tokens.
    private         bytea NOT NULL,
    -- NULL unless it has a schedule.
    next_firing     bigint,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL
);

CREATE UNIQUE INDEX source_uid ON source (environment_row, uid) WHERE uid IS NOT NULL;
CREATE INDEX source_environment ON source (environment_row, row);
CREATE INDEX source_firing ON source (next_firing) WHERE next_firing IS NOT NULL;

-- What leads to a source. Whether a token is still good is written with the source.
CREATE TABLE source_token (
    hash       bytea PRIMARY KEY,
    source_row bigint NOT NULL
);

CREATE INDEX source_token_source ON source_token (source_row);

-- What is known of a received message. It goes with the message, whose row and id it has, and is partitioned by the
-- same days.
CREATE TABLE reception (
    app_row      bigint NOT NULL,
    row          bigint NOT NULL,
    id           bytea NOT NULL,
    -- What it has in common with its repetitions.
    sameness     bytea NOT NULL,
    duplicate_of bytea,
    -- reception::Standing: 0 verified, 1 authenticated, 2 failed, 3 unverified.
    standing     smallint NOT NULL,
    body_hash    bytea NOT NULL,
    -- Sealed.
    detail       bytea NOT NULL,
    PRIMARY KEY (app_row, row)
) PARTITION BY RANGE (row);

CREATE INDEX reception_same ON reception (app_row, sameness, row) WHERE duplicate_of IS NULL;

-- The last requests that a source has refused.
CREATE TABLE refusal (
    source_row bigint NOT NULL,
    row        bigint NOT NULL,
    id         bytea NOT NULL,
    bytes      bigint NOT NULL,
    -- Sealed.
    detail     bytea NOT NULL,
    PRIMARY KEY (source_row, row)
);
