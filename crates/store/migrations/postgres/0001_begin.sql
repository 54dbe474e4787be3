-- The first schema.
--
-- Keys. Where a thing has an id, its `row` is the id's first eight bytes as a number: unique in the cluster, since each
-- node has a slot of its own in it, and in the order of time but for the difference of the nodes' clocks. What belongs
-- to an application has a primary key that begins with `app_row`, so that the schema can be distributed by tenant. The
-- 20 bytes of the id are kept beside the row, since the other twelve are what makes an id unguessable: whoever looks a
-- row up by an id that came from outside compares all 20.
--
-- Bytes from outside are bytea. Text is only what has been validated as text; where it is compared or sorted, the order
-- is that of its bytes (collation "C"). Times are microseconds since 1970, by the clocks of the nodes; only the tables
-- `node` and `change` go by the clock of the database. Lists and maps are JSON in text, NULL where empty. Sealed columns are
-- encrypted and bound to their table, row and column.

CREATE TABLE meta (
    name   text PRIMARY KEY,
    number bigint,
    bytes  bytea
);

-- The oldest program that may still use this schema is the one that knew this migration. A migration that takes
-- something away raises it.
INSERT INTO meta (name, number) VALUES ('schema', 0), ('schema_min', 1);

-- Processes that have opened the database. `holder` is what the deliveries in a node's hands carry and never comes
-- again; `slot` is the node's part of the rows that it makes, and is free again when the node is long gone.
CREATE TABLE node (
    holder     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slot       smallint NOT NULL UNIQUE,
    name       text NOT NULL,
    roles      text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How long it may be silent: it stops by itself before that, and is fenced after that.
    lease_ms   bigint NOT NULL,
    -- It has left or was not seen for too long: what it holds is put back, and it may hold nothing more.
    fenced     boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- Which node the endpoints of a lane partition belong to: the only one that may put their deliveries into its hands.
-- NULL, or a node that is fenced or gone, for nobody.
CREATE TABLE lane_partition (
    part   smallint PRIMARY KEY,
    holder bigint
) WITH (fillfactor = 50);

INSERT INTO lane_partition (part) SELECT * FROM generate_series(0, 1023);

-- What nodes have changed of what others may remember, for a minute. It is read by the numbers of the transactions: a
-- row may become visible long after one that was written later, and whoever reads from the oldest transaction that was
-- still open at the last time misses none.
CREATE TABLE change (
    row  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- 0 an application or its endpoints, 1 an event type, 2 an environment, 3 keys.
    kind smallint NOT NULL,
    -- The application's or the environment's.
    id   bytea,
    name text
);

CREATE INDEX change_xact ON change (xact);

CREATE TABLE environment (
    row        bigint PRIMARY KEY,
    id         bytea NOT NULL,
    name       text NOT NULL,
    settings   text NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE api_key (
    row            bigint PRIMARY KEY,
    id             bytea NOT NULL,
    hash           bytea NOT NULL UNIQUE,
    -- NULL for a key of the instance.
    environment_id bytea,
    -- NULL for a key of a whole environment.
    app_id         bytea,
    name           text NOT NULL,
    hint           text NOT NULL,
    created_at     bigint NOT NULL,
    expires_at     bigint,
    revoked_at     bigint
);

CREATE TABLE app (
    row             bigint PRIMARY KEY,
    id              bytea NOT NULL,
    environment_row bigint NOT NULL,
    -- NULL when it has none, or was deleted: a deleted application's uid is free at once.
    uid             text COLLATE "C",
    name            text NOT NULL,
    throttle_rate   integer,
    metadata        text,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    deleted_at      bigint
);

CREATE UNIQUE INDEX app_uid ON app (environment_row, uid) WHERE uid IS NOT NULL;
CREATE INDEX app_live ON app (environment_row, row) WHERE deleted_at IS NULL;

CREATE TABLE event_type (
    row             bigint PRIMARY KEY,
    id              bytea NOT NULL,
    environment_row bigint NOT NULL,
    name            text COLLATE "C" NOT NULL,
    description     text NOT NULL,
    archived        boolean NOT NULL,
    deprecated      boolean NOT NULL,
    schemas         text,
    group_name      text,
    feature_flags   text,
    retry_schedule  text,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    UNIQUE (environment_row, name)
);

CREATE TABLE endpoint (
    app_row         bigint NOT NULL,
    row             bigint NOT NULL,
    id              bytea NOT NULL,
    uid             text COLLATE "C",
    url             text NOT NULL,
    description     text NOT NULL,
    event_types     text,
    channels        text,
    throttle_rate   integer,
    disabled_at     bigint,
    -- 0 asked, 1 gone, 2 failing.
    disabled_reason smallint,
    metadata        text,
    -- Sealed.
    headers         bytea,
    -- Sealed.
    keys            bytea NOT NULL,
    timeout_ms      bigint,
    -- 0 none, 1 FIFO.
    ordering        smallint NOT NULL,
    retry_schedule  text,
    failing_since   bigint,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    deleted_at      bigint,
    PRIMARY KEY (app_row, row)
);

CREATE UNIQUE INDEX endpoint_uid ON endpoint (app_row, uid) WHERE uid IS NOT NULL;
-- The dispatcher knows endpoints, not whose they are.
CREATE INDEX endpoint_row ON endpoint (row);
CREATE INDEX endpoint_deleted ON endpoint (deleted_at, row) WHERE deleted_at IS NOT NULL;

-- One partition holds the messages of one day by their rows; retention drops days, and only what must go earlier is
-- deleted row by row. The partitions are made by the program, ahead of time or when a row comes that has none: there is
-- no default partition, because it would have to be searched whenever another one is made.
CREATE TABLE message (
    app_row      bigint NOT NULL,
    row          bigint NOT NULL,
    deliver_at   bigint,
    expire_at    bigint,
    id           bytea NOT NULL,
    event_type   text COLLATE "C" NOT NULL,
    event_id     text COLLATE "C",
    channels     text,
    tags         text,
    ordering_key text,
    -- How raw text is delivered, sealed; NULL for a JSON payload.
    raw          bytea,
    -- NULL once it has expired or was expunged.
    payload      bytea,
    PRIMARY KEY (app_row, row)
) PARTITION BY RANGE (row);

-- A node that starts asks for the highest row.
CREATE INDEX message_row ON message (row);
CREATE INDEX message_expiring ON message (expire_at, row) WHERE expire_at IS NOT NULL AND payload IS NOT NULL;

-- Which message has an event id. A partitioned table cannot hold what is unique across its partitions.
CREATE TABLE message_event_id (
    app_row  bigint NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    row      bigint NOT NULL,
    PRIMARY KEY (app_row, event_id)
);

CREATE INDEX message_event_id_age ON message_event_id USING brin (row) WITH (autosummarize = on);

-- One message on its way to one endpoint: narrow and hot. `state` is delivery::State: 0 waiting, 1 held, 2 parked, then
-- the finished ones. The indexes are partial where the dispatcher asks, so that what is finished costs it nothing:
-- `delivery_due` is the queue, `delivery_held` what a dead node leaves behind, `delivery_order` who waits for whom. A
-- move from state to state writes one tuple, in the same page while there is room, and the two whole indexes.
-- Autovacuum is called early, since dead tuples are what makes a queue slow.
CREATE TABLE delivery (
    app_row      bigint NOT NULL,
    message_row  bigint NOT NULL,
    endpoint_row bigint NOT NULL,
    -- NULL once finished.
    due          bigint,
    -- Which node held it last. With `attempts` it is the token that a settlement must show.
    holder       bigint,
    -- The order it belongs to. Of one order at an endpoint at most one delivery is waiting or held, the rest parked.
    ord          bigint,
    -- Its place in the order; rows of several nodes cannot tell, since their clocks differ.
    seq          bigint,
    attempts     integer NOT NULL,
    uncounted    integer NOT NULL,
    -- The lane partition of its endpoint, 0 to 1023.
    part         smallint NOT NULL,
    state        smallint NOT NULL,
    trigger      smallint NOT NULL,
    PRIMARY KEY (app_row, message_row, endpoint_row)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_cost_limit = 2000
);

CREATE SEQUENCE delivery_seq CACHE 1;

CREATE INDEX delivery_endpoint ON delivery (endpoint_row, message_row);
CREATE INDEX delivery_due ON delivery (endpoint_row, due, message_row) WHERE state = 0;
-- By an expression, so that it is used by those who ask for it in the same words, and never as a way to the few rows
-- with `state = 1` that a settlement names by their keys.
CREATE INDEX delivery_held ON delivery ((CASE state WHEN 1 THEN holder END))
    WHERE CASE state WHEN 1 THEN holder END IS NOT NULL;
CREATE INDEX delivery_order ON delivery (endpoint_row, ord, seq) WHERE ord IS NOT NULL AND state < 3;
-- Finds the deliveries of a day that retention has come to; costs next to nothing to keep.
CREATE INDEX delivery_age ON delivery USING brin (message_row) WITH (pages_per_range = 32, autosummarize = on);

-- Partitioned by its own row, as the messages are by theirs.
CREATE TABLE attempt (
    app_row          bigint NOT NULL,
    row              bigint NOT NULL,
    message_row      bigint NOT NULL,
    endpoint_row     bigint NOT NULL,
    at               bigint NOT NULL,
    number           integer NOT NULL,
    trigger          smallint NOT NULL,
    failure_class    smallint,
    status_code      integer NOT NULL,
    succeeded        boolean NOT NULL,
    id               bytea NOT NULL,
    message_id       bytea NOT NULL,
    endpoint_id      bytea NOT NULL,
    failure          text,
    url              text NOT NULL,
    -- The address and, in the last two bytes, the port.
    remote           bytea,
    -- Five big-endian u32 of microseconds: dns, connect, tls, first byte, total.
    timings          bytea NOT NULL,
    request_headers  bytea NOT NULL,
    response_headers bytea NOT NULL,
    -- NULL once expunged.
    response         bytea,
    PRIMARY KEY (app_row, row)
) PARTITION BY RANGE (row);

CREATE INDEX attempt_message ON attempt (app_row, message_row, row);
CREATE INDEX attempt_endpoint ON attempt (app_row, endpoint_row, row);
CREATE INDEX attempt_row ON attempt (row);

-- Remembered answers. A key has one row: one that has expired is overwritten. `bucket` is the four hours in which the
-- request came: expired answers go a bucket at a time.
CREATE TABLE idempotency (
    -- The first 16 bytes of the key's hash.
    key     bytea PRIMARY KEY,
    -- The first 16 bytes of the body's hash.
    request bytea NOT NULL,
    bucket  bigint NOT NULL,
    status  smallint NOT NULL,
    -- The message that the answer is made from, or NULL and a body.
    message bytea,
    -- Sealed.
    body    bytea
);

CREATE INDEX idempotency_bucket ON idempotency (bucket);

CREATE TABLE task (
    app_row     bigint NOT NULL,
    row         bigint NOT NULL,
    id          bytea NOT NULL,
    -- 0 recover.
    kind        smallint NOT NULL,
    status      smallint NOT NULL,
    affected    bigint NOT NULL,
    endpoint_id bytea NOT NULL,
    since       bigint NOT NULL,
    until       bigint NOT NULL,
    -- The message row it has come to.
    reached     bigint NOT NULL,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    PRIMARY KEY (app_row, row)
);

CREATE INDEX task_running ON task (row) WHERE status = 0;
