//! The record of an exchange while it proceeds, and the ceilings of what is kept.

use std::{net::SocketAddr, time::Duration};

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::{Answer, Exchange, Failure, Phase, Timings};

/// The part of a body that is kept.
const KEEP_BYTES: usize = 16 * 1024;
/// Reading stops here and the connection is closed.
const READ_BYTES: usize = 64 * 1024;
/// Far above any sensible deadline; keeps the clock from overflowing.
const MAX_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// The record of an exchange as it proceeds. It outlives the future that does the work, so that a deadline
/// passing in the middle of a body still yields the status that was received.
pub(crate) struct Log {
    started: Instant,
    pub(crate) deadline: Instant,
    /// Bytes of the answer's body that are kept.
    keep: usize,
    phase: Option<(Phase, Instant)>,
    timings: Timings,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) reused: bool,
    answer: Option<Received>,
}

/// As much of an answer as there is so far.
struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    /// Bytes of body, of which [`Log::keep`] are kept.
    read: usize,
}

impl Log {
    pub(crate) fn start(deadline: Duration) -> Self {
        let started = Instant::now();
        Self {
            started,
            deadline: started + deadline.min(MAX_DEADLINE),
            keep: KEEP_BYTES,
            phase: None,
            timings: Timings::default(),
            remote: None,
            reused: false,
            answer: None,
        }
    }

    /// The same, but everything that is read is kept.
    pub(crate) fn keep_all(self) -> Self {
        Self { keep: READ_BYTES, ..self }
    }

    /// Begins again, over another connection: only the deadline and the total know of the first one.
    pub(crate) fn restart(&mut self) {
        self.phase = None;
        self.timings = Timings::default();
        self.remote = None;
        self.reused = false;
    }

    /// Ends the phase under way and begins another.
    pub(crate) fn enter(&mut self, phase: Phase) {
        self.leave();
        self.phase = Some((phase, Instant::now()));
    }

    fn leave(&mut self) {
        let Some((phase, since)) = self.phase.take() else {
            return;
        };
        let took = match phase {
            Phase::Dns => &mut self.timings.dns,
            Phase::Queue | Phase::Connect => &mut self.timings.connect,
            Phase::Tls => &mut self.timings.tls,
            Phase::Answer => &mut self.timings.first_byte,
        };
        *took += since.elapsed();
    }

    /// The head of the answer is complete: from here on there is a result.
    pub(crate) fn head(&mut self, status: StatusCode, headers: HeaderMap) {
        self.leave();
        self.answer = Some(Received { status, headers, body: Vec::new(), read: 0 });
    }

    /// Takes a part of the body; `false` when enough was read.
    pub(crate) fn body(&mut self, data: &[u8]) -> bool {
        let Some(answer) = &mut self.answer else {
            return false;
        };
        // Copied, not shared: a slice would pin the connection's read buffer and cost it a new one.
        let room = self.keep - answer.body.len();
        answer.body.extend_from_slice(&data[..data.len().min(room)]);
        answer.read += data.len();
        answer.read <= READ_BYTES
    }

    /// The result, given the failure of the work if it did not run into the deadline.
    pub(crate) fn finish(mut self, failure: Option<Failure>) -> Exchange {
        let phase = self.phase.map_or(Phase::Answer, |(phase, _)| phase);
        self.leave();
        self.timings.total = self.started.elapsed();
        let result = match (failure, self.answer) {
            (Some(failure), _) => Err(failure),
            (None, Some(received)) => Ok(received.into()),
            (None, None) => Err(Failure::Timeout { phase }),
        };
        Exchange { timings: self.timings, remote: self.remote, reused: self.reused, result }
    }
}

impl From<Received> for Answer {
    fn from(Received { status, headers, body, .. }: Received) -> Self {
        Self { status: status.as_u16(), headers, body: body.into() }
    }
}
