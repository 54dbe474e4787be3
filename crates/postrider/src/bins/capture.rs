//! Taking a request, and answering it as the bin's script says.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::withheld::pairs;
use super::{Shared, told};
use crate::server::{Cut, Peer};
use crate::service::bins::{Act, Answer, Arrived, Bins, Ended, Exception, Hold, Planned};
use crate::service::memory::{Held, OutOfMemory};

/// Bytes of one body that are read; what is more is not waited for.
const BODY_READ: usize = 1024 * 1024;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(20);

/// Keeps the request and answers it.
pub(super) async fn serve(shared: &Shared, name: &str, tail: &str, request: Request) -> Response {
    let Shared { context, places } = shared;
    let bins = &context.bins;
    if !bins.takes(name) {
        let names = "There is no such bin. Where any name is one, it has 1 to 64 characters of A-Z, a-z, 0-9, - and _.";
        return told::told(StatusCode::NOT_FOUND, "not_found", names);
    }
    let Ok(place) = places.try_acquire() else { return crowded() };
    let exception = Exception::read(tail, request.uri().query().unwrap_or_default());
    let is_head = request.method() == Method::HEAD;
    let mut held = context.memory.hold();
    let Ok(arrived) = arrived(request, bins.settings().body_bytes, &mut held).await else { return crowded() };
    let Some(planned) = bins.keep(name, arrived, exception) else { return crowded() };
    // An answer that is late on purpose holds up nobody else's.
    drop((place, held));
    act(bins, name, planned, is_head).await
}

fn crowded() -> Response {
    told::come_again("Too much is sent to bins just now.", Duration::from_secs(1))
}

async fn arrived(request: Request, keep: usize, held: &mut Held) -> Result<Arrived, OutOfMemory> {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let (body, body_bytes, ended) = read(body, keep, held).await?;
    Ok(Arrived {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned(),
        headers: pairs(&parts.headers),
        body,
        body_bytes,
        ended,
        took: began.elapsed(),
        remote: parts.extensions.get::<Peer>().map(|Peer(address)| address.to_canonical()),
    })
}

/// The first `keep` bytes of a body, how many there were, and how they ended.
async fn read(mut body: Body, keep: usize, held: &mut Held) -> Result<(Bytes, usize, Ended), OutOfMemory> {
    let (mut kept, mut bytes) = (Vec::new(), 0_usize);
    let deadline = Instant::now() + BODY_TIME;
    let ended = loop {
        if bytes > BODY_READ.max(keep) {
            break Ended::TooLarge;
        }
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => break Ended::TooSlow,
            Ok(None) => break Ended::Whole,
            Ok(Some(Err(_))) => break Ended::BrokenOff,
            Ok(Some(Ok(frame))) => frame,
        };
        if let Some(data) = frame.data_ref() {
            let wanted = &data[..data.len().min(keep - kept.len())];
            held.grow(kept.len() + wanted.len())?;
            kept.extend_from_slice(wanted);
            bytes += data.len();
        }
    };
    Ok((kept.into(), bytes, ended))
}

async fn act(bins: &Bins, name: &str, Planned(step): Planned, is_head: bool) -> Response {
    let delay = if step.act == Act::Timeout { None } else { Some(step.delay) };
    match (bins.hold(name, delay).await, step.act) {
        (Hold::Crowded, _) => {
            told::come_again("Too many answers are held back already.", Duration::from_secs(5))
        }
        (Hold::Over, Act::Answer(answer)) => response(answer, is_head),
        (Hold::Over, Act::Timeout | Act::Reset) | (Hold::Closing, _) => cut(),
    }
}

/// No answer: the client sees its connection break.
fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(Cut);
    response
}

fn response(answer: Answer, is_head: bool) -> Response {
    let mut response = Response::new(if is_head { Body::empty() } else { Body::from(answer.body) });
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(answer.headers);
    headers.insert(header::CONTENT_TYPE, answer.content_type);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let alone = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, alone);
    response
}
