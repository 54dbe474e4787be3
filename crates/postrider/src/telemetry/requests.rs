//! Counts and times requests by route, as a layer around the router's routes.
//!
//! The route is the template (`/api/v1/app/{app_id}`), never the path, so the number of series is bounded by the code.
//! Handles on series are kept: looking one up costs a read lock and a few comparisons.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::MatchedPath;
use http::{Method, Request, Response, StatusCode};
use metrics::{Counter, Histogram};
use parking_lot::RwLock;
use tower::{Layer, Service};

/// Requests that match no route.
const NO_ROUTE: &str = "none";

/// Makes services that count. Cheap to clone.
#[derive(Clone, Default)]
pub struct Counting(Arc<RwLock<HashMap<Box<str>, Vec<Series>>>>);

/// The series of one route that a request with this method and answer goes to.
struct Series {
    method: Method,
    status: StatusCode,
    count: Counter,
    seconds: Histogram,
}

/// A service that counts. See [`Counting`].
#[derive(Clone)]
pub struct Counted<S> {
    inner: S,
    counting: Counting,
}

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, counting: self.clone() }
    }
}

impl<S, B, A> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>, Response = Response<A>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let started = Instant::now();
        let counting = self.counting.clone();
        let method = request.method().clone();
        let path = request.extensions().get::<MatchedPath>().cloned();
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            let route = path.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
            counting.count(route, method, response.status(), started);
            Ok(response)
        })
    }
}

impl Counting {
    fn count(&self, route: &str, method: Method, status: StatusCode, started: Instant) {
        // A method of the caller's invention must not make a series.
        let method = if is_standard(&method) { method } else { other() };
        let seconds = started.elapsed().as_secs_f64();
        let record = |all: &[Series]| {
            let series = all.iter().find(|series| series.status == status && series.method == method)?;
            series.count.increment(1);
            series.seconds.record(seconds);
            Some(())
        };
        if self.0.read().get(route).and_then(|all| record(all)).is_some() {
            return;
        }
        let mut routes = self.0.write();
        let all = routes.entry(route.into()).or_default();
        if record(all).is_none() {
            all.push(Series::new(route, method.clone(), status));
            record(all);
        }
    }
}

impl Series {
    fn new(route: &str, method: Method, status: StatusCode) -> Self {
        let labels = [("route", route.to_owned()), ("method", method.to_string())];
        Self {
            seconds: metrics::histogram!("postrider_http_request_seconds", &labels),
            count: metrics::counter!(
                "postrider_http_requests_total",
                "route" => route.to_owned(), "method" => method.to_string(), "status" => status.as_str().to_owned(),
            ),
            method,
            status,
        }
    }
}

/// What a method that no route has is counted as.
fn other() -> Method {
    Method::from_bytes(b"OTHER").expect("letters are a method")
}

fn is_standard(method: &Method) -> bool {
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS]
        .contains(method)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::telemetry::metrics::install;

    #[tokio::test]
    async fn requests_count_by_template_and_status() {
        let metrics = install();
        let router = Router::new().route("/counted/{id}", get(|| async {})).layer(Counting::default());
        for (method, path) in
            [("GET", "/counted/1"), ("GET", "/counted/2"), ("BREW", "/counted/3"), ("GET", "/other")]
        {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap();
        }
        let text = metrics.render(std::time::Duration::ZERO);
        let line = |labels: &str| format!("postrider_http_requests_total{{{labels}}}");
        assert!(
            text.contains(&(line("route=\"/counted/{id}\",method=\"GET\",status=\"200\"") + " 2")),
            "{text}"
        );
        assert!(text.contains(&line("route=\"/counted/{id}\",method=\"OTHER\",status=\"405\"")), "{text}");
        assert!(text.contains(&line("route=\"none\",method=\"GET\",status=\"404\"")), "{text}");
        assert!(!text.contains("counted/1") && !text.contains("BREW"), "{text}");
    }
}
