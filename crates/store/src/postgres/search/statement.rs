//! The statements of a search. Rows that are asked for by their keys are found one by one, which `LATERAL` with `OFFSET 0`
//! says to a planner that has no statistics yet.

use crate::postgres::messages;

/// What `read::delivery` reads, of `delivery d`.
macro_rules! columns {
    () => {
        "d.app_row, d.message_row, d.endpoint_row, d.state, d.attempts, d.due"
    };
}

/// Which deliveries: each has an index, which is used where this is said in the same words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Index {
    /// Those to the endpoint with the row `$6`.
    Endpoint,
    /// Those that wait for another attempt.
    Retrying,
    /// Those that ended without success.
    Ended,
}

impl Index {
    const fn condition(self) -> &'static str {
        match self {
            Self::Endpoint => "d.endpoint_row = $6",
            Self::Retrying => "d.state = 0 AND d.attempts > 0",
            Self::Ended => "d.state > 3",
        }
    }
}

/// `$5` deliveries between the places `$1, $2` and `$3, $4`.
pub(super) fn deliveries(index: Index, order: &str) -> String {
    let condition = index.condition();
    format!(
        "-- search::deliveries
         SELECT {} FROM delivery d
          WHERE {condition} AND d.message_row BETWEEN $1 AND $3
            AND (d.message_row, d.endpoint_row) > ($1, $2) AND (d.message_row, d.endpoint_row) < ($3, $4)
          ORDER BY d.message_row {order}, d.endpoint_row {order} LIMIT $5",
        columns!()
    )
}

/// The deliveries of messages, given by `$1` their applications and `$2` their rows. A few are sorted.
pub(super) fn deliveries_of(order: &str) -> String {
    format!(
        "-- search::deliveries_of
         SELECT {} FROM unnest($1::bigint[], $2::bigint[]) AS asked (app_row, row)
          CROSS JOIN LATERAL
                (SELECT * FROM delivery d WHERE d.app_row = asked.app_row AND d.message_row = asked.row OFFSET 0) d
          ORDER BY d.message_row {order}, d.endpoint_row {order}",
        columns!()
    )
}

/// `$3` messages from `$1` to `$2`: of the application with the row `$4`, or all.
pub(super) fn messages(of_app: bool, order: &str) -> String {
    let own = if of_app { "m.app_row = $4 AND" } else { "" };
    format!(
        "-- search::messages
         SELECT m.app_row, {}, m.payload IS NOT NULL FROM message m WHERE {own} m.row BETWEEN $1 AND $2 ORDER BY m.row {order} LIMIT $3",
        messages::columns!()
    )
}

/// Messages, given by `$1` their applications and `$2` their rows.
pub(super) fn messages_at() -> String {
    format!(
        "-- search::messages_at
         SELECT m.app_row, {}, m.payload IS NOT NULL FROM unnest($1::bigint[], $2::bigint[]) AS asked (app_row, row)
          CROSS JOIN LATERAL
                (SELECT * FROM message m WHERE m.app_row = asked.app_row AND m.row = asked.row OFFSET 0) m",
        messages::columns!()
    )
}

/// Applications of the environment with the row `$2` that are there.
pub(super) const APPS: &str = "-- search::apps
     SELECT a.row, a.id, a.uid, a.name, a.source_id, s.uid FROM unnest($1::bigint[]) AS asked (row)
      CROSS JOIN LATERAL
            (SELECT * FROM app a
              WHERE a.row = asked.row AND a.environment_row = $2 AND a.deleted_at IS NULL OFFSET 0) a
       LEFT JOIN LATERAL (SELECT s.uid FROM source s WHERE s.app_row = a.row OFFSET 0) s ON true";

/// Endpoints.
pub(super) const ENDPOINTS: &str = "-- search::endpoints
     SELECT e.row, e.id, e.uid, e.url, e.description, e.deleted_at IS NOT NULL
       FROM unnest($1::bigint[]) AS asked (row)
      CROSS JOIN LATERAL (SELECT * FROM endpoint e WHERE e.row = asked.row OFFSET 0) e";

/// The last attempts from the row `$4` on of deliveries, given by their applications, messages and endpoints.
pub(super) const ATTEMPTS: &str = "-- search::attempts
     SELECT asked.row, asked.endpoint_row, t.row, t.id, t.number, t.at, t.trigger, t.succeeded, t.status_code,
            t.failure_class, t.failure, t.timings, CASE WHEN $5 THEN t.request_headers ELSE ''::bytea END
       FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS asked (app_row, row, endpoint_row)
      CROSS JOIN LATERAL
            (SELECT * FROM attempt t
              WHERE t.app_row = asked.app_row AND t.message_row = asked.row AND t.row >= $4
                AND t.endpoint_row = asked.endpoint_row
              ORDER BY t.row DESC LIMIT 1) t";

/// Payloads, as [`messages_at`].
pub(super) const PAYLOADS: &str = "-- search::payloads
     SELECT m.row, m.payload FROM unnest($1::bigint[], $2::bigint[]) AS asked (app_row, row)
      CROSS JOIN LATERAL
            (SELECT m.row, m.payload FROM message m
              WHERE m.app_row = asked.app_row AND m.row = asked.row AND m.payload IS NOT NULL OFFSET 0) m";
