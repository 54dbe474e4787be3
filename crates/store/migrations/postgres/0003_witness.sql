-- The last transaction of each writer of a node that wrote neither a message nor an attempt: what tells whether it
-- happened where its COMMIT was never answered. Its number does not tell: after a crash the server gives the numbers of
-- lost transactions to others.
CREATE TABLE witness (
    holder bigint NOT NULL,
    writer smallint NOT NULL,
    token  bigint NOT NULL,
    PRIMARY KEY (holder, writer)
) WITH (fillfactor = 50);
