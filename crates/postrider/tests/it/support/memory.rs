//! What the server says of its own memory.

use super::Client;

/// The resident memory of the server, in bytes; 0 where the system does not say.
pub(crate) async fn resident_bytes(client: &Client) -> f64 {
    let text = client.get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    line.map_or(0.0, |value| value.parse().unwrap())
}
