//! Orders: deliveries of one endpoint that go one after another.
//!
//! Of the unfinished deliveries of an order at most one is waiting or held; it is the one that the others, all parked,
//! wait for. So when that one is finished in whatever way, exactly one parked delivery goes on: the oldest. A parked one
//! that is canceled lets nobody go. A finished one that is sent again by hand has left its order for good.

use postrider_core::delivery::State;
use rusqlite::{Connection, OptionalExtension as _};

use super::handed::Held;
use crate::Error;

/// Cancels a delivery unless it is finished, and lets the next of its order wait for its time. `false` when it is
/// finished or does not exist.
pub(super) fn cancel(conn: &Connection, (message_row, endpoint_row): Held) -> Result<bool, Error> {
    let unfinished: Option<(u8, Option<i64>)> = conn
        .prepare_cached(
            "-- order::cancel
             SELECT state, ord FROM delivery WHERE message_row = ? AND endpoint_row = ? AND state < 3",
        )?
        .query_row((message_row, endpoint_row), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((state, order)) = unfinished else { return Ok(false) };
    conn.prepare_cached(
        "-- order::cancel
         UPDATE delivery SET state = 5, due = NULL WHERE message_row = ? AND endpoint_row = ?",
    )?
    .execute((message_row, endpoint_row))?;
    if let Some(order) = order
        && state != State::Parked as u8
    {
        unpark(conn, endpoint_row, order)?;
    }
    Ok(true)
}

/// Lets the oldest parked delivery of an order wait for its time. To be called when the one before it has finished.
fn unpark(conn: &Connection, endpoint_row: i64, order: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "-- order::unpark
         UPDATE delivery SET state = 0
          WHERE endpoint_row = ?1 AND message_row =
              (SELECT message_row FROM delivery INDEXED BY delivery_order
                WHERE endpoint_row = ?1 AND ord = ?2 AND state < 3 AND state = 2
                ORDER BY message_row LIMIT 1)",
    )?
    .execute((endpoint_row, order))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn statements_may_say_below_three_for_unfinished() {
        for state in State::ALL {
            assert_eq!((state as u8) < 3, !state.is_finished(), "{state:?}");
        }
        assert_eq!(State::Canceled as u8, 5);
    }
}
