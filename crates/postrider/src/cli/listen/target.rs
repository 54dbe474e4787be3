//! Where requests go: to this machine, unless the user says that it may be another.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use postrider_egress::{Policy, Refused, Settings, Target};
use serde::Deserialize;
use url::Url;

use crate::service::listen::pattern;

/// The port where none is said.
const PORT: u16 = 3_000;
/// Bytes of a file of routes.
const FILE_BYTES: u64 = 1024 * 1024;

/// Why something is no target.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It is no URL.
    #[error("{0:?} is no target: give a URL, a port, a path, or a host with a port")]
    Form(String),
    /// It may not be sent to.
    #[error("{0:?} cannot be sent to")]
    Refused(String, #[source] Refused),
    /// It is another machine's.
    #[error(
        "{0:?} is not on this machine: requests carry signatures and credentials; --allow-remote sends them all the same"
    )]
    Remote(String),
    /// It is no route.
    #[error("{0:?} is no route, such as 'invoice.*=http://localhost:3000/billing'")]
    Route(String),
    /// The file cannot be used.
    #[error("{0}: {1}")]
    File(String, String),
}

/// Routes as they are given: patterns of event types, and texts of targets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Routes(Vec<(String, String)>);

/// What a file of routes has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    routes: BTreeMap<String, String>,
}

impl Routes {
    /// Those of the command line, and behind them those of a file: there, longer patterns come first.
    pub(super) fn read(given: &[String], file: Option<&Path>) -> Result<Self, Error> {
        let route = |text: &String| {
            let (pattern, target) = text.split_once('=').ok_or_else(|| Error::Route(text.clone()))?;
            Ok((pattern.to_owned(), target.to_owned()))
        };
        let mut routes = given.iter().map(route).collect::<Result<Vec<_>, Error>>()?;
        if let Some(path) = file {
            let failed = |why: String| Error::File(path.display().to_string(), why);
            let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
            if length > FILE_BYTES {
                return Err(failed("is too large".to_owned()));
            }
            let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
            let file: File = toml::from_str(&text).map_err(|error| failed(error.to_string()))?;
            let mut more: Vec<_> = file.routes.into_iter().collect();
            more.sort_by_key(|(pattern, _)| std::cmp::Reverse((!pattern.ends_with('*'), pattern.len())));
            routes.extend(more);
        }
        Ok(Self(routes))
    }
}

/// All targets.
#[derive(Debug)]
pub(super) struct Targets {
    policy: Policy,
    routes: Vec<(String, Url)>,
    rest: Option<Url>,
}

impl Targets {
    /// Reads and judges them, before anything is sent.
    pub(super) fn new(to: Option<&str>, routes: Routes, allow_remote: bool) -> Result<Self, Error> {
        let policy = policy(allow_remote);
        let read = |text: &str| target(text, &policy, allow_remote);
        let routes = routes.0.into_iter().map(|(pattern, text)| Ok((pattern, read(&text)?)));
        let routes = routes.collect::<Result<_, Error>>()?;
        let rest = to.map(read).transpose()?;
        Ok(Self { policy, routes, rest })
    }

    /// Whether requests are only printed.
    pub(super) fn is_empty(&self) -> bool {
        self.routes.is_empty() && self.rest.is_none()
    }

    /// Where a request of this type goes, with what stood behind the address of its source.
    pub(super) fn of(
        &self,
        event_type: &str,
        tail: &str,
        query: Option<&str>,
    ) -> Option<Result<Target, Refused>> {
        let routed = self.routes.iter().find(|(pattern, _)| pattern::matches(pattern, event_type));
        let mut url = routed.map(|(_, url)| url).or(self.rest.as_ref())?.clone();
        // What a sender wrote must not lead out of the path that the developer gave.
        if tail.len() > 1 && !climbs(tail) {
            let path = format!("{}{tail}", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            let whole = url.query().map_or_else(|| query.to_owned(), |own| format!("{own}&{query}"));
            url.set_query(Some(&whole));
        }
        Some(Target::parse(url.as_str(), &self.policy))
    }
}

/// Whether a path has a segment that stands for the folder above, however it is written.
fn climbs(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    })
}

/// What a command of a developer may reach: this machine and the public, and private networks too if `remote`.
pub(super) fn policy(remote: bool) -> Policy {
    if !remote {
        return Policy::with_loopback();
    }
    let allow: [IpNet; 6] = [
        Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
        Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into(),
        Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8).into(),
        Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12).into(),
        Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16).into(),
        Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7).into(),
    ];
    Policy::new(Settings { allow: allow.to_vec(), ..Settings::default() }).expect("no NAT64 prefix is set")
}

