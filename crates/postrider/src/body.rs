//! Reading the body of a request, with a ceiling for size, memory and time.
//!
//! What came is copied into memory of its own: a slice of the connection's buffer would keep all of that alive for as
//! long as a payload waits in a lane.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use crate::service::memory::{Held, OutOfMemory};

/// A body must be here after this time, however steadily it comes.
pub(crate) const TOTAL: Duration = Duration::from_secs(20);
/// For this long a body may dawdle.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// After that it must have come at this rate since its beginning.
const BYTES_PER_SECOND: u64 = 1_024;
/// Allocated before anything has come, whatever length was announced.
const FIRST_BYTES: usize = 64 * 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It has more bytes than the limit.
    TooLarge,
    /// It came too slowly, or stopped.
    TooSlow,
    /// The bodies of all requests together take too much memory.
    Crowded,
    /// It ended before it was complete.
    BrokenOff,
}

/// The length that the headers announce; 0 for none.
pub(crate) fn announced(headers: &HeaderMap) -> usize {
    let length = headers.get(header::CONTENT_LENGTH);
    length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0)
}

/// Reads a body of at most `limit` bytes. One that announces more is refused before anything of it is read.
pub(crate) async fn read(
    mut body: Body,
    announced: usize,
    limit: usize,
    held: &mut Held,
) -> Result<Bytes, Unread> {
    if announced > limit {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::new();
    grow(&mut bytes, announced.min(FIRST_BYTES), held)?;
    let begin = Instant::now();
    loop {
        let deadline = begin + allowance(bytes.len());
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| Unread::TooSlow)?;
        let Some(frame) = frame else { return Ok(bytes.into()) };
        let frame = frame.map_err(|_| Unread::BrokenOff)?;
        if let Some(data) = frame.data_ref() {
            if data.len() > limit - bytes.len() {
                return Err(Unread::TooLarge);
            }
            if data.len() > bytes.capacity() - bytes.len() {
                let wanted = (bytes.len() + data.len()).max(bytes.capacity() * 2).min(limit);
                grow(&mut bytes, wanted, held)?;
            }
            bytes.extend_from_slice(data);
        }
    }
}

/// Gives `bytes` room for `capacity` in all, if there is memory for it.
fn grow(bytes: &mut Vec<u8>, capacity: usize, held: &mut Held) -> Result<(), Unread> {
    held.grow(capacity).map_err(|OutOfMemory| Unread::Crowded)?;
    bytes.reserve_exact(capacity - bytes.len());
    Ok(())
}

/// How long after its beginning a body of which `received` bytes have come may wait for more.
fn allowance(received: usize) -> Duration {
    (PATIENCE + Duration::from_secs(received as u64 / BYTES_PER_SECOND)).min(TOTAL)
}
