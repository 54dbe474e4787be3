//! Request bins: receivers in the server itself, for people who try webhooks out and have no receiver yet.
//!
//! Whatever is sent to `/bin/NAME`, or below it, is kept in memory and answered with 200; `GET /bin/NAME` shows it,
//! newest first. Anyone who knows the name may do both, so bins are served only where the operator asks for them, as
//! `postrider dev` does. What is kept has three ceilings: bins, requests of each, and bytes in all; beyond them the
//! oldest go.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use postrider_core::time::{Clock, SystemClock, Timestamp};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

/// Bins at the same time.
const BINS: usize = 1_000;
/// Requests of one bin.
const REQUESTS: usize = 100;
/// Bytes of all requests together.
const BYTES: usize = 32 * 1024 * 1024;
/// Bytes of one body that are kept.
const BODY_BYTES: usize = 64 * 1024;
/// Bytes of the requests of one answer; the newest always is in it.
const SHOWN_BYTES: usize = 1024 * 1024;
/// Bytes of one body that are read; what is more is not waited for.
const BODY_READ: usize = 1024 * 1024;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(20);
/// Characters of a name.
const NAME_CHARS: usize = 64;
/// What a request costs beside its text.
const OVERHEAD: usize = 256;

/// The bins. Cheap to clone.
#[derive(Clone)]
pub struct Bins {
    shelf: Arc<Mutex<Shelf>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Shelf {
    bins: HashMap<String, VecDeque<Arc<Received>>>,
    // Which bin each request is in, oldest first.
    order: BTreeMap<u64, String>,
    bytes: usize,
    next: u64,
}

/// A request as it came.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    #[serde(skip)]
    number: u64,
    #[serde(rename = "receivedAt")]
    at: Timestamp,
    method: String,
    /// Path and query.
    path: String,
    headers: Vec<(String, String)>,
    /// As text; what is not UTF-8 shows replacement characters.
    #[serde(serialize_with = "text")]
    body: Bytes,
    /// Bytes of the whole body, as far as it was read.
    body_bytes: usize,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    requests: Vec<&'a Received>,
}

/// The bins under `/bin/`.
pub fn router(bins: Bins) -> Router {
    Router::new()
        .route("/bin/{name}", any(at_bin))
        .route("/bin/{name}/{*rest}", any(below_bin))
        .with_state(bins)
}

async fn at_bin(State(bins): State<Bins>, Path(name): Path<String>, request: Request) -> Response {
    serve(&bins, &name, request).await
}

async fn below_bin(
    State(bins): State<Bins>,
    Path((name, _)): Path<(String, String)>,
    request: Request,
) -> Response {
    serve(&bins, &name, request).await
}

async fn serve(bins: &Bins, name: &str, request: Request) -> Response {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > NAME_CHARS || !name.bytes().all(plain) {
        let sentence = "A bin's name has 1 to 64 characters of A-Z, a-z, 0-9, - and _.";
        return answer(
            StatusCode::NOT_FOUND,
            &serde_json::json!({ "code": "not_found", "detail": sentence }),
        );
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let newest = bins.newest(name);
        return answer(
            StatusCode::OK,
            &Shown { name, requests: newest.iter().map(|received| &**received).collect() },
        );
    }
    let (parts, body) = request.into_parts();
    let (body, body_bytes) = read(body).await;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    bins.keep(name, parts.method.to_string(), path, pairs(&parts.headers), body, body_bytes);
    answer(StatusCode::OK, &serde_json::json!({ "ok": true }))
}

/// The beginning of a body, and how much of it there was.
async fn read(mut body: Body) -> (Bytes, usize) {
    let (mut kept, mut bytes) = (Vec::new(), 0);
    let deadline = Instant::now() + BODY_TIME;
    while bytes <= BODY_READ
        && let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await
    {
        if let Some(data) = frame.data_ref() {
            kept.extend_from_slice(&data[..data.len().min(BODY_BYTES - kept.len())]);
            bytes += data.len();
        }
    }
    (kept.into(), bytes)
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn answer(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("our own types are JSON");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn text<S: serde::Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

impl Default for Bins {
    /// Empty bins that go by the machine's clock.
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::default()))
    }
}

impl Bins {
    /// Empty bins.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { shelf: Arc::default(), clock }
    }

    /// The requests of a bin, taken out from under the lock before they are written.
    fn newest(&self, name: &str) -> Vec<Arc<Received>> {
        let kept = self.shelf.lock();
        let Some(bin) = kept.bins.get(name) else { return Vec::new() };
        let mut bytes = 0;
        let fits = |received: &&Arc<Received>| {
            let is_newest = bytes == 0;
            bytes += received.cost();
            is_newest || bytes <= SHOWN_BYTES
        };
        bin.iter().rev().take_while(fits).map(Arc::clone).collect()
    }

    fn keep(
        &self,
        name: &str,
        method: String,
        path: String,
        headers: Vec<(String, String)>,
        body: Bytes,
        body_bytes: usize,
    ) {
        let at = self.clock.now();
        let mut kept = self.shelf.lock();
        let number = kept.next;
        kept.next += 1;
        kept.put(name, Received { number, at, method, path, headers, body, body_bytes });
    }
}