fn target(text: &str, policy: &Policy, allow_remote: bool) -> Result<Url, Error> {
    let form = || Error::Form(text.to_owned());
    let url = whole(text).ok_or_else(form)?;
    let target = Target::parse(&url, policy).map_err(|refused| match refused {
        Refused::Address | Refused::Name if !allow_remote => Error::Remote(text.to_owned()),
        refused => Error::Refused(text.to_owned(), refused),
    })?;
    if !allow_remote && !is_here(&target.host()) {
        return Err(Error::Remote(text.to_owned()));
    }
    Url::parse(target.as_str()).map_err(|_| form())
}

/// The URL that a short form means.
fn whole(text: &str) -> Option<String> {
    let host = |rest: &str| format!("http://localhost:{rest}");
    if text.contains("://") {
        return Some(text.to_owned());
    }
    if text.starts_with('/') {
        return Some(host(&format!("{PORT}{text}")));
    }
    let (authority, path) = text.split_at(text.find('/').unwrap_or(text.len()));
    if authority.parse::<u16>().is_ok() {
        return Some(host(&format!("{authority}{path}")));
    }
    let (_, port) = authority.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    Some(format!("http://{authority}{path}"))
}

/// Whether a host can only be this machine. Names are held to addresses of this machine when they are dialled.
fn is_here(host: &str) -> bool {
    let is_name = host == "localhost" || host.ends_with(".localhost");
    is_name || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, allow_remote: bool) -> Result<String, Error> {
        target(text, &policy(allow_remote), allow_remote).map(String::from)
    }

    #[test]
    fn short_forms_mean_this_machine() {
        for (text, url) in [
            ("http://localhost:3000/hook", "http://localhost:3000/hook"),
            ("4242", "http://localhost:4242/"),
            ("4242/hook", "http://localhost:4242/hook"),
            ("/hook", "http://localhost:3000/hook"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("[::1]:8080/a", "http://[::1]:8080/a"),
            ("app.localhost:80/a?b=c", "http://app.localhost/a?b=c"),
        ] {
            assert_eq!(read(text, false).unwrap(), url, "{text}");
        }
        for text in ["", "hook", "host", "99999", "ftp://localhost/", "http://"] {
            assert!(read(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn another_machine_is_refused_unless_it_is_allowed() {
        for text in
            ["https://example.com/", "example.com:80", "http://10.0.0.1/", "http://localhost.example.com/"]
        {
            assert!(matches!(read(text, false), Err(Error::Remote(_))), "{text}");
            assert!(read(text, true).is_ok(), "{text}");
        }
        assert!(read("http://169.254.169.254/", true).is_err(), "not even then");
    }

    #[test]
    fn routes_go_before_the_rest_and_keep_what_was_behind_the_address() {
        let given = ["invoice.paid=3001/paid".to_owned(), "invoice.*=3001".to_owned()];
        let routes = Routes::read(&given, None).unwrap();
        let targets = Targets::new(Some("3000/hook/"), routes, false).unwrap();
        let of =
            |kind: &str, tail, query| targets.of(kind, tail, query).unwrap().unwrap().as_str().to_owned();
        assert_eq!(of("invoice.paid", "", None), "http://localhost:3001/paid");
        assert_eq!(of("invoice.late", "/", None), "http://localhost:3001/");
        assert_eq!(of("push", "/orders", Some("shop=7")), "http://localhost:3000/hook/orders?shop=7");
        for tail in ["/../admin", "/a/%2E%2e/admin", "/./x", "/a\\..\\b"] {
            assert_eq!(of("push", tail, None), "http://localhost:3000/hook/", "{tail}");
        }
        assert!(Routes::read(&["invoice".to_owned()], None).is_err());
    }

    #[test]
    fn a_file_has_routes_in_a_table() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("routes.toml");
        std::fs::write(&path, "[routes]\n\"*\" = \"1\"\n\"invoice.*\" = \"2\"\n\"invoice.paid\" = \"3\"\n")
            .unwrap();
        let Routes(routes) = Routes::read(&[], Some(&path)).unwrap();
        let order: Vec<_> = routes.iter().map(|(pattern, _)| pattern.as_str()).collect();
        assert_eq!(order, ["invoice.paid", "invoice.*", "*"]);
        std::fs::write(&path, "[route]\n").unwrap();
        assert!(Routes::read(&[], Some(&path)).is_err());
    }
}
