//! A URL that may be sent to, parsed once.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::Arc,
};

use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use url::{Host, Position, Url};

use crate::{Policy, Refused};

/// The longest URL accepted, in bytes of the raw string.
const MAX_LENGTH: usize = 2048;

/// A parsed and permitted URL, with everything that a request to it repeats already in its final form.
///
/// A clone is a reference count. A target may be kept for as long as the URL of its endpoint: the client judges
/// it again, by its own policy, whenever it opens a connection.
#[derive(Clone)]
pub struct Target(Arc<Parts>);

struct Parts {
    url: String,
    origin: Arc<Origin>,
    path: Uri,
    host_header: HeaderValue,
}

/// Where connections go: what a pool may share between the paths of one server.
pub(crate) struct Origin {
    pub(crate) secure: bool,
    /// As the parser left it; names are lower-case ASCII without the trailing dot.
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) server_name: ServerName<'static>,
    /// Precomputed, so that a pool lookup does not hash the name.
    fingerprint: u64,
}

impl Target {
    /// Parses a URL and holds it against a policy.
    ///
    /// The raw string is checked first, because URL parsers repair what a person would call broken: they drop
    /// tabs and newlines, and read `http:\\host` and `http:///host` alike. The fragment is dropped.
    pub fn parse(raw: &str, policy: &Policy) -> Result<Self, Refused> {
        check_raw(raw)?;
        let mut url = Url::parse(raw)?;
        url.set_fragment(None);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Userinfo);
        }
        let origin = Origin::of(&url)?;
        policy.admit(&origin)?;

        let path = url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| Refused::Path)?;
        let host_header = origin.host_header(url.port()).ok_or(Refused::Host)?;
        Ok(Self(Arc::new(Parts { url: url.into(), origin: Arc::new(origin), path, host_header })))
    }

    /// The URL in canonical form: hosts in punycode, addresses in dotted form, no fragment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.url
    }

    /// The host in canonical form, without brackets or trailing dot.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.0.origin.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// The port, given or implied by the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.origin.port
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.origin.secure
    }

    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.0.origin
    }

    /// Path and query, as they stand in the request line.
    pub(crate) fn path(&self) -> Uri {
        self.0.path.clone()
    }

    pub(crate) fn host_header(&self) -> HeaderValue {
        self.0.host_header.clone()
    }
}

impl fmt::Debug for Target {
    /// Without path and query, which often carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin();
        let scheme = if origin.secure { "https" } else { "http" };
        write!(f, "Target({scheme}://{}:{})", origin.host, origin.port)
    }
}

impl Origin {
    fn of(url: &Url) -> Result<Self, Refused> {
        let secure = url.scheme() == "https";
        let port = url.port_or_known_default().ok_or(Refused::Scheme)?;
        let (host, server_name) = match url.host().ok_or(Refused::Host)? {
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let server_name = ServerName::try_from(name.to_owned()).map_err(|_| Refused::Host)?;
                // An address must never be carried as a name, where the address rules would not see it.
                if name.parse::<IpAddr>().is_ok() {
                    return Err(Refused::Host);
                }
                (Host::Domain(name.to_owned()), server_name)
            }
            Host::Ipv4(address) => (Host::Ipv4(address), IpAddr::from(address).into()),
            Host::Ipv6(address) => (Host::Ipv6(address), IpAddr::from(address).into()),
        };
        let mut hasher = DefaultHasher::new();
        (secure, port, &host).hash(&mut hasher);
        Ok(Self { secure, host, port, server_name, fingerprint: hasher.finish() })
    }

    /// `explicit` is the port where it is not the default of the scheme.
    fn host_header(&self, explicit: Option<u16>) -> Option<HeaderValue> {
        let value = match explicit {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        };
        HeaderValue::try_from(value).ok()
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
            && self.secure == other.secure
            && self.port == other.port
            && self.host == other.host
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint.hash(state);
    }
}

