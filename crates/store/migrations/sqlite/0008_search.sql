-- Searching: deliveries in trouble by message, newest first, over all endpoints. Both indexes are partial, so that a
-- delivery that arrives at its first attempt never touches them.

-- delivery::State: 4 failed, 5 canceled.
CREATE INDEX delivery_ended ON delivery (message_row) WHERE state > 3;
-- Waiting for another attempt.
CREATE INDEX delivery_retrying ON delivery (message_row) WHERE state = 0 AND attempts > 0;
