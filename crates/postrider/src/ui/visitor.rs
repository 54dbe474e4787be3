//! Who looks at a page: what their browser keeps for it.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use crate::context::Context;

/// The value of a cookie.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|all| all.split("; ")).find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
}

/// Has the browser keep `value` for the pages at `path`, where no script can read it and no other site has it sent.
pub(crate) fn set_cookie(context: &Context, response: &mut Response, name: &str, value: &str, path: &str) {
    let end = if context.public_url().starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Strict{end}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}
