-- The payload index: which messages may have a text in their payload. It is made behind the traffic and may be emptied at any
-- time; everything in it follows from the messages.

-- The messages from one row to another that it covers; no row where it is off.
CREATE TABLE payload_span (
    -- There is one.
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    first_row  bigint NOT NULL,
    -- Smaller than `first_row` as long as none are covered.
    last_row   bigint NOT NULL,
    -- It will be covered up to here. Whoever writes a message up to here and has seen this leaves the message open.
    target_row bigint NOT NULL,
    -- Whoever has not seen it is a transaction before this one. NULL until somebody who has seen it says so.
    xact       xid8
) WITH (fillfactor = 50);

-- What it covers, numbered in the order of rows: newer ones up from 0, what was there before down from -1. Of 1,024 numbers
-- each is a place in a block.
CREATE TABLE payload_doc (
    seq         bigint PRIMARY KEY,
    app_row     bigint NOT NULL,
    message_row bigint NOT NULL UNIQUE
);

-- What is between these rows and not numbered, because it came when the index was further already or its payload was
-- expunged. Every search that comes by looks at it.
CREATE TABLE payload_open (
    message_row bigint PRIMARY KEY,
    app_row     bigint NOT NULL
);

-- Of each block a table of bits, 1,024 messages by 2,048 sorts of grams (see store::search::gram): a slice says which messages
-- have a gram of its sort. A search reads the slices of its grams and nothing else. A slice without messages is not there.
CREATE TABLE payload_slice (
    block bigint NOT NULL,
    slice smallint NOT NULL,
    bits  bytea NOT NULL,
    PRIMARY KEY (block, slice)
);
-- Random bits do not get smaller.
ALTER TABLE payload_slice ALTER COLUMN bits SET STORAGE PLAIN;
