-- Messages that a person has made of an earlier one, with a change: they are attempted once and counted nowhere. The column
-- is behind the payload, where NULL is a byte in the row's head and the payload's pages are not read for it.

-- The id of the message that it was made of; NULL for all others.
ALTER TABLE message ADD COLUMN edited_of BLOB;
