//! HTTP/1.1 framing over one connection, just enough for a generator and a receiver, with as little work as
//! possible: one read, one parse, one write a message in the usual case.
//!
//! Deliberately absent: pipelining, trailers that mean anything, bodies ended by the end of the connection,
//! upgrades.

mod framing;

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use self::framing::{Framing, Head, dechunk, request_head, response_head};

/// Most bytes held of one message, head and body.
pub const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;
/// Most headers of one message.
const HEADERS_LIMIT: usize = 100;
const READ_SIZE: usize = 16 * 1024;

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The socket failed.
    #[error("connection failed")]
    Io(#[from] io::Error),
    /// The other side closed in the middle of a message.
    #[error("connection closed in the middle of a message")]
    Cut,
    /// Not HTTP/1.1.
    #[error("malformed HTTP")]
    Malformed(#[from] httparse::Error),
    /// A `content-length` that is no number.
    #[error("malformed content-length")]
    Length,
    /// A chunk size that is no number.
    #[error("malformed chunk")]
    Chunk,
    /// Past [`MESSAGE_LIMIT`].
    #[error("message larger than {MESSAGE_LIMIT} bytes")]
    TooLarge,
    /// A response whose end cannot be told.
    #[error("a response with neither a length nor chunks")]
    Unframed,
}

/// A whole request or response.
#[derive(Debug)]
pub struct Message {
    /// Start line and headers, up to and with the empty line.
    pub head: Bytes,
    /// The body without its transfer coding.
    pub body: Bytes,
}

impl Message {
    /// The second word of the start line: of a request the path, of a response the status.
    fn second_word(&self) -> &str {
        let mut words = self.head.splitn(3, |byte| *byte == b' ');
        words.nth(1).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default()
    }

    /// Of a request: path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.second_word()
    }

    /// Of a response: its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        // A status line may lack its reason, and with it the second space.
        self.second_word().get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// The first header of a name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        // The head was parsed when it came, so its lines are what they seem.
        let lines = std::str::from_utf8(&self.head).ok()?.lines().skip(1);
        let mut headers = lines.filter_map(|line| line.split_once(':'));
        headers.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// One connection and what was read from it but not yet taken.
pub struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Wire {
    /// Takes over a connected stream.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: BytesMut::with_capacity(READ_SIZE) }
    }

    /// Writes all bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// The next request; `None` once the other side has closed between two.
    pub async fn request(&mut self) -> Result<Option<Message>, WireError> {
        self.message(request_head).await
    }

    /// The response to what was written.
    pub async fn response(&mut self) -> Result<Message, WireError> {
        self.message(response_head).await?.ok_or(WireError::Cut)
    }

    /// Waits until the other side closes, discarding what it sends.
    pub async fn drain(&mut self) {
        loop {
            self.buffer.clear();
            if matches!(self.stream.read_buf(&mut self.buffer).await, Ok(0) | Err(_)) {
                return;
            }
        }
    }

    async fn message(
        &mut self,
        head: fn(&[u8]) -> Result<Option<Head>, WireError>,
    ) -> Result<Option<Message>, WireError> {
        loop {
            if !self.buffer.is_empty()
                && let Some(head) = head(&self.buffer)?
                && let Some(message) = self.take(&head)?
            {
                return Ok(Some(message));
            }
            if self.buffer.len() > MESSAGE_LIMIT {
                return Err(WireError::TooLarge);
            }
            self.buffer.reserve(READ_SIZE);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(WireError::Cut) };
            }
        }
    }

    /// Takes the message off the buffer if its body has arrived whole.
    fn take(&mut self, head: &Head) -> Result<Option<Message>, WireError> {
        match head.framing {
            Framing::Length(length) if length > MESSAGE_LIMIT => Err(WireError::TooLarge),
            Framing::Length(length) if self.buffer.len() - head.length < length => Ok(None),
            Framing::Length(length) => {
                let head = self.buffer.split_to(head.length).freeze();
                let body = self.buffer.split_to(length).freeze();
                Ok(Some(Message { head, body }))
            }
            Framing::Chunked => {
                let Some((body, used)) = dechunk(&self.buffer[head.length..])? else {
                    return Ok(None);
                };
                let head = self.buffer.split_to(head.length).freeze();
                self.buffer.advance(used);
                Ok(Some(Message { head, body }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Loopback;

    /// Writes `sent` in pieces of `step` bytes and reads back every request.
    async fn read_requests(sent: &'static [u8], step: usize) -> Result<Vec<(String, Bytes)>, WireError> {
        let listener = Loopback::any_port().listen().await.unwrap();
        let address = Loopback::try_from(listener.local_addr().unwrap()).unwrap();
        let writer = tokio::spawn(async move {
            let mut wire = Wire::new(address.connect().await.unwrap());
            for piece in sent.chunks(step) {
                wire.write(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut wire = Wire::new(listener.accept().await.unwrap().0);
        let mut requests = Vec::new();
        while let Some(request) = wire.request().await? {
            requests.push((request.path().to_owned(), request.body));
        }
        writer.await.unwrap();
        Ok(requests)
    }

    #[tokio::test]
    async fn requests_are_told_apart_however_they_arrive() {
        let sent = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\
                     POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n\
                     GET /c HTTP/1.1\r\n\r\n";
        for step in [1, 7, sent.len()] {
            let requests = read_requests(sent, step).await.unwrap();
            let wanted = [("/a", "abc"), ("/b", "def"), ("/c", "")];
            assert!(
                requests
                    .iter()
                    .map(|(path, body)| (path.as_str(), &body[..]))
                    .eq(wanted.map(|(p, b)| (p, b.as_bytes())))
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_request_is_an_error() {
        let cut = read_requests(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc", 99).await;
        assert!(matches!(cut, Err(WireError::Cut)));
        let large = read_requests(b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 99).await;
        assert!(matches!(large, Err(WireError::TooLarge)));
        let chunk = read_requests(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 99).await;
        assert!(matches!(chunk, Err(WireError::Chunk)));
        let noise = read_requests(b"\0\0\0\0", 99).await;
        assert!(matches!(noise, Err(WireError::Malformed(_))));
    }
}
