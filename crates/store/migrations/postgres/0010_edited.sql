-- Messages that a person has made of an earlier one, with a change: they are attempted once and counted nowhere.

-- The id of the message that it was made of; NULL for all others.
ALTER TABLE message ADD COLUMN edited_of bytea;
