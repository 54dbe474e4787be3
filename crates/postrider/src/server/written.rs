//! The head of a request as it was written.
//!
//! The parser gives names of headers in lower case and the values of one name side by side. A source keeps what came, so
//! the socket notes the bytes of a head on its way to the parser: of requests to sources alone, one head at a time, and
//! only where requests do not overlap. It is a record for people. Nothing is decided by it, and nothing of it counts
//! that the parser did not read as well ([`Written::headers`]).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the path of a request begins with whose head is noted.
const NOTED: &[u8] = b"/in/";
/// What ends a head.
const END: &[u8] = b"\r\n\r\n";
/// No method is longer.
const METHOD_BYTES: usize = 32;
/// Bytes of a head that are kept; the parser takes no more either.
const HEAD_BYTES: usize = super::connection::HEAD_BYTES;

/// The head of a request, from its first line to the empty one.
#[derive(Debug, Clone)]
pub struct Written(Bytes);

/// A connection's notes, shared by its socket and its service.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    /// The next byte read is the first of a head.
    #[default]
    Before,
    Within(Vec<u8>),
    Whole(Bytes),
    /// What is read is of no interest.
    Past,
}

impl Notes {
    /// The head of the request that the parser has just read.
    pub(super) fn take(&self) -> Option<Written> {
        match std::mem::replace(&mut *self.0.lock(), State::Past) {
            State::Whole(head) => Some(Written(head)),
            State::Before | State::Within(_) | State::Past => None,
        }
    }

    fn read(&self, bytes: &[u8]) {
        let mut state = self.0.lock();
        let head = match &mut *state {
            State::Before => Vec::new(),
            State::Within(head) => std::mem::take(head),
            State::Whole(_) | State::Past => return,
        };
        *state = State::after(head, bytes);
    }

    fn written(&self) {
        *self.0.lock() = State::Before;
    }
}

impl State {
    fn after(mut head: Vec<u8>, bytes: &[u8]) -> Self {
        // The end may have begun in what came before.
        let from = head.len().saturating_sub(END.len() - 1);
        head.extend_from_slice(&bytes[..bytes.len().min(HEAD_BYTES - head.len().min(HEAD_BYTES))]);
        if !may_be_noted(&head) {
            return Self::Past;
        }
        match head[from..].windows(END.len()).position(|window| window == END) {
            Some(at) => {
                head.truncate(from + at + 2);
                Self::Whole(head.into())
            }
            None if head.len() >= HEAD_BYTES => Self::Past,
            None => Self::Within(head),
        }
    }
}

/// Whether a request that begins so may have a path that is noted.
fn may_be_noted(head: &[u8]) -> bool {
    let mut parts = head.splitn(2, |byte| *byte == b' ');
    let method = parts.next().unwrap_or_default();
    let path = parts.next().unwrap_or_default();
    let is_method = method.len() <= METHOD_BYTES && method.iter().all(u8::is_ascii_alphabetic);
    is_method && (path.starts_with(NOTED) || NOTED.starts_with(path))
}

impl Written {
    /// The headers in their order, names as they were written. `None` where they are not just those that the parser
    /// read: then its own have to do.
    #[must_use]
    pub fn headers(&self, parsed: &HeaderMap) -> Option<Vec<(String, Bytes)>> {
        let mut lines = self.0.split(|byte| *byte == b'\n');
        lines.next();
        let mut headers = Vec::with_capacity(parsed.len());
        for line in lines.filter(|line| !line.is_empty()) {
            let line = line.strip_suffix(b"\r")?;
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?;
            let value = line[colon + 1..].trim_ascii();
            headers.push((name.to_owned(), self.0.slice_ref(value)));
        }
        let mut written: Vec<(String, &[u8])> =
            headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), &value[..])).collect();
        let mut known: Vec<(&str, &[u8])> =
            parsed.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        // Stable: of one name, values keep their order.
        written.sort_by(|one, other| one.0.cmp(&other.0));
        known.sort_by(|one, other| one.0.cmp(other.0));
        let same = written.iter().map(|(name, value)| (name.as_str(), *value)).eq(known);
        same.then_some(headers)
    }
}

