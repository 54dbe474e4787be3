//! What a command writes, kept up to a ceiling.

use std::io;
use std::os::fd::OwnedFd;

use bytes::Bytes;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;

/// Bytes that are read in one go.
const CHUNK: usize = 8 * 1024;

/// One pipe for standard output and standard error, so that their order is kept.
pub(super) struct Output {
    pipe: pipe::Receiver,
    kept: Vec<u8>,
    max: usize,
}

impl Output {
    /// Over the end to read from.
    pub(super) fn new(reader: io::PipeReader, max: usize) -> io::Result<Self> {
        Ok(Self { pipe: pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?, kept: Vec::new(), max })
    }

    /// Reads until everyone who could write is gone. What is beyond the ceiling is read too, so that nobody waits for
    /// room, and forgotten. May be dropped and called again.
    pub(super) async fn read(&mut self) {
        let mut chunk = [0; CHUNK];
        while let Ok(count @ 1..) = self.pipe.read(&mut chunk).await {
            let room = self.max - self.kept.len();
            self.kept.extend_from_slice(&chunk[..count.min(room)]);
        }
    }

    /// What was kept.
    pub(super) fn kept(self) -> Bytes {
        self.kept.into()
    }
}
