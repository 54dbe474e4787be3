-- Rollups and issues: what many attempts come to, written with them.

-- What happened in a bucket of time. Numbers are only added to. See core::rollup.
CREATE TABLE rollup (
    -- Whose: the row of an application; or of an environment for the sum of all of its applications, which has no
    -- endpoints.
    owner_row     INTEGER NOT NULL,
    -- When the bucket begins.
    bucket        INTEGER NOT NULL,
    -- How long it is, in seconds: rollup::Width.
    width         INTEGER NOT NULL,
    -- 0 for what is counted of messages, which have no endpoint.
    endpoint_row  INTEGER NOT NULL,
    event_type    TEXT NOT NULL,
    -- Who writes: writers that do not wait for each other each have rows of their own. One writer, one shard.
    shard         INTEGER NOT NULL,
    messages      INTEGER NOT NULL,
    succeeded     INTEGER NOT NULL,
    status_3xx    INTEGER NOT NULL,
    status_4xx    INTEGER NOT NULL,
    status_5xx    INTEGER NOT NULL,
    status_other  INTEGER NOT NULL,
    dns           INTEGER NOT NULL,
    connect       INTEGER NOT NULL,
    tls           INTEGER NOT NULL,
    timeout       INTEGER NOT NULL,
    blocked       INTEGER NOT NULL,
    too_large     INTEGER NOT NULL,
    protocol      INTEGER NOT NULL,
    internal      INTEGER NOT NULL,
    exec          INTEGER NOT NULL,
    retries       INTEGER NOT NULL,
    delivered     INTEGER NOT NULL,
    given_up      INTEGER NOT NULL,
    latency_us    INTEGER NOT NULL,
    latency_0     INTEGER NOT NULL,
    latency_1     INTEGER NOT NULL,
    latency_2     INTEGER NOT NULL,
    latency_3     INTEGER NOT NULL,
    latency_4     INTEGER NOT NULL,
    latency_5     INTEGER NOT NULL,
    latency_6     INTEGER NOT NULL,
    latency_7     INTEGER NOT NULL,
    latency_8     INTEGER NOT NULL,
    latency_9     INTEGER NOT NULL,
    latency_10    INTEGER NOT NULL,
    latency_11    INTEGER NOT NULL,
    latency_12    INTEGER NOT NULL,
    latency_13    INTEGER NOT NULL,
    latency_14    INTEGER NOT NULL,
    latency_15    INTEGER NOT NULL,
    PRIMARY KEY (owner_row, bucket, width, endpoint_row, event_type, shard)
) STRICT, WITHOUT ROWID;

-- What is to be folded, and what is to be removed.
CREATE INDEX rollup_age ON rollup (width, bucket);

-- What transactions add to rollups, a row for each, until many of them are added up.
CREATE TABLE rollup_pending (
    row   INTEGER PRIMARY KEY,
    -- See store::tally::journal.
    added BLOB NOT NULL
) STRICT;

-- Failures of an endpoint that look alike, and what a person has said of them. See core::issue.
CREATE TABLE issue (
    row             INTEGER PRIMARY KEY,
    -- The id of its first attempt, as an issue's.
    id              BLOB NOT NULL,
    environment_row INTEGER NOT NULL,
    app_row         INTEGER NOT NULL,
    endpoint_row    INTEGER NOT NULL,
    -- issue::Fingerprint.
    fingerprint     BLOB NOT NULL,
    -- 0 without an answer.
    status_code     INTEGER NOT NULL,
    failure_class   INTEGER,
    first_seen      INTEGER NOT NULL,
    -- What was said: issue::State, and until when it is muted.
    said            INTEGER NOT NULL,
    muted_until     INTEGER,
    said_at         INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX issue_fingerprint ON issue (endpoint_row, fingerprint);
CREATE INDEX issue_app ON issue (app_row);
CREATE INDEX issue_environment ON issue (environment_row);
CREATE INDEX issue_acknowledged ON issue (said) WHERE said = 1;

-- Its failures by the hour in which they began. They are kept apart from it, so that whoever counts them touches
-- nothing that a person may be changing.
CREATE TABLE issue_count (
    app_row      INTEGER NOT NULL,
    endpoint_row INTEGER NOT NULL,
    fingerprint  BLOB NOT NULL,
    -- When the hour begins; 0 for all that came before the hours that are kept.
    hour         INTEGER NOT NULL,
    -- As in `rollup`.
    shard        INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    deliveries   INTEGER NOT NULL,
    given_up     INTEGER NOT NULL,
    last_seen    INTEGER NOT NULL,
    last_attempt BLOB NOT NULL,
    last_message BLOB NOT NULL,
    PRIMARY KEY (app_row, endpoint_row, fingerprint, hour, shard)
) STRICT, WITHOUT ROWID;

CREATE INDEX issue_count_hour ON issue_count (hour) WHERE hour > 0;
CREATE INDEX issue_count_old ON issue_count (last_seen) WHERE hour = 0;
