//! Orders: deliveries of one endpoint that go one after another.
//!
//! Of the unfinished deliveries of an order at most one is waiting or held; it is the one that the others, all parked,
//! wait for. So when that one is finished in whatever way, exactly one parked delivery goes on: the oldest. A parked one
//! that is canceled lets nobody go. A finished one that is sent again by hand has left its order for good.
//!
//! Transactions of several connections keep this up by an advisory lock for each order, which is taken before anybody
//! looks whether the order is empty or who is next, and is held until the commit. Who needs several takes them in one
//! sequence. Rows of deliveries may be locked before; nobody who holds an order's lock waits for a row whose owner
//! waits for that lock, because a parked delivery is canceled without it.

use postrider_core::delivery::State;

use super::connection::Connection;
use super::handed::Held;
use super::session::Session;
use crate::Error;
use crate::partition::mix;

/// An order of an endpoint: the endpoint's row, and the order's number.
pub(super) type Order = (i64, i64);

/// Locks orders until the end of the transaction. A statement that is sent after this one sees what the earlier holders
/// of the locks have committed.
pub(super) const LOCK: &str = "-- order::lock
     SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS orders (key)";

/// The keys of the orders' locks, in the one sequence. Two orders with the same key wait for each other, which harms
/// nobody.
pub(super) fn keys(orders: impl IntoIterator<Item = Order>) -> Vec<i64> {
    let key = |(endpoint_row, order): Order| mix(mix(endpoint_row as u64) ^ order as u64) as i64;
    let mut keys: Vec<_> = orders.into_iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Cancels a delivery unless it is finished, and lets the next of its order wait for its time. `false` when it is
/// finished or does not exist.
pub(super) async fn cancel(session: &Session, (message_row, endpoint_row): Held) -> Result<bool, Error> {
    let conn = &session.conn;
    let unfinished = conn
        .row(
            "-- order::cancel
             SELECT state, ord FROM delivery
              WHERE endpoint_row = $1 AND message_row = $2 AND state < 3 FOR UPDATE",
            &[&endpoint_row, &message_row],
        )
        .await?;
    let Some(unfinished) = unfinished else { return Ok(false) };
    let (state, order): (i16, Option<i64>) = (unfinished.try_get(0)?, unfinished.try_get(1)?);
    conn.run(
        "-- order::cancel
         UPDATE delivery SET state = 5, due = NULL WHERE endpoint_row = $1 AND message_row = $2",
        &[&endpoint_row, &message_row],
    )
    .await?;
    if let Some(order) = order
        && state != State::Parked as i16
    {
        unpark(conn, (endpoint_row, order)).await?;
    }
    Ok(true)
}

/// Lets the oldest parked delivery of an order wait for its time. To be called when the one before it has finished.
async fn unpark(conn: &Connection, order: Order) -> Result<(), Error> {
    conn.rows(LOCK, &[&keys([order])]).await?;
    loop {
        let next = conn
            .row(
                "-- order::unpark
                 SELECT message_row FROM delivery
                  WHERE endpoint_row = $1 AND ord = $2 AND ord IS NOT NULL AND state < 3 AND state = 2
                  ORDER BY seq LIMIT 1",
                &[&order.0, &order.1],
            )
            .await?;
        let Some(next) = next else { return Ok(()) };
        let unparked = conn
            .run(
                "-- order::unpark
                 UPDATE delivery SET state = 0 WHERE endpoint_row = $1 AND message_row = $2 AND state = 2",
                &[&order.0, &next.try_get::<_, i64>(0)?],
            )
            .await?;
        // Somebody may have canceled it meanwhile: then the one behind it is next.
        if unparked == 1 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{State, keys};

    #[test]
    fn statements_may_say_below_three_for_unfinished() {
        for state in State::ALL {
            assert_eq!((state as u8) < 3, !state.is_finished(), "{state:?}");
        }
        assert_eq!(State::Canceled as u8, 5);
    }

    #[test]
    fn everyone_locks_orders_in_the_same_sequence() {
        let (there, back) = (keys([(1, 0), (2, 0), (1, 5)]), keys([(1, 5), (2, 0), (1, 0), (2, 0)]));
        assert_eq!(there, back);
        assert_eq!(there.len(), 3);
        assert!(there.is_sorted());
    }
}
