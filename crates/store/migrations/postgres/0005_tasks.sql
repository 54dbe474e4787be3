-- Background tasks of several kinds, listed by environment. A task that is about no single endpoint has none.
-- kind is task::TaskKind: 0 recover, 1 replay missing, 2 bulk replay, 3 replay source.
-- status is task::TaskStatus: 0 running, 1 finished, 2 failed, 3 canceled.

ALTER TABLE task
    -- NULL in tasks that a node of the version before has begun since: those are moved on, and not listed.
    ADD COLUMN environment_row bigint,
    ADD COLUMN matched         bigint NOT NULL DEFAULT 0,
    -- JSON: counts by reason; NULL for none.
    ADD COLUMN skipped         text,
    -- JSON: what the kind and the endpoint do not say.
    ADD COLUMN job             text,
    -- Why it was given up.
    ADD COLUMN failure         text,
    ALTER COLUMN endpoint_id DROP NOT NULL;

UPDATE task t SET environment_row = a.environment_row, matched = t.affected FROM app a WHERE a.row = t.app_row;

CREATE INDEX task_environment ON task (environment_row, row);
