//! Taking a message's content away.

use postrider_core::id::MessageId;
use postrider_core::scope::AppScope;
use tokio_postgres::types::ToSql;

use super::super::session::Session;
use super::super::{apps, order, payload_index};
use crate::Error;

/// Drops the payload and cancels what is unfinished. `false` when there is no such message.
pub(in crate::postgres) async fn expunge(
    session: &Session,
    scope: AppScope,
    message: MessageId,
) -> Result<bool, Error> {
    let (conn, app) = (&session.conn, scope.app());
    let dropped = conn
        .run(
            concat!(
                "-- messages::expunge
                 UPDATE message SET payload = NULL, raw = NULL WHERE app_row = $1 AND row = $4 AND id = $5 AND ",
                apps::is_live!("$1", "$2", "$3")
            ),
            &[
                &app.row(),
                &scope.environment().row(),
                &app.as_bytes().as_slice(),
                &message.row(),
                &message.as_bytes().as_slice(),
            ],
        )
        .await?;
    if dropped == 0 {
        return Ok(false);
    }
    payload_index::forget_payload(conn, message.row()).await?;
    cancel_all(session, app.row(), message.row()).await?;
    Ok(true)
}

/// Cancels what is unfinished of a message. What belongs to an order is canceled one by one, when the locks of all these
/// orders are held.
async fn cancel_all(session: &Session, app_row: i64, message_row: i64) -> Result<(), Error> {
    let conn = &session.conn;
    let key: [&(dyn ToSql + Sync); 2] = [&app_row, &message_row];
    let ordered = conn
        .rows(
            "-- messages::cancel_all
             SELECT endpoint_row, ord FROM delivery
              WHERE app_row = $1 AND message_row = $2 AND state < 3 AND ord IS NOT NULL
              ORDER BY endpoint_row FOR UPDATE",
            &key,
        )
        .await?;
    let orders: Vec<order::Order> =
        ordered.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, Error>>()?;
    if !orders.is_empty() {
        conn.rows(order::LOCK, &[&order::keys(orders.iter().copied())]).await?;
    }
    for (endpoint_row, _) in orders {
        order::cancel(session, (message_row, endpoint_row)).await?;
    }
    conn.run(
        "-- messages::cancel_all
         UPDATE delivery SET state = 5, due = NULL WHERE app_row = $1 AND message_row = $2 AND state < 3",
        &key,
    )
    .await?;
    Ok(())
}
