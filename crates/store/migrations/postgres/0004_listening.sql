-- Groups of listeners: each message of a source goes to one member of a group.

CREATE TABLE listen_group (
    environment_row bigint NOT NULL,
    -- What the group listens to, hashed.
    key             bytea NOT NULL,
    -- The row of a message: all up to it are done.
    position        bigint NOT NULL,
    -- When a member was last there: who stays away for long is forgotten.
    touched_at      bigint NOT NULL,
    PRIMARY KEY (environment_row, key)
);

CREATE INDEX listen_group_touched ON listen_group (environment_row, touched_at);

-- A message behind the group's position that a member has, or had.
CREATE TABLE listen_claim (
    environment_row bigint NOT NULL,
    key             bytea NOT NULL,
    message_row     bigint NOT NULL,
    -- The member: a number of one connection.
    member          bytea NOT NULL,
    -- From when on another may have it.
    until           bigint NOT NULL,
    attempts        integer NOT NULL,
    done            boolean NOT NULL,
    PRIMARY KEY (environment_row, key, message_row)
);

CREATE INDEX listen_claim_open ON listen_claim (environment_row, key, message_row) WHERE NOT done;
