-- Groups of listeners: each message of a source goes to one member of a group.

CREATE TABLE listen_group (
    environment_row INTEGER NOT NULL,
    -- What the group listens to, hashed.
    key             BLOB NOT NULL,
    -- The row of a message: all up to it are done.
    position        INTEGER NOT NULL,
    -- When a member was last there: who stays away for long is forgotten.
    touched_at      INTEGER NOT NULL,
    PRIMARY KEY (environment_row, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX listen_group_touched ON listen_group (environment_row, touched_at);

-- A message behind the group's position that a member has, or had.
CREATE TABLE listen_claim (
    environment_row INTEGER NOT NULL,
    key             BLOB NOT NULL,
    message_row     INTEGER NOT NULL,
    -- The member: a number of one connection.
    member          BLOB NOT NULL,
    -- From when on another may have it.
    until           INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    done            INTEGER NOT NULL,
    PRIMARY KEY (environment_row, key, message_row)
) STRICT, WITHOUT ROWID;

CREATE INDEX listen_claim_open ON listen_claim (environment_row, key, message_row) WHERE done = 0;
