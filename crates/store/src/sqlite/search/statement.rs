//! The statements of a search that depend on its way and direction.

use crate::sqlite::messages;

/// What `read::delivery` reads, of `delivery d`.
macro_rules! columns {
    () => {
        "d.message_row, d.endpoint_row, d.state, d.attempts, d.due"
    };
}

/// An index of deliveries, and what holds for all in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Index {
    /// Those to the endpoint with the row `?3`.
    Endpoint,
    /// Those that wait for another attempt.
    Retrying,
    /// Those that ended without success.
    Ended,
}

impl Index {
    const fn condition(self) -> &'static str {
        match self {
            Self::Endpoint => "delivery_endpoint WHERE d.endpoint_row = ?3",
            Self::Retrying => "delivery_retrying WHERE d.state = 0 AND d.attempts > 0",
            Self::Ended => "delivery_ended WHERE d.state > 3",
        }
    }
}

/// The deliveries of an index, of messages from `?1` to `?2`.
pub(super) fn deliveries(index: Index, order: &str) -> String {
    let from = index.condition();
    format!(
        "-- search::deliveries
         SELECT {} FROM delivery d INDEXED BY {from} AND d.message_row BETWEEN ?1 AND ?2
          ORDER BY d.message_row {order}, d.endpoint_row {order}",
        columns!()
    )
}

/// The deliveries of one message.
pub(super) fn deliveries_of(order: &str) -> String {
    format!(
        "-- search::deliveries_of
         SELECT {} FROM delivery d WHERE d.message_row = ? ORDER BY d.endpoint_row {order}",
        columns!()
    )
}

/// Messages from `?1` to `?2`: of the application with the row `?3`, or all.
pub(super) fn messages(of_app: bool, order: &str) -> String {
    let from = if of_app { "INDEXED BY message_app WHERE m.app_row = ?3 AND" } else { "WHERE" };
    format!(
        "-- search::messages
         SELECT m.app_row, {}, m.payload IS NOT NULL FROM message m {from} m.row BETWEEN ?1 AND ?2 ORDER BY m.row {order}",
        messages::columns!()
    )
}

/// One message.
pub(super) fn message() -> String {
    format!(
        "-- search::message
         SELECT m.app_row, {}, m.payload IS NOT NULL FROM message m WHERE m.row = ?",
        messages::columns!()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{connection, migrate};

    #[test]
    fn no_statement_scans_or_sorts() {
        let dir = tempfile::tempdir().unwrap();
        let conn = connection::open(&dir.path().join("db"), connection::Purpose::Write).unwrap();
        migrate::migrate(&conn).unwrap();
        let mut all = vec![message()];
        for order in ["ASC", "DESC"] {
            all.extend(
                [Index::Endpoint, Index::Retrying, Index::Ended].map(|index| deliveries(index, order)),
            );
            all.extend([messages(true, order), messages(false, order), deliveries_of(order)]);
        }
        for sql in all {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            for step in plan {
                let step = step.unwrap();
                assert!(step.starts_with("SEARCH"), "{step}\n{sql}");
            }
        }
    }
}
