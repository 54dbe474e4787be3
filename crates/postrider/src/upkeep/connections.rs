//! Closes connections to endpoints that were idle for too long.
//!
//! Sending does this by the way; here it is done in quiet times too, when nothing is sent.

use std::sync::Arc;
use std::time::Duration;

use postrider_egress::Client;

/// A third of the time that a connection may be idle by default.
const EVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(client: Arc<Client>) {
    loop {
        tokio::time::sleep(EVERY).await;
        client.sweep();
    }
}
