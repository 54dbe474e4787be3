-- The first schema.
--
-- Keys. Where a thing has an id, its primary key is the id's row: the id's first eight bytes as a number. The process
-- that holds the data directory makes rows that only grow, so every big table is written at its right edge, where
-- SQLite is fastest and pages are shared by the messages of one commit; and order by row is order by time. The 20
-- bytes of the id are kept beside it, since the other twelve are what makes an id unguessable: whoever looks a row up
-- by an id that came from outside compares all 20.
--
-- Bytes from outside are BLOB. TEXT is only what has been validated as text. Times are microseconds since 1970.
-- Lists and maps are JSON, NULL where empty. Sealed columns are encrypted and bound to their table, row and column.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE environment (
    row        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL,
    name       TEXT NOT NULL,
    settings   TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
    row            INTEGER PRIMARY KEY,
    id             BLOB NOT NULL,
    hash           BLOB NOT NULL UNIQUE,
    -- NULL for a key of the instance.
    environment_id BLOB,
    -- NULL for a key of a whole environment.
    app_id         BLOB,
    name           TEXT NOT NULL,
    hint           TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER,
    revoked_at     INTEGER
) STRICT;

CREATE TABLE app (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL,
    environment_row INTEGER NOT NULL,
    -- NULL when it has none, or was deleted: a deleted application's uid is free at once.
    uid             TEXT,
    name            TEXT NOT NULL,
    throttle_rate   INTEGER,
    metadata        TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER
) STRICT;

CREATE UNIQUE INDEX app_uid ON app (environment_row, uid) WHERE uid IS NOT NULL;
CREATE INDEX app_live ON app (environment_row) WHERE deleted_at IS NULL;
CREATE INDEX app_deleted ON app (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE event_type (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL,
    environment_row INTEGER NOT NULL,
    name            TEXT NOT NULL,
    description     TEXT NOT NULL,
    archived        INTEGER NOT NULL,
    deprecated      INTEGER NOT NULL,
    schemas         TEXT,
    group_name      TEXT,
    feature_flags   TEXT,
    retry_schedule  TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (environment_row, name)
) STRICT;

CREATE TABLE endpoint (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL,
    app_row         INTEGER NOT NULL,
    uid             TEXT,
    url             TEXT NOT NULL,
    description     TEXT NOT NULL,
    event_types     TEXT,
    channels        TEXT,
    throttle_rate   INTEGER,
    disabled_at     INTEGER,
    -- 0 asked, 1 gone, 2 failing.
    disabled_reason INTEGER,
    metadata        TEXT,
    -- Sealed.
    headers         BLOB,
    -- Sealed.
    keys            BLOB NOT NULL,
    timeout_ms      INTEGER,
    -- 0 none, 1 FIFO.
    ordering        INTEGER NOT NULL,
    retry_schedule  TEXT,
    failing_since   INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER
) STRICT;

CREATE UNIQUE INDEX endpoint_uid ON endpoint (app_row, uid) WHERE uid IS NOT NULL;
CREATE INDEX endpoint_app ON endpoint (app_row);
CREATE INDEX endpoint_deleted ON endpoint (deleted_at) WHERE deleted_at IS NOT NULL;

-- The payload comes last, so that lists without payloads do not read its pages.
CREATE TABLE message (
    row          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL,
    app_row      INTEGER NOT NULL,
    event_type   TEXT NOT NULL,
    event_id     TEXT,
    channels     TEXT,
    tags         TEXT,
    ordering_key TEXT,
    deliver_at   INTEGER,
    expire_at    INTEGER,
    -- How raw text is delivered; NULL for a JSON payload.
    raw          TEXT,
    -- NULL once it has expired or was expunged.
    payload      BLOB
) STRICT;

CREATE INDEX message_app ON message (app_row);
CREATE UNIQUE INDEX message_event_id ON message (app_row, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX message_expiring ON message (expire_at) WHERE expire_at IS NOT NULL AND payload IS NOT NULL;

-- One message on its way to one endpoint. `state` is delivery::State: 0 waiting, 1 held, 2 parked, then the finished
-- ones. The indexes are partial where the dispatcher asks, so that what is finished costs it nothing:
-- `delivery_due` is the queue, `delivery_held` what a crash leaves behind, `delivery_order` who waits for whom.
CREATE TABLE delivery (
    message_row  INTEGER NOT NULL,
    endpoint_row INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    uncounted    INTEGER NOT NULL,
    trigger      INTEGER NOT NULL,
    -- NULL once finished.
    due          INTEGER,
    -- Which opening of the store held it last. With `attempts` it is the token that a settlement must show.
    holder       INTEGER,
    -- The order it belongs to. Of one order at an endpoint at most one delivery is waiting or held, the rest parked.
    ord          INTEGER,
    PRIMARY KEY (message_row, endpoint_row)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_endpoint ON delivery (endpoint_row);
CREATE INDEX delivery_due ON delivery (endpoint_row, due) WHERE state = 0;
CREATE INDEX delivery_held ON delivery (holder) WHERE state = 1;
CREATE INDEX delivery_order ON delivery (endpoint_row, ord, message_row) WHERE ord IS NOT NULL AND state < 3;

-- A rowid table: its rows are about a kilobyte, which a leaf of a table b-tree takes whole, while a WITHOUT ROWID
-- table would move most of each row to an overflow page of its own.
CREATE TABLE attempt (
    row              INTEGER PRIMARY KEY,
    id               BLOB NOT NULL,
    message_row      INTEGER NOT NULL,
    endpoint_row     INTEGER NOT NULL,
    number           INTEGER NOT NULL,
    at               INTEGER NOT NULL,
    trigger          INTEGER NOT NULL,
    succeeded        INTEGER NOT NULL,
    status_code      INTEGER NOT NULL,
    failure_class    INTEGER,
    failure          TEXT,
    url              TEXT NOT NULL,
    -- The address and, in the last two bytes, the port.
    remote           BLOB,
    -- Five big-endian u32 of microseconds: dns, connect, tls, first byte, total.
    timings          BLOB NOT NULL,
    request_headers  BLOB NOT NULL,
    response_headers BLOB NOT NULL,
    -- NULL once expunged.
    response         BLOB
) STRICT;

CREATE INDEX attempt_message ON attempt (message_row);
CREATE INDEX attempt_endpoint ON attempt (endpoint_row);

-- Remembered answers, by the four hours in which the request came: expired ones go a bucket at a time.
CREATE TABLE idempotency (
    bucket  INTEGER NOT NULL,
    -- The first 16 bytes of the key's hash.
    key     BLOB NOT NULL,
    -- The first 16 bytes of the body's hash.
    request BLOB NOT NULL,
    status  INTEGER NOT NULL,
    -- The message that the answer is made from, or NULL and a body.
    message BLOB,
    -- Sealed.
    body    BLOB,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
    row         INTEGER PRIMARY KEY,
    id          BLOB NOT NULL,
    app_row     INTEGER NOT NULL,
    -- 0 recover.
    kind        INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    affected    INTEGER NOT NULL,
    endpoint_id BLOB NOT NULL,
    since       INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    -- The message row it has come to.
    reached     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX task_running ON task (status) WHERE status = 0;
CREATE INDEX task_app ON task (app_row);
