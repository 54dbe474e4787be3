//! Where a message ends: heads and chunks.

use bytes::{Bytes, BytesMut};
use httparse::{EMPTY_HEADER, Header, Status};

use super::{HEADERS_LIMIT, MESSAGE_LIMIT, WireError};

/// What a head says about its message.
pub(super) struct Head {
    /// Bytes of the head itself.
    pub(super) length: usize,
    pub(super) framing: Framing,
}

/// Where the body ends.
#[derive(Clone, Copy)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

/// The head of a request; `None` until it is there whole.
pub(super) fn request_head(bytes: &[u8]) -> Result<Option<Head>, WireError> {
    let mut headers = [EMPTY_HEADER; HEADERS_LIMIT];
    let mut request = httparse::Request::new(&mut headers);
    let Status::Complete(length) = request.parse(bytes)? else {
        return Ok(None);
    };
    let framing = framing(request.headers)?.unwrap_or(Framing::Length(0));
    Ok(Some(Head { length, framing }))
}

/// The head of a response; `None` until it is there whole.
pub(super) fn response_head(bytes: &[u8]) -> Result<Option<Head>, WireError> {
    let mut headers = [EMPTY_HEADER; HEADERS_LIMIT];
    let mut response = httparse::Response::new(&mut headers);
    let Status::Complete(length) = response.parse(bytes)? else {
        return Ok(None);
    };
    let framing = match (framing(response.headers)?, response.code) {
        (_, Some(204 | 304)) => Framing::Length(0),
        (Some(framing), _) => framing,
        (None, _) => return Err(WireError::Unframed),
    };
    Ok(Some(Head { length, framing }))
}

fn framing(headers: &[Header<'_>]) -> Result<Option<Framing>, WireError> {
    let mut length = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Some(Framing::Chunked));
        }
        if header.name.eq_ignore_ascii_case("content-length") {
            let digits = std::str::from_utf8(header.value).map_err(|_| WireError::Length)?;
            length = Some(Framing::Length(digits.trim().parse().map_err(|_| WireError::Length)?));
        }
    }
    Ok(length)
}

/// The body in chunks and how many bytes it took on the wire; `None` until the last chunk is there.
pub(super) fn dechunk(bytes: &[u8]) -> Result<Option<(Bytes, usize)>, WireError> {
    let mut body = BytesMut::new();
    let mut at = 0;
    loop {
        let size = httparse::parse_chunk_size(&bytes[at..]).map_err(|_| WireError::Chunk)?;
        let Status::Complete((line, size)) = size else {
            return Ok(None);
        };
        let size =
            usize::try_from(size).ok().filter(|size| *size <= MESSAGE_LIMIT).ok_or(WireError::TooLarge)?;
        let start = at + line;
        // Every chunk, the empty last one too, ends with a line break; trailers are not expected.
        let Some(chunk) = bytes.get(start..start + size + 2) else {
            return Ok(None);
        };
        at = start + size + 2;
        if size == 0 {
            return Ok(Some((body.freeze(), at)));
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_says_where_it_ends() {
        let parse = |text: &str| response_head(text.as_bytes()).map(|head| head.map(|head| head.length));
        assert!(matches!(parse("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n"), Ok(Some(_))));
        assert!(matches!(parse("HTTP/1.1 204 No Content\r\n\r\n"), Ok(Some(_))));
        assert!(matches!(parse("HTTP/1.1 200 OK\r\n"), Ok(None)));
        assert!(matches!(parse("HTTP/1.1 200 OK\r\n\r\n"), Err(WireError::Unframed)));
    }
}
