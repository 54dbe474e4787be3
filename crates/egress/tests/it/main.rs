//! What the door lets out, against real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]
#![expect(clippy::format_collect, reason = "short strings, built once")]

mod bypass;
mod classify;
mod crowd;
mod dynamic;
mod framing;
mod hostile;
mod https;
mod reuse;
mod support;
mod vanish;
