-- Searches that are kept under a name, for all people of an environment.
CREATE TABLE saved_search (
    row             bigint PRIMARY KEY,
    id              bytea NOT NULL,
    environment_row bigint NOT NULL,
    name            text COLLATE "C" NOT NULL,
    -- saved::List: 0 deliveries, 1 messages.
    list            smallint NOT NULL,
    query           text NOT NULL,
    created_at      bigint NOT NULL
);

CREATE UNIQUE INDEX saved_search_name ON saved_search (environment_row, name);
