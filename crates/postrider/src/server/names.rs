//! The names that a server for development answers to.
//!
//! A page on the web can make a browser send requests to this machine: the page's own name is made to resolve to
//! 127.0.0.1 after it was loaded (DNS rebinding), and then the browser lets it read the answers. Such requests carry
//! that name in `Host`. A server that is reached under names of its operator's choice cannot tell, and is protected by
//! its keys; one for development is open in places, and only ever meant for this machine or the address it listens on.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Response, StatusCode};

const REFUSAL: &str = "{\"code\":\"misdirected_request\",\"detail\":\"`postrider dev` answers to localhost and to the \
    address it listens on, and to no other name. Use one of these, or `postrider serve`.\"}";

/// `router` as it answers at `listen` for development.
pub fn own_names_only(router: Router, listen: SocketAddr) -> Router {
    router.layer(from_fn_with_state(listen.ip(), answer))
}

async fn answer(State(listen): State<IpAddr>, request: Request, next: Next) -> Response<Body> {
    // Browsers always send a `Host`; what has none is not one.
    let is_own = |host: &HeaderValue| host.to_str().is_ok_and(|host| is_own(host, listen));
    if request.headers().get_all(HOST).iter().all(is_own) {
        return next.run(request).await;
    }
    let mut response = Response::new(Body::from(REFUSAL));
    *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Whether `host`, with or without a port, is this machine's own name or the address that it listens on. An address is
/// never a page's name; on a server that listens everywhere, all are its own.
fn is_own(host: &str, listen: IpAddr) -> bool {
    let name = without_port(host).trim_end_matches('.');
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = literal.parse::<IpAddr>() {
        return address.is_loopback() || address == listen || listen.is_unspecified();
    }
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_its_address_are_meant() {
        for (listen, host, expected) in [
            ("127.0.0.1", "127.0.0.1:8071", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.9.9.9:8071", true),
            ("127.0.0.1", "localhost:8071", true),
            ("127.0.0.1", "LocalHost", true),
            ("127.0.0.1", "localhost.", true),
            ("127.0.0.1", "app.localhost:8071", true),
            ("127.0.0.1", "[::1]:8071", true),
            ("127.0.0.1", "[::1]", true),
            ("127.0.0.1", "::1", true),
            ("192.0.2.1", "192.0.2.1:8071", true),
            ("192.0.2.1", "192.0.2.2:8071", false),
            ("127.0.0.1", "192.0.2.1", false),
            ("0.0.0.0", "192.0.2.1:8071", true),
            ("::", "[2001:db8::1]:8071", true),
            ("0.0.0.0", "example.com", false),
            ("127.0.0.1", "example.com:8071", false),
            ("127.0.0.1", "localhost.example.com", false),
            ("127.0.0.1", "127.0.0.1.example.com", false),
            ("127.0.0.1", "notlocalhost", false),
            ("127.0.0.1", "example.com:127.0.0.1", false),
            ("127.0.0.1", "localhost:x", false),
            ("127.0.0.1", "", false),
            ("127.0.0.1", ":8071", false),
        ] {
            assert_eq!(is_own(host, listen.parse().unwrap()), expected, "{host} at {listen}");
        }
    }

    #[test]
    fn the_refusal_is_json() {
        let body: serde_json::Value = serde_json::from_str(REFUSAL).unwrap();
        assert!(body["code"].is_string() && body["detail"].is_string());
    }
}