fn check_raw(raw: &str) -> Result<(), Refused> {
    if raw.len() > MAX_LENGTH {
        return Err(Refused::TooLong);
    }
    if raw.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Refused::Whitespace);
    }
    let (scheme, rest) = raw.split_once(':').ok_or(Refused::Scheme)?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(Refused::Scheme);
    }
    // `@` marks credentials even when they are empty, which the parsed form no longer shows.
    let authority =
        rest.trim_start_matches(['/', '\\']).split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Refused::Userinfo);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<Target, Refused> {
        Target::parse(raw, &Policy::strict())
    }

    #[test]
    fn canonical_forms() {
        for (raw, url, host, port, header) in [
            ("https://example.com", "https://example.com/", "example.com", 443, "example.com"),
            ("HTTPS://EXAMPLE.com./a?b#c", "https://example.com./a?b", "example.com", 443, "example.com"),
            ("hTtP://example.com:80/", "http://example.com/", "example.com", 80, "example.com"),
            (
                "https://example.com:8443/x",
                "https://example.com:8443/x",
                "example.com",
                8443,
                "example.com:8443",
            ),
            (
                "http://ex\u{430}mple.com/",
                "http://xn--exmple-4nf.com/",
                "xn--exmple-4nf.com",
                80,
                "xn--exmple-4nf.com",
            ),
            ("https://1.1.1.1/", "https://1.1.1.1/", "1.1.1.1", 443, "1.1.1.1"),
            (
                "https://[2606:4700::1111]:8443/",
                "https://[2606:4700::1111]:8443/",
                "2606:4700::1111",
                8443,
                "[2606:4700::1111]:8443",
            ),
        ] {
            let target = parse(raw).unwrap();
            assert_eq!(target.as_str(), url);
            assert_eq!(target.host(), host);
            assert_eq!(target.port(), port);
            assert_eq!(target.host_header(), header);
        }
    }

    #[test]
    fn request_target_is_path_and_query() {
        let target = parse("https://example.com/hooks/ä b".replace(' ', "%20").as_str()).unwrap();
        assert_eq!(target.path(), "/hooks/%C3%A4%20b");
        let target = parse("https://example.com?a=|b&c={d}#e").unwrap();
        assert_eq!(target.path(), "/?a=|b&c={d}");
    }

    #[test]
    fn refusals_of_the_raw_string() {
        let long = format!("https://example.com/{}", "a".repeat(MAX_LENGTH));
        for (raw, refused) in [
            ("", Refused::Scheme),
            ("example.com", Refused::Scheme),
            ("//example.com", Refused::Scheme),
            (" https://example.com", Refused::Whitespace),
            ("https://example.com/\u{a0}", Refused::Whitespace),
            ("https://exam\tple.com/", Refused::Whitespace),
            ("https://example.com/\0", Refused::Whitespace),
            ("https://@example.com/", Refused::Userinfo),
            ("https://user@example.com/", Refused::Userinfo),
            ("https:user:password@example.com/", Refused::Userinfo),
            ("https://a..b.com/", Refused::Host),
            (&long, Refused::TooLong),
        ] {
            assert_eq!(parse(raw).unwrap_err(), refused, "{raw:?}");
        }
        assert!(parse("https://example.com/@handle?mail=a@b.c").is_ok());
    }

    #[test]
    fn https_only_and_strict_ports() {
        let policy =
            Policy::new(crate::Settings { https_only: true, strict_ports: true, ..Default::default() })
                .unwrap();
        assert_eq!(Target::parse("http://example.com/", &policy).unwrap_err(), Refused::HttpsRequired);
        assert_eq!(Target::parse("https://example.com:8443/", &policy).unwrap_err(), Refused::Port(8443));
        assert!(Target::parse("https://example.com/", &policy).is_ok());
    }

    #[test]
    fn debug_hides_the_path() {
        let target = parse("https://example.com/secret?token=secret").unwrap();
        assert!(!format!("{target:?}").contains("secret"));
    }
}
