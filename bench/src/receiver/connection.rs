//! One connection of a sender: read a delivery, book it, answer it.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{Shared, round::Verdict};
use crate::{
    marker::Mark,
    wire::{Message, Wire},
};

/// A connection without a delivery for this long is closed.
const IDLE_LIMIT: Duration = Duration::from_secs(300);
/// Longest time that a hanging path holds a connection.
const HANG_LIMIT: Duration = Duration::from_secs(3600);

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const FAILED: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 6\r\n\r\nfailed";
const FORGED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 6\r\n\r\nforged";

/// Serves until the sender closes, breaks the protocol or falls silent.
pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without it answers would wait for acknowledgements; a socket that refuses is served anyway.
    let _ = stream.set_nodelay(true);
    let mut wire = Wire::new(stream);
    while let Ok(Ok(Some(delivery))) = timeout(IDLE_LIMIT, wire.request()).await {
        let answer = book(&shared, &delivery);
        let path = delivery.path();
        if shared.rules.hangs(path) {
            let _ = timeout(HANG_LIMIT, wire.drain()).await;
            return;
        }
        if let Some(delay) = shared.rules.delay_of(path) {
            sleep(delay).await;
        }
        if wire.write(answer).await.is_err() {
            return;
        }
    }
}

fn book(shared: &Shared, delivery: &Message) -> &'static [u8] {
    let now_ns = shared.epoch.now_ns();
    let path = delivery.path();
    if shared.rules.ignores(path) {
        return OK;
    }
    let round = shared.round();
    if shared.rules.secret.as_ref().is_some_and(|secret| !secret.made(delivery)) {
        round.forged();
        return FORGED;
    }
    match round.arrived(Mark::find(&delivery.body), lane(path), now_ns) {
        Verdict::Taken => OK,
        Verdict::Failed => FAILED,
    }
}

/// The number at the end of a path tells the endpoints of one message apart; without one it is endpoint 0.
fn lane(path: &str) -> u32 {
    let path = path.split('?').next().unwrap_or_default();
    path.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::lane;

    #[test]
    fn the_lane_is_the_number_at_the_end() {
        let cases =
            [("/hook/17", 17), ("/hook/17?x=/3", 17), ("/hook", 0), ("/", 0), ("/hook/x7", 0), ("", 0)];
        for (path, wanted) in cases {
            assert_eq!(lane(path), wanted, "{path}");
        }
    }
}
