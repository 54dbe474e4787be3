//! The sites that may show the portal inside of their pages.

/// What the pages may load and run, but for who may show them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; require-trusted-types-for 'script'; trusted-types portal";

/// See the module's documentation.
///
/// A page of this very server may show the portal where its look says that it is a preview. Who could say so falsely gains
/// nothing: a page of the same origin reads the portal's pages without a frame, and nobody else is let in by it.
///
/// Each is a scheme, a host and perhaps a port, as the configuration has checked.
#[derive(Debug)]
pub(super) struct Embedders {
    origins: Vec<String>,
    policy: String,
    preview: String,
}

impl Embedders {
    pub(super) fn new(origins: &[String]) -> Self {
        let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
        // An icon of the operator's is on the operator's site.
        let images = origins.join(" ");
        let with =
            |ancestors: &str| format!("{POLICY}; img-src 'self' data: {images}; frame-ancestors {ancestors}");
        Self { origins: origins.to_vec(), policy: with(&ancestors), preview: with("'self'") }
    }

    /// What browsers are told. A preview is for pages of this server, and for no others.
    pub(super) fn policy(&self, is_preview: bool) -> &str {
        if is_preview { &self.preview } else { &self.policy }
    }

    /// Whether a page of this origin may show the portal, and may be told what happens in it.
    pub(super) fn allow(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| is_of(origin, allowed))
    }
}

/// Whether an origin, as browsers write it, is one of those that `allowed` means.
fn is_of(origin: &str, allowed: &str) -> bool {
    let (Some(one), Some(other)) = (split(origin), split(allowed)) else { return false };
    let is_host = match other.host.strip_prefix("*.") {
        Some(parent) => {
            one.host.strip_suffix(parent).is_some_and(|label| label.len() > 1 && label.ends_with('.'))
        }
        None => one.host == other.host,
    };
    let is_port = other.port == Some("*") || one.port == other.port;
    one.scheme == other.scheme && is_host && is_port
}

/// The parts of an origin. A scheme's own port is as good as none.
#[derive(PartialEq, Eq)]
struct Origin<'t> {
    scheme: &'t str,
    host: &'t str,
    port: Option<&'t str>,
}

fn split(text: &str) -> Option<Origin<'_>> {
    let (scheme, rest) = text.split_once("://")?;
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.*".contains(&byte));
    let is_port = port.is_none_or(|port| port == "*" || port.bytes().all(|byte| byte.is_ascii_digit()));
    let own = match scheme {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    (is_plain && is_port && !host.is_empty()).then_some(Origin {
        scheme,
        host,
        port: port.filter(|port| *port != own),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sites_that_are_named_are_allowed() {
        let named = [
            "https://app.example.com",
            "https://*.example.org",
            "http://localhost:*",
            "https://b.example:8443",
        ];
        let embedders = Embedders::new(&named.map(str::to_owned));
        for origin in [
            "https://app.example.com",
            "https://app.example.com:443",
            "https://a.example.org",
            "https://a.b.example.org",
            "http://localhost:3000",
            "http://localhost",
            "https://b.example:8443",
        ] {
            assert!(embedders.allow(origin), "{origin}");
        }
        for origin in [
            "",
            "null",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "https://evil-app.example.com",
            "https://example.org",
            "https://evilexample.org",
            "https://.example.org",
            "https://localhost:3000",
            "https://b.example",
            "https://app.example.com/",
            "https://a\"b.example.org",
        ] {
            assert!(!embedders.allow(origin), "{origin}");
        }
    }

    #[test]
    fn browsers_are_told_the_same() {
        assert!(Embedders::new(&[]).policy(false).ends_with("frame-ancestors 'none'"));
        let policy = Embedders::new(&["https://a.example".to_owned(), "http://localhost:*".to_owned()]);
        assert!(policy.policy(true).ends_with("frame-ancestors 'self'"));
        assert!(policy.policy(false).ends_with("frame-ancestors https://a.example http://localhost:*"));
        assert!(!policy.allow("https://b.example"));
    }
}
