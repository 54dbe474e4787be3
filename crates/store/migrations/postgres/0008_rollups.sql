-- Rollups and issues: what many attempts come to, written with them. Several transactions are on their way at once, of
-- one node and of several, and what they count is often the same: so each writer has rows of its own, and nobody waits
-- for a row. Who reads adds them up.

-- What happened in a bucket of time. Numbers are only added to. See core::rollup.
CREATE TABLE rollup (
    -- Whose: the row of an application; or of an environment for the sum of all of its applications, which has no
    -- endpoints.
    owner_row     bigint NOT NULL,
    -- When the bucket begins.
    bucket        bigint NOT NULL,
    -- How long it is, in seconds: rollup::Width.
    width         smallint NOT NULL,
    -- 0 for what is counted of messages, which have no endpoint.
    endpoint_row  bigint NOT NULL,
    event_type    text COLLATE "C" NOT NULL,
    -- The writer: its node's holder and its number in it.
    shard         bigint NOT NULL,
    messages      bigint NOT NULL,
    succeeded     bigint NOT NULL,
    status_3xx    bigint NOT NULL,
    status_4xx    bigint NOT NULL,
    status_5xx    bigint NOT NULL,
    status_other  bigint NOT NULL,
    dns           bigint NOT NULL,
    connect       bigint NOT NULL,
    tls           bigint NOT NULL,
    timeout       bigint NOT NULL,
    blocked       bigint NOT NULL,
    too_large     bigint NOT NULL,
    protocol      bigint NOT NULL,
    internal      bigint NOT NULL,
    exec          bigint NOT NULL,
    retries       bigint NOT NULL,
    delivered     bigint NOT NULL,
    given_up      bigint NOT NULL,
    latency_us    bigint NOT NULL,
    latency_0     bigint NOT NULL,
    latency_1     bigint NOT NULL,
    latency_2     bigint NOT NULL,
    latency_3     bigint NOT NULL,
    latency_4     bigint NOT NULL,
    latency_5     bigint NOT NULL,
    latency_6     bigint NOT NULL,
    latency_7     bigint NOT NULL,
    latency_8     bigint NOT NULL,
    latency_9     bigint NOT NULL,
    latency_10    bigint NOT NULL,
    latency_11    bigint NOT NULL,
    latency_12    bigint NOT NULL,
    latency_13    bigint NOT NULL,
    latency_14    bigint NOT NULL,
    latency_15    bigint NOT NULL,
    PRIMARY KEY (owner_row, bucket, width, endpoint_row, event_type, shard)
) WITH (fillfactor = 60);

-- What is to be folded, and what is to be removed.
CREATE INDEX rollup_age ON rollup (width, bucket);

-- Failures of an endpoint that look alike, and what a person has said of them. See core::issue.
CREATE TABLE issue (
    app_row         bigint NOT NULL,
    row             bigint NOT NULL,
    -- The id of its first attempt, as an issue's.
    id              bytea NOT NULL,
    environment_row bigint NOT NULL,
    endpoint_row    bigint NOT NULL,
    -- issue::Fingerprint.
    fingerprint     bytea NOT NULL,
    -- 0 without an answer.
    status_code     integer NOT NULL,
    failure_class   smallint,
    first_seen      bigint NOT NULL,
    -- What was said: issue::State, and until when it is muted.
    said            smallint NOT NULL,
    muted_until     bigint,
    said_at         bigint NOT NULL,
    PRIMARY KEY (app_row, row)
);

CREATE UNIQUE INDEX issue_fingerprint ON issue (app_row, endpoint_row, fingerprint);
CREATE INDEX issue_environment ON issue (environment_row, row);
CREATE INDEX issue_acknowledged ON issue (said) WHERE said = 1;

-- Its failures by the hour in which they began. They are kept apart from it, so that whoever counts them touches
-- nothing that a person may be changing.
CREATE TABLE issue_count (
    app_row      bigint NOT NULL,
    endpoint_row bigint NOT NULL,
    fingerprint  bytea NOT NULL,
    -- When the hour begins; 0 for all that came before the hours that are kept.
    hour         bigint NOT NULL,
    -- As in `rollup`.
    shard        bigint NOT NULL,
    attempts     bigint NOT NULL,
    deliveries   bigint NOT NULL,
    given_up     bigint NOT NULL,
    last_seen    bigint NOT NULL,
    last_attempt bytea NOT NULL,
    last_message bytea NOT NULL,
    PRIMARY KEY (app_row, endpoint_row, fingerprint, hour, shard)
) WITH (fillfactor = 60);

CREATE INDEX issue_count_hour ON issue_count (hour) WHERE hour > 0;
CREATE INDEX issue_count_old ON issue_count (last_seen) WHERE hour = 0;
