//! Who asks, where a proxy asks on their behalf.
//!
//! A proxy adds the address of who has asked it to `x-forwarded-for`. Anybody may write such a header, so it counts only
//! as far as its last words are those of proxies that the operator trusts: read from the end, the first address that is
//! not such a proxy's own is the client's.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The header, as proxies of all kinds write it. RFC 7239 has another name and form for it, which few of them use.
const HEADER: &str = "x-forwarded-for";

/// The client of a request with these headers that came from `peer`.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_proxy = |address: IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    let mut client = peer;
    // As with every header that may come more than once, the last line's last word is the newest.
    for line in headers.get_all(HEADER).iter().rev() {
        for word in line.as_bytes().rsplit(|byte| *byte == b',') {
            if !is_proxy(client) {
                return client;
            }
            // A proxy that knows no address says so with another word: then it is the last one that is known.
            // Nobody elsewhere asks for this machine itself, which some acts are kept to.
            let may_be = |address: &IpAddr| !address.is_loopback() || peer.to_canonical().is_loopback();
            let told = std::str::from_utf8(word).ok().and_then(|word| address(word.trim()));
            let Some(told) = told.filter(may_be) else { return client };
            client = told;
        }
    }
    client
}

/// An address, which some proxies write with a port, and one of IPv6 in brackets.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).unwrap_or(word);
    let with_port = || word.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_words_of_trusted_proxies_count() {
        let trusted: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let cases: [(&str, &[&str], &str); 16] = [
            // Without a proxy, or with one that is not trusted, nothing that is written counts.
            ("203.0.113.1", &[], "203.0.113.1"),
            ("203.0.113.1", &["198.51.100.1"], "203.0.113.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What a client has made up stands before what the proxies have added.
            ("10.0.0.1", &["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["127.0.0.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["127.0.0.1", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1,10.0.0.3", "10.0.0.2"], "198.51.100.1"),
            // All are proxies: a request of one of them.
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["127.0.0.1"], "10.0.0.1"),
            ("10.0.0.1", &["::ffff:127.0.0.1, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::1]:4711"], "2001:db8::1"),
        ];
        for (peer, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(HEADER, HeaderValue::from_str(line).unwrap());
            }
            let found = client(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found.to_canonical(), expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
        }
        assert_eq!(address("[2001:db8::1]"), "2001:db8::1".parse().ok());
    }
}