/// A socket that notes heads.
pub(super) struct Noting<S> {
    stream: S,
    notes: Arc<Notes>,
}

impl<S> Noting<S> {
    /// Notes in `notes` what is read from `stream`.
    pub(super) fn new(stream: S, notes: Arc<Notes>) -> Self {
        Self { stream, notes }
    }

    /// The socket itself.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.notes.read(&buf.filled()[before..]);
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noting<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        // What is read behind an answer is the next request.
        self.notes.written();
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.notes.written();
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const HEAD: &str = "POST /in/abc HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nb: 2\r\nx-ONE:  3 \r\n\r\n";

    fn parsed() -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in [("host", "x"), ("x-one", "1"), ("b", "2"), ("x-one", "3")] {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    fn noted(pieces: &[&[u8]]) -> Option<Written> {
        let notes = Notes::default();
        for piece in pieces {
            notes.read(piece);
        }
        notes.take()
    }

    #[test]
    fn a_head_is_noted_however_it_is_cut() {
        let whole = [HEAD.as_bytes(), b"{\"a\":1}"].concat();
        let expected = vec![
            ("Host".to_owned(), Bytes::from("x")),
            ("X-One".to_owned(), Bytes::from("1")),
            ("b".to_owned(), Bytes::from("2")),
            ("x-ONE".to_owned(), Bytes::from("3")),
        ];
        for at in 0..whole.len() {
            let (one, other) = whole.split_at(at);
            let written = noted(&[one, other]).unwrap_or_else(|| panic!("cut at {at}"));
            assert_eq!(written.headers(&parsed()).as_ref(), Some(&expected), "cut at {at}");
        }
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(noted(&bytes).unwrap().headers(&parsed()), Some(expected));
    }

    #[test]
    fn what_the_parser_did_not_read_does_not_count() {
        let written = noted(&[HEAD.as_bytes()]).unwrap();
        let mut other = parsed();
        other.insert("b", HeaderValue::from_static("other"));
        assert_eq!(written.headers(&other), None);
        other.remove("b");
        assert_eq!(written.headers(&other), None);
        let mut more = parsed();
        more.append("b", HeaderValue::from_static("2"));
        assert_eq!(written.headers(&more), None);
        let bare = noted(&[b"POST /in/a HTTP/1.1\r\nhost: x\nb: 2\r\n\r\n"]).unwrap();
        assert_eq!(bare.headers(&parsed()), None, "a line that ends as none does");
    }

    #[test]
    fn only_heads_of_requests_to_sources_are_kept() {
        for (head, is_noted) in [
            ("POST /in/a HTTP/1.1\r\n\r\n", true),
            ("GET /in/ HTTP/1.1\r\n\r\n", true),
            ("POST /api/v1/app HTTP/1.1\r\n\r\n", false),
            ("POST /i HTTP/1.1\r\n\r\n", false),
            ("\r\nPOST /in/a HTTP/1.1\r\n\r\n", false),
            ("POST /in/a HTTP/1.1\r\n", false),
        ] {
            assert_eq!(noted(&[head.as_bytes()]).is_some(), is_noted, "{head:?}");
        }
        let long = format!("POST /in/a HTTP/1.1\r\na: {}\r\n\r\n", "x".repeat(HEAD_BYTES));
        assert!(noted(&[long.as_bytes()]).is_none());
        assert!(noted(&[&[b'A'; 64], &[b'A'; 64]]).is_none());
    }

    #[test]
    fn the_next_head_is_noted_behind_an_answer_only() {
        let notes = Notes::default();
        notes.read(HEAD.as_bytes());
        notes.read(b"POST /in/no HTTP/1.1\r\n\r\n");
        assert!(notes.take().unwrap().0.starts_with(b"POST /in/abc "));
        notes.read(HEAD.as_bytes());
        assert!(notes.take().is_none(), "that may be a body");
        notes.written();
        notes.read(HEAD.as_bytes());
        assert!(notes.take().is_some());
    }
}
