//! Request bodies, with a ceiling for size and for time.
//!
//! Nothing is buffered before the caller is known: handlers name [`Caller`](super::caller::Caller) before a body in
//! their arguments, and arguments are taken in order.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::json;
use super::problem::Problem;
use crate::body::{self, Unread};
use crate::context::Context;
use crate::service::memory::Held;

/// The body's bytes. The memory for them is given back when it is dropped, which in a handler is at the end.
pub(crate) struct Raw {
    /// The bytes.
    pub(crate) bytes: Bytes,
    held: Held,
}

/// The body as JSON, and its bytes.
pub(crate) struct Json<T> {
    /// What it says.
    pub(crate) value: T,
    /// The bytes, to recognise the request by.
    pub(crate) raw: Bytes,
    _held: Held,
}

impl FromRequest<Context> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_encoding(&parts.headers)?;
        let mut held = context.memory.hold();
        let announced = body::announced(&parts.headers);
        let bytes = read(body, announced, context.limits.body_bytes, &mut held).await?;
        Ok(Self { bytes, held })
    }
}

impl<T: DeserializeOwned> FromRequest<Context> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Problem> {
        let Raw { bytes, held } = Raw::from_request(request, context).await?;
        Ok(Self { value: json::parse(&bytes)?, raw: bytes, _held: held })
    }
}

/// Compressed bodies would need a second ceiling; no client sends them.
fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(Problem::plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "Send the body without a content encoding.",
        )),
        _ => Ok(()),
    }
}

/// Reads a body, and words what is wrong with it.
async fn read(body: Body, announced: usize, limit: usize, held: &mut Held) -> Result<Bytes, Problem> {
    body::read(body, announced, limit, held).await.map_err(|unread| match unread {
        Unread::TooLarge => too_large(limit),
        Unread::TooSlow => too_slow(),
        Unread::Crowded => crowded(),
        Unread::BrokenOff => broken_off(),
    })
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("The body is larger than {limit} bytes.");
    Problem::plain(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
}

fn too_slow() -> Problem {
    Problem::plain(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body came too slowly.")
}

fn crowded() -> Problem {
    let detail = "Too many large bodies are under way.";
    Problem::passing(StatusCode::TOO_MANY_REQUESTS, "overloaded", detail, Duration::from_secs(1))
}

fn broken_off() -> Problem {
    Problem::plain(StatusCode::BAD_REQUEST, "generic_error", "The body ended before it was complete.")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{self, StreamExt as _};
    use tokio::time::Instant;

    use super::*;
    use crate::body::{PATIENCE, TOTAL};
    use crate::service::memory::Memory;

    async fn read(body: Body, announced: usize, limit: usize) -> Result<Bytes, Problem> {
        super::read(body, announced, limit, &mut Memory::new(1 << 20).hold()).await
    }

    fn chunks(chunks: &[&'static str]) -> Body {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| Ok::<_, Infallible>(Bytes::from_static(chunk.as_bytes()))).collect();
        Body::from_stream(stream::iter(chunks))
    }

    fn status(outcome: Result<Bytes, Problem>) -> u16 {
        match outcome {
            Ok(_) => 200,
            Err(Problem::Plain { status, .. }) => status.as_u16(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn the_ceiling_holds_with_and_without_a_length() {
        assert_eq!(read(chunks(&["abc", "de"]), 0, 5).await.unwrap(), "abcde");
        assert_eq!(status(read(chunks(&["abc", "def"]), 0, 5).await), 413, "chunked");
        assert_eq!(status(read(chunks(&[]), 6, 5).await), 413, "announced");
        assert_eq!(
            read(chunks(&[]), usize::MAX, usize::MAX).await.unwrap(),
            "",
            "an announced length allocates nothing"
        );
    }

    #[tokio::test]
    async fn memory_is_taken_as_a_body_comes_and_only_so_much() {
        let memory = Memory::new(8);
        let mut first = memory.hold();
        assert_eq!(super::read(chunks(&["abcd", "ef"]), 0, 6, &mut first).await.unwrap(), "abcdef");
        let mut second = memory.hold();
        assert_eq!(status(super::read(chunks(&["abc"]), 3, 6, &mut second).await), 429, "announced");
        assert_eq!(status(super::read(chunks(&["ab", "c"]), 0, 6, &mut second).await), 429, "chunked");
        drop((first, second));
        assert_eq!(super::read(chunks(&["abc"]), 0, 6, &mut memory.hold()).await.unwrap(), "abc");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_given_up() {
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let begin = Instant::now();
        assert_eq!(status(read(silent, 0, 100).await), 408);
        assert_eq!(begin.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up() {
        let drip = stream::iter(0..).then(|_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(Bytes::from(vec![b' '; 2_048]))
        });
        let begin = Instant::now();
        assert_eq!(status(read(Body::from_stream(drip), 0, 1 << 20).await), 408);
        assert_eq!(begin.elapsed().as_secs(), TOTAL.as_secs());
    }
}
