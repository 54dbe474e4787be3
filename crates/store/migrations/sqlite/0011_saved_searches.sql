-- Searches that are kept under a name, for all people of an environment.
CREATE TABLE saved_search (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL,
    environment_row INTEGER NOT NULL,
    name            TEXT NOT NULL,
    -- saved::List: 0 deliveries, 1 messages.
    list            INTEGER NOT NULL,
    query           TEXT NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX saved_search_name ON saved_search (environment_row, name);
