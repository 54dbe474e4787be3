//! What a request's head must be besides valid HTTP, so that no proxy in front of us can have read it in another way
//! than we do.
//!
//! The parser refuses by itself: lengths that differ or are no numbers, a transfer encoding that does not end in
//! `chunked`, one in HTTP/1.0, folded lines, and names and values with characters that they must not have. It takes a
//! `Transfer-Encoding` with a `Content-Length` beside it, in the way that RFC 9112 (section 6.3) allows: it hides the
//! length from us, reads the chunks, and closes the connection after the answer.

use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Version};

use super::answer::{self, Refusal};

/// Why the head of a request is refused, if it is.
pub(super) fn refuse(version: Version, headers: &HeaderMap) -> Option<Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() || (first.is_none() && version >= Version::HTTP_11) {
        return Some(answer::NOT_ONE_HOST);
    }
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = encodings.next().is_none_or(|first| first.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !is_chunked || encodings.next().is_some() {
        return Some(answer::NOT_CHUNKED);
    }
    None
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn there_is_one_host_and_one_way_to_read_the_body() {
        for (version, lines, accepted) in [
            (Version::HTTP_11, &[("host", "x")][..], true),
            (Version::HTTP_11, &[("host", "")], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_11, &[("host", "x"), ("host", "x")], false),
            (Version::HTTP_10, &[("host", "x"), ("host", "y")], false),
            (Version::HTTP_11, &[("host", "x"), ("transfer-encoding", "chunked")], true),
            (Version::HTTP_11, &[("host", "x"), ("transfer-encoding", "Chunked")], true),
            (Version::HTTP_11, &[("host", "x"), ("transfer-encoding", "gzip, chunked")], false),
            (Version::HTTP_11, &[("host", "x"), ("transfer-encoding", "chunked, chunked")], false),
            (Version::HTTP_11, &[("host", "x"), ("transfer-encoding", "")], false),
            (
                Version::HTTP_11,
                &[("host", "x"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(refuse(version, &headers).is_none(), accepted, "{version:?} {lines:?}");
        }
    }
}
