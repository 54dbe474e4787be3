//! Who is asking, and which key they hold.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use postrider_core::audit::Actor;
use postrider_core::event_type::Sight;
use postrider_core::key::Key;
use postrider_core::scope::Identity;

use super::problem::Problem;
use crate::context::Context;
use crate::service::audit;

/// The identity behind a request: that of the key in `Authorization: Bearer …`, or without one that of its connection,
/// where the server knows it (as on the control socket).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) Identity);

impl FromRequestParts<Context> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
        match Holder::from_request_parts(parts, context).await?.0 {
            Some(key) => Ok(Self(key.identity)),
            None => parts.extensions.get::<Identity>().copied().map(Self).ok_or_else(refused),
        }
    }
}

/// The key behind a request; none where the server knows the caller by the connection.
#[derive(Debug, Clone)]
pub(crate) struct Holder(pub(crate) Option<Arc<Key>>);

impl Holder {
    /// Which event types the caller sees.
    pub(crate) fn sight(&self) -> Sight {
        self.0.as_ref().map_or(Sight::Everything, |key| key.sight())
    }
}

impl FromRequestParts<Context> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
        let holder = match bearer(&parts.headers) {
            Some(token) => {
                Self(Some(context.keyring.holder(token, context.now()).await?.ok_or_else(refused)?))
            }
            None if parts.extensions.get::<Identity>().is_some() => Self(None),
            None => return Err(refused()),
        };
        // Not for those that nobody records, of which there are thousands a second.
        if audit::is_observed() {
            match (&holder.0, parts.extensions.get::<Identity>()) {
                (Some(key), _) => audit::by(audit::holder(key), audit::environment(key.identity)),
                (None, Some(identity)) => audit::by(Actor::local(), audit::environment(*identity)),
                (None, None) => {}
            }
        }
        Ok(holder)
    }
}

/// The token in `Authorization`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// One answer for no key, an unknown, a revoked and an expired one.
fn refused() -> Problem {
    let detail = "Send a valid API key as `Authorization: Bearer …`.";
    Problem::plain(StatusCode::UNAUTHORIZED, "authentication_failed", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_follows_the_scheme() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(bearer(&headers), token, "{value:?}");
        }
    }
}
