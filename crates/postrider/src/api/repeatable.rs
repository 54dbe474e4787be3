//! Idempotency keys as callers send them.
//!
//! A key counts for one caller's environment (and application, if its key is bound to one), one method and one path.
//! What it is remembered under is a hash of all of these, each with its length, so that no two can run together.

use axum::extract::FromRequestParts;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri};
use postrider_core::limits;
use postrider_core::scope::{Identity, Reach};
use ring::digest::{Context as Hasher, SHA256, digest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::caller::Caller;
use super::problem::Problem;
use crate::context::Context;
use crate::intake::Remember;
use crate::service::once::Once;

const HEADER: &str = "idempotency-key";

/// A request that may come again, if it has an `idempotency-key`.
pub(crate) struct Repeatable(Option<Request>);

struct Request {
    key: HeaderValue,
    method: Method,
    uri: Uri,
}

impl FromRequestParts<Context> for Repeatable {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Context) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        if !(1..=limits::IDEMPOTENCY_KEY_BYTES).contains(&key.len()) {
            let message = format!("must have 1 to {} bytes", limits::IDEMPOTENCY_KEY_BYTES);
            return Err(Problem::refused("header", HEADER, "value_error", message));
        }
        Ok(Self(Some(Request { key: key.clone(), method: parts.method.clone(), uri: parts.uri.clone() })))
    }
}

impl Repeatable {
    /// What to remember the request by, given its body.
    pub(crate) fn remember(&self, caller: Caller, body: &[u8]) -> Option<Remember> {
        let Request { key, method, uri } = self.0.as_ref()?;
        let key = key_hash(caller.0, method, uri.path(), key.as_bytes());
        Some(Remember { key, request: bytes(digest(&SHA256, body)) })
    }

    /// How to remember the answer, which has `status` and the body that `answer` makes.
    pub(crate) fn once<T>(
        &self,
        caller: Caller,
        body: &[u8],
        status: StatusCode,
        answer: fn(&T) -> Bytes,
    ) -> Option<Once<T>> {
        let remember = self.remember(caller, body)?;
        Some(Once { remember, status: status.as_u16(), body: answer })
    }
}

impl IntoParams for Repeatable {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let key = ParameterBuilder::new()
            .name(HEADER)
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "Makes the request safe to send again: for 12 hours the same key gets the same answer.",
            ))
            .schema(Some(text.min_length(Some(1)).max_length(Some(limits::IDEMPOTENCY_KEY_BYTES)).build()));
        vec![key.build()]
    }
}

fn key_hash(identity: Identity, method: &Method, path: &str, key: &[u8]) -> [u8; 32] {
    let mut hasher = Hasher::new(&SHA256);
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    let reach = identity.reach();
    let (environment, app) = match &reach {
        Reach::Instance => (None, None),
        Reach::Environment(environment) => (Some(environment), None),
        Reach::App(environment, app) => (Some(environment), Some(app)),
    };
    part(environment.map_or(&[], |id| id.as_bytes()));
    part(app.map_or(&[], |id| id.as_bytes()));
    part(method.as_str().as_bytes());
    part(path.as_bytes());
    part(key);
    bytes(hasher.finish())
}

fn bytes(digest: ring::digest::Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use postrider_core::id::{AppId, EnvironmentId};

    use super::*;

    #[test]
    fn each_part_counts_and_none_runs_into_the_next() {
        let environment = EnvironmentId::from_bytes([1; 20]);
        let app = |byte| Identity::app_key(environment, AppId::from_bytes([byte; 20]));
        let own = Identity::environment_key(environment);
        let requests = [
            (own, "/a", "key"),
            (Identity::environment_key(EnvironmentId::from_bytes([2; 20])), "/a", "key"),
            (Identity::instance_key(), "/a", "key"),
            (app(1), "/a", "key"),
            (app(2), "/a", "key"),
            (own, "/ak", "ey"),
            (own, "/a", "keY"),
        ];
        let hash = |(identity, path, key): (Identity, &str, &str)| {
            key_hash(identity, &Method::POST, path, key.as_bytes())
        };
        let hashes: HashSet<_> = requests.iter().map(|request| hash(*request)).collect();
        assert_eq!(hashes.len(), requests.len());
        assert!(hashes.contains(&hash(requests[0])), "the same request has the same hash");
    }
}