impl Shelf {
    fn put(&mut self, name: &str, received: Received) {
        if self.bins.get(name).is_some_and(|bin| bin.len() == REQUESTS) {
            self.drop_oldest_of(name);
        }
        self.bytes += received.cost();
        self.order.insert(received.number, name.to_owned());
        self.bins.entry(name.to_owned()).or_default().push_back(Arc::new(received));
        while self.bytes > BYTES || self.bins.len() > BINS {
            let Some(name) = self.order.values().next().cloned() else { return };
            self.drop_oldest_of(&name);
        }
    }

    fn drop_oldest_of(&mut self, name: &str) {
        let Some(bin) = self.bins.get_mut(name) else { return };
        if let Some(oldest) = bin.pop_front() {
            self.bytes -= oldest.cost();
            self.order.remove(&oldest.number);
        }
        if bin.is_empty() {
            self.bins.remove(name);
        }
    }
}

impl Received {
    fn cost(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        OVERHEAD + self.path.len() + headers + self.body.len()
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::time::TestClock;
    use tower::ServiceExt as _;

    use super::*;

    fn bins() -> Bins {
        Bins::new(Arc::new(TestClock::at(Timestamp::from_seconds(1_800_000_000))))
    }

    async fn ask(bins: &Bins, method: &str, path: &str, body: impl Into<Body>) -> (u16, serde_json::Value) {
        let request =
            Request::builder().method(method).uri(path).header("x-test", "1").body(body.into()).unwrap();
        let response = router(bins.clone()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn put(bins: &Bins, name: &str, body: Bytes) {
        let bytes = body.len();
        bins.keep(name, "POST".into(), "/".into(), Vec::new(), body, bytes);
    }

    #[tokio::test]
    async fn what_was_sent_is_shown_newest_first() {
        let bins = bins();
        assert_eq!(ask(&bins, "POST", "/bin/a", "first").await.0, 200);
        assert_eq!(ask(&bins, "DELETE", "/bin/a/below?x=1", "second").await.0, 200);
        let (_, shown) = ask(&bins, "GET", "/bin/a", "").await;
        let newest = &shown["requests"][0];
        assert_eq!((&newest["method"], &newest["path"]), (&"DELETE".into(), &"/bin/a/below?x=1".into()));
        assert_eq!(newest["headers"][0], serde_json::json!(["x-test", "1"]));
        assert_eq!(newest["receivedAt"], "2027-01-15T08:00:00.000000Z");
        assert_eq!(shown["requests"][1]["body"], "first");
        let (status, other) = ask(&bins, "GET", "/bin/b", "").await;
        assert_eq!((status, &other["requests"]), (200, &serde_json::json!([])));
        assert_eq!(ask(&bins, "POST", "/bin/a.b", "").await.0, 404);
    }

    #[tokio::test]
    async fn a_large_body_is_cut() {
        let bins = bins();
        ask(&bins, "POST", "/bin/a", "x".repeat(BODY_BYTES + 5)).await;
        let (_, shown) = ask(&bins, "GET", "/bin/a", "").await;
        assert_eq!(shown["requests"][0]["body"].as_str().unwrap().len(), BODY_BYTES);
        assert_eq!(shown["requests"][0]["bodyBytes"], BODY_BYTES + 5);
    }

    #[test]
    fn an_answer_has_a_ceiling_too() {
        let bins = bins();
        for _ in 0..REQUESTS {
            put(&bins, "a", Bytes::from(vec![0; BODY_BYTES]));
        }
        let shown = bins.newest("a").len();
        assert!(shown > 1 && shown * BODY_BYTES <= SHOWN_BYTES, "{shown}");
    }

    #[test]
    fn the_oldest_go_at_each_ceiling() {
        let many = bins();
        for number in 0..=REQUESTS {
            put(&many, "a", Bytes::from(number.to_string()));
        }
        let bodies: Vec<_> = many.newest("a").iter().map(|received| received.body.clone()).collect();
        assert_eq!(
            (bodies.len(), &bodies[0][..], &bodies[REQUESTS - 1][..]),
            (REQUESTS, &b"100"[..], &b"1"[..])
        );

        let wide = bins();
        for number in 0..=BINS {
            put(&wide, &number.to_string(), Bytes::new());
        }
        assert!(wide.newest("0").is_empty() && !wide.newest("1").is_empty());

        let heavy = bins();
        for number in 0..2 * BYTES / BODY_BYTES {
            put(&heavy, &(number % 10).to_string(), Bytes::from(vec![0; BODY_BYTES]));
        }
        let shelf = heavy.shelf.lock();
        assert!(shelf.bytes <= BYTES && shelf.bytes > BYTES - 2 * BODY_BYTES);
        assert_eq!(shelf.order.len(), shelf.bins.values().map(VecDeque::len).sum::<usize>());
    }
}
