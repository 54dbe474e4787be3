//! The customers' portal.

use super::section::section;

section! {
    /// The portal, in which customers look after their own endpoints: at `/portal`, and inside of other sites' pages.
    Portal at "portal" {
        /// The sites that may show the portal inside of their own pages, such as `https://app.example.com`. A port may be
        /// `*`, which means any, and so may the first label of a host. Without one, no page may, and the portal is opened in
        /// a tab of its own; `postrider dev` lets in whatever runs on the same machine.
        origins: Vec<String> = Vec::new(),
    }
}

/// Sites that can be named.
pub(super) const MOST: usize = 100;

/// Whether `text` names a site: a scheme and a host, perhaps a port, and nothing that would end a directive of a policy.
pub(super) fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest.filter(|_| text.len() <= 255) else { return false };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let is_port = port.is_none_or(|port| port == "*" || port.parse::<u16>().is_ok_and(|port| port > 0));
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_letter));
    is_port && is_name && (host == name || name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_a_scheme_a_host_and_perhaps_a_port() {
        for text in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:*",
            "http://127.0.0.1:3000",
            "https://*.example.com",
        ] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "*",
            "https://",
            "https://*",
            "https://*.com",
            "https://App.example.com",
            "https://app.example.com/",
            "https://app.example.com:0",
            "https://app.example.com:",
            "https://app.example.com; script-src *",
            "https://a b",
            "app.example.com",
            "ftp://app.example.com",
            "https://a..b",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
