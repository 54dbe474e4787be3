//! Who is asking.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use postrider_core::scope::Identity;

use super::problem::Problem;
use crate::context::Context;

/// The identity behind a request: that of the key in `Authorization: Bearer …`, or without one that of its connection,
/// where the server knows it (as on the control socket).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) Identity);

impl FromRequestParts<Context> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Problem> {
        let Some(token) = bearer(&parts.headers) else {
            return parts.extensions.get::<Identity>().copied().map(Self).ok_or_else(refused);
        };
        let identity = context.keyring.identify(token, context.now()).await?;
        identity.map(Self).ok_or_else(refused)
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
