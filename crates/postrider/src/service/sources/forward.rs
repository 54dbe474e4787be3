//! The headers that go on with what was received.

use postrider_core::reception::Octets;

/// How often a request has come through servers like this one. An endpoint that leads back to a source would otherwise
/// make messages out of messages for ever.
const HOPS: &str = "postrider-hops";

/// Names that belong to the connection or frame the message. Sorted.
const OF_THE_CONNECTION: [&str; 11] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The count in the headers; 0 without one, and the largest of all for what is no count.
pub(in crate::service) fn hops(headers: &[(String, Octets)]) -> u32 {
    let Some((_, value)) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(HOPS)) else { return 0 };
    std::str::from_utf8(&value.0).ok().and_then(|text| text.parse().ok()).unwrap_or(u32::MAX)
}

/// Whether a header of this name, in lower case, can go on at all.
pub(in crate::service) fn is_forwarded(name: &str) -> bool {
    OF_THE_CONNECTION.binary_search(&name).is_err()
        && !name.starts_with("proxy-")
        && !name.starts_with("postrider-")
}

/// All headers that are the provider's, with their values, in their order. Names are in lower case, as the client that
/// sends them has them.
pub(super) fn as_it_came(headers: &[(String, Octets)], hops: u32) -> Vec<(String, String)> {
    let text = |value: &Octets| String::from(value.clone());
    let named: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
        .flat_map(|(_, value)| {
            let names = text(value).to_ascii_lowercase();
            names.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let stays = |(name, _): &(String, String)| is_forwarded(name) && !named.contains(name);
    let all = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value)));
    let mut kept: Vec<_> = all.filter(stays).collect();
    kept.push(passed(hops));
    kept
}

/// What is said of bytes that are signed by us: their type, as the provider said it.
pub(in crate::service) fn resigned(headers: &[(String, Octets)], hops: u32) -> Vec<(String, String)> {
    let is_of_content = |name: &String| matches!(name.as_str(), "content-type" | "content-encoding");
    let mut kept: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| is_of_content(name))
        .filter_map(|(name, value)| Some((name, std::str::from_utf8(&value.0).ok()?.to_owned())))
        .collect();
    kept.push(passed(hops));
    kept
}

fn passed(hops: u32) -> (String, String) {
    (HOPS.to_owned(), hops.saturating_add(1).to_string())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn headers(lines: &[(&str, &[u8])]) -> Vec<(String, Octets)> {
        lines
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Octets(Bytes::copy_from_slice(value))))
            .collect()
    }

    #[test]
    fn what_is_the_providers_goes_on_and_what_is_the_connections_does_not() {
        assert!(OF_THE_CONNECTION.is_sorted());
        let came = headers(&[
            ("host", b"us.example"),
            ("x-signature", b"sha256=\xff"),
            ("Connection", b"close, X-Hop"),
            ("X-hop", b"1"),
            ("x-signature", b"two"),
            ("content-length", b"2"),
            ("proxy-authorization", b"x"),
            ("Postrider-Hops", b"2"),
            ("Content-Type", b"text/plain"),
            ("user-agent", b"Provider/1"),
        ]);
        let kept = as_it_came(&came, hops(&came));
        let names: Vec<_> = kept.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x-signature", "x-signature", "content-type", "user-agent", "postrider-hops"]);
        assert_eq!(kept[0].1, "sha256=\u{ff}", "each character is a byte");
        assert_eq!(kept[4].1, "3");
        assert_eq!(
            resigned(&came, 0),
            [("content-type".into(), "text/plain".into()), ("postrider-hops".to_owned(), "1".to_owned())]
        );
    }

    #[test]
    fn what_is_no_count_is_the_end_of_the_way() {
        for (value, expected) in [("0", 0), ("7", 7), ("", u32::MAX), ("-1", u32::MAX), ("many", u32::MAX)] {
            assert_eq!(hops(&headers(&[(HOPS, value.as_bytes())])), expected, "{value}");
        }
        assert_eq!(hops(&[]), 0);
    }
}
