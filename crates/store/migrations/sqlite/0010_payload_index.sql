-- The payload index: which messages may have a text in their payload. It is made behind the traffic and may be emptied at any
-- time; everything in it follows from the messages.

-- The messages from one row to another that it covers; no row where it is off.
CREATE TABLE payload_span (
    -- There is one.
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    first_row INTEGER NOT NULL,
    -- Smaller than `first_row` as long as none are covered.
    last_row  INTEGER NOT NULL
) STRICT;

-- What it covers, numbered without gaps in the order of rows: newer ones up from 0, what was there before down from -1. Rows
-- themselves are far apart, and an index by them would be twice as large.
CREATE TABLE payload_doc (
    seq         INTEGER PRIMARY KEY,
    app_row     INTEGER NOT NULL,
    message_row INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX payload_doc_message ON payload_doc (message_row);

-- What is between these rows and not numbered, because it has too many grams or came when the index was further already.
-- Every search that comes by looks at it.
CREATE TABLE payload_open (
    message_row INTEGER PRIMARY KEY,
    app_row     INTEGER NOT NULL
) STRICT;

-- The grams of each number, as words: see store::search::gram. Neither their places nor the text are kept.
CREATE VIRTUAL TABLE payload_gram USING fts5 (
    grams, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);
