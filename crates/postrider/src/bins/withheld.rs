//! What is left out of a request that is kept: the bin's own key. Its viewers send it, with whatever they send to the bin
//! itself, and whoever reads by a shared link would find it there.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::viewer::COOKIE;
use crate::service::bins::VIEW_KEY_PREFIX;

/// What stands in the place of a key.
const WITHHELD: &[u8] = b"Bearer (a view key, withheld)";

/// Names and values, in order, without view keys.
pub(super) fn pairs(headers: &HeaderMap) -> Vec<(String, Bytes)> {
    let pair = |(name, value)| Some((HeaderName::to_string(name), shown(name, value)?));
    headers.iter().filter_map(pair).collect()
}

/// A value as it is kept; `None` where nothing is left of it.
fn shown(name: &HeaderName, value: &HeaderValue) -> Option<Bytes> {
    let bytes = value.as_bytes();
    if name == header::COOKIE {
        return without_key(bytes);
    }
    let is_key = name == header::AUTHORIZATION && is_view_key(bytes);
    Some(Bytes::copy_from_slice(if is_key { WITHHELD } else { bytes }))
}

fn is_view_key(value: &[u8]) -> bool {
    let Some((scheme, key)) = value.split_at_checked("Bearer ".len()) else { return false };
    scheme.eq_ignore_ascii_case(b"Bearer ") && key.trim_ascii().starts_with(VIEW_KEY_PREFIX.as_bytes())
}

/// Cookies but that of the bin.
fn without_key(cookies: &[u8]) -> Option<Bytes> {
    let is_key = |cookie: &&[u8]| {
        let name = cookie.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii() == COOKIE.as_bytes()
    };
    let all: Vec<_> = cookies.split(|byte| *byte == b';').collect();
    if !all.iter().any(is_key) {
        return Some(Bytes::copy_from_slice(cookies));
    }
    let others: Vec<_> = all.into_iter().filter(|cookie| !is_key(cookie)).map(<[u8]>::trim_ascii).collect();
    (!others.is_empty()).then(|| others.join(&b"; "[..]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_key_is_not_kept_and_all_else_is() {
        for (name, value, kept) in [
            ("cookie", "bin_key=bvk_a", None),
            ("cookie", "a=b; bin_key=bvk_a; c=d", Some("a=b; c=d")),
            ("cookie", "a=b;bin_key=bvk_a", Some("a=b")),
            ("cookie", "a=b;  c=bin_key", Some("a=b;  c=bin_key")),
            ("authorization", "Bearer bvk_a", Some("Bearer (a view key, withheld)")),
            ("authorization", "bearer  bvk_a", Some("Bearer (a view key, withheld)")),
            ("authorization", "Bearer other", Some("Bearer other")),
            ("authorization", "Basic", Some("Basic")),
            ("x-a", "bin_key=b; c=d", Some("bin_key=b; c=d")),
        ] {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            let expected = kept.map(|kept| (name.to_owned(), Bytes::from_static(kept.as_bytes())));
            assert_eq!(pairs(&headers), expected.into_iter().collect::<Vec<_>>(), "{name}: {value}");
        }
    }
}
