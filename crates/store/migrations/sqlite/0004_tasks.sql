-- Background tasks of several kinds, listed by environment. A task that is about no single endpoint has none.

CREATE TABLE task_of_all_kinds (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL,
    app_row         INTEGER NOT NULL,
    environment_row INTEGER NOT NULL,
    -- task::TaskKind: 0 recover, 1 replay missing, 2 bulk replay, 3 replay source.
    kind            INTEGER NOT NULL,
    -- task::TaskStatus: 0 running, 1 finished, 2 failed, 3 canceled.
    status          INTEGER NOT NULL,
    matched         INTEGER NOT NULL,
    affected        INTEGER NOT NULL,
    -- JSON: counts by reason; NULL for none.
    skipped         TEXT,
    endpoint_id     BLOB,
    -- JSON: what the kind and the endpoint do not say.
    job             TEXT,
    since           INTEGER NOT NULL,
    until           INTEGER NOT NULL,
    -- The message row it has come to.
    reached         INTEGER NOT NULL,
    -- Why it was given up.
    failure         TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

INSERT INTO task_of_all_kinds
    (row, id, app_row, environment_row, kind, status, matched, affected, endpoint_id, since, until, reached,
     created_at, updated_at)
SELECT t.row, t.id, t.app_row, a.environment_row, t.kind, t.status, t.affected, t.affected, t.endpoint_id, t.since,
       t.until, t.reached, t.created_at, t.updated_at
  FROM task t JOIN app a ON a.row = t.app_row;

DROP TABLE task;
ALTER TABLE task_of_all_kinds RENAME TO task;

CREATE INDEX task_running ON task (status) WHERE status = 0;
CREATE INDEX task_app ON task (app_row);
CREATE INDEX task_environment ON task (environment_row);
