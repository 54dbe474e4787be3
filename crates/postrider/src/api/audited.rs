//! The audit log around the operations: each that changes something is recorded before it is answered.
//!
//! An operation is told by its route, and recorded under its own name. One that is recorded runs to its end even when the
//! caller hangs up, so that nothing is done that was not written down.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll};

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use futures_util::future::Either;
use http::Method;
use percent_encoding::percent_decode_str;
use postrider_core::audit::Target;
use tower::{Layer, Service};
use utoipa::openapi::OpenApi;

use crate::context::Context;
use crate::server::Peer;
use crate::service::audit::{self, Act};

/// Operations that change something and are not recorded: they are their own record, or change nothing that lasts.
const LEFT_OUT: [&str; 5] =
    ["message.create", "message.precheck", "ingest_listener.ack", "bin.create", "bin.delete"];
/// Operations that change nothing and are recorded: what they show is secret.
const SECRET: [&str; 2] = ["endpoint.get_secret", "ingest_endpoint.get_secret"];

/// Records what operations do. Cheap to clone.
#[derive(Clone)]
pub(super) struct Audit {
    context: Context,
    operations: Arc<Operations>,
}

/// A service whose operations are recorded.
#[derive(Clone)]
pub(super) struct Audited<S> {
    inner: S,
    audit: Audit,
}

/// The names of recorded operations, by method and route.
struct Operations(HashMap<Method, HashMap<String, String>>);

impl Audit {
    /// A layer that records the operations of `document`.
    pub(super) fn new(context: Context, document: &OpenApi) -> Self {
        Self { context, operations: Arc::new(Operations::of(document)) }
    }
}

impl<S> Layer<S> for Audit {
    type Service = Audited<S>;

    fn layer(&self, inner: S) -> Audited<S> {
        Audited { inner, audit: self.clone() }
    }
}

impl<S> Service<Request> for Audited<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Waking<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some((action, named)) = self.audit.operations.find(&request) else {
            return Either::Left(self.inner.call(request));
        };
        let address = request.extensions().get::<Peer>().map(|Peer(address)| *address);
        let (context, acting) = (Arc::clone(&self.audit.context), self.inner.call(request));
        let recorded = tokio::spawn(async move {
            let (answer, notes) = audit::observe(acting).await;
            let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            audit::record(&context, Act { action, status, address, named, notes }).await;
            answer
        });
        Either::Right(Box::pin(async move {
            match recorded.await {
                Ok(answer) => answer,
                Err(error) => match error.try_into_panic() {
                    // A panic of one request is answered where all of them are.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Nobody aborts it: only the end of the runtime does, and then nobody waits.
                    Err(_) => std::future::pending().await,
                },
            }
        }))
    }
}

impl Operations {
    fn of(document: &OpenApi) -> Self {
        let mut all = HashMap::<Method, HashMap<String, String>>::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::DELETE, &item.delete),
                (Method::PATCH, &item.patch),
            ] {
                let id = operation.as_ref().and_then(|operation| operation.operation_id.as_deref());
                let Some(id) = id.filter(|id| is_recorded(&method, id)) else { continue };
                all.entry(method).or_default().insert(path.clone(), id.to_owned());
            }
        }
        Self(all)
    }

    /// The operation that a request is for, if it is recorded, and what its path names.
    fn find(&self, request: &Request) -> Option<(String, Vec<Target>)> {
        let routes = self.0.get(request.method())?;
        let route = request.extensions().get::<MatchedPath>()?.as_str();
        Some((routes.get(route)?.clone(), named(route, request.uri().path())))
    }
}

fn is_recorded(method: &Method, id: &str) -> bool {
    if method == Method::GET { SECRET.contains(&id) } else { !LEFT_OUT.contains(&id) }
}

/// What a path names, in the words of whoever asked.
fn named(route: &str, path: &str) -> Vec<Target> {
    let pieces = route.split('/').zip(path.split('/'));
    let named = pieces.filter_map(|(piece, word)| {
        let parameter = piece.strip_prefix('{')?.strip_suffix('}')?;
        Some(Target::new(noun(parameter), percent_decode_str(word).decode_utf8_lossy()))
    });
    named.collect()
}

/// What a parameter of a path names.
fn noun(parameter: &str) -> &str {
    match parameter {
        "msg_id" | "reception_id" => "message",
        "event_type_name" => "event_type",
        other => other.strip_suffix("_id").unwrap_or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_that_changes_something_is_recorded_but_for_the_list() {
        let document = crate::api::openapi();
        let Operations(recorded) = Operations::of(&document);
        let named: Vec<&String> = recorded.values().flat_map(HashMap::values).collect();
        for id in SECRET {
            assert!(named.iter().any(|known| *known == id), "{id}");
        }
        let every = serde_json::to_string(&document).unwrap();
        for id in LEFT_OUT {
            assert!(!named.iter().any(|known| *known == id), "{id}");
            assert!(every.contains(&format!(r#""operationId":"{id}""#)), "{id} is an operation");
        }
        assert!(named.len() > 30, "{}", named.len());
    }

    #[test]
    fn a_path_names_things_in_the_words_of_the_log() {
        let route = "/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend";
        let named = named(route, "/api/v1/app/a%20b/msg/m/endpoint/e%00/resend");
        let told: Vec<_> = named.iter().map(|target| (&*target.noun, &*target.id)).collect();
        assert_eq!(told, [("app", "a b"), ("message", "m"), ("endpoint", "e\u{fffd}")]);
    }
}
