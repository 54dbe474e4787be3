//! The database's URL: what the driver understands of it, and the TLS that it asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long one attempt to connect may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// After how long a connection on which nothing comes back is given up.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// A URL that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is not a URL of a PostgreSQL database.
    #[error("it must begin with postgres:// or postgresql://")]
    Scheme,
    /// A mode that would fall back to no encryption, or is unknown.
    #[error("sslmode must be disable or verify-full, not {0}")]
    Mode(String),
    /// The rest of it is wrong.
    #[error("the URL is wrong")]
    Url(#[source] tokio_postgres::Error),
    /// The file with the authorities cannot be used.
    #[error("read certificates from {path}")]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// There is nobody to trust.
    #[error("there are no root certificates to trust: name a file with sslrootcert")]
    NoRoots,
}

/// How to reach the database.
pub(super) struct Address {
    pub(super) config: Config,
    /// `None` for a plain connection.
    pub(super) tls: Option<MakeRustlsConnect>,
}

pub(super) fn parse(url: &str) -> Result<Address, AddressError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(AddressError::Scheme);
    }
    let (url, mode, roots) = split(url);
    let mut config: Config = url.parse().map_err(AddressError::Url)?;
    let encrypted = match mode.as_deref() {
        Some("disable") => false,
        Some("verify-full") => true,
        None => !config.get_hosts().iter().all(is_here),
        Some(other) => return Err(AddressError::Mode(other.to_owned())),
    };
    config
        .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable })
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(CONNECT_MAX)
        .keepalives_idle(SILENCE_MAX)
        .tcp_user_timeout(SILENCE_MAX);
    if config.get_application_name().is_none() {
        config.application_name("postrider");
    }
    let tls = if encrypted { Some(connector(roots.as_deref())?) } else { None };
    Ok(Address { config, tls })
}

/// The URL without the two parameters that are not for the driver: `sslmode` and `sslrootcert`.
fn split(url: &str) -> (String, Option<String>, Option<PathBuf>) {
    let Some((address, query)) = url.split_once('?') else { return (url.to_owned(), None, None) };
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => roots = Some(PathBuf::from(decoded(value))),
            _ => rest.push(pair),
        }
    }
    (format!("{address}?{}", rest.join("&")), mode, roots)
}

/// `%2F` and the like in a path; what is not such an escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escape = (*first == b'%').then(|| tail.get(..2)).flatten();
        let escaped = escape.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn connector(roots: Option<&Path>) -> Result<MakeRustlsConnect, AddressError> {
    let mut store = RootCertStore::empty();
    if let Some(path) = roots {
        let failed = |source| AddressError::Roots { path: path.to_owned(), source };
        let certificates = CertificateDer::pem_file_iter(path).map_err(failed)?;
        store.add_parsable_certificates(certificates.collect::<Result<Vec<_>, _>>().map_err(failed)?);
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if store.is_empty() {
        return Err(AddressError::NoRoots);
    }
    // The provider is passed explicitly: the process-wide default is a race between crates.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_without_tls_unless_the_url_says_so() {
        for (url, encrypted) in [
            ("postgres://u:p@localhost/db", false),
            ("postgres://u@127.0.0.1:5433/db?connect_timeout=1", false),
            ("postgres://u@[::1]/db", false),
            ("postgresql://u@%2Frun%2Fpostgresql/db", false),
            ("postgres://u@10.0.0.5/db?sslmode=disable", false),
            ("postgres://u@localhost,db.example/db?sslmode=disable&application_name=x", false),
        ] {
            assert_eq!(parse(url).unwrap().tls.is_some(), encrypted, "{url}");
        }
        for url in ["postgres://u@10.0.0.5/db", "postgres://u@db.example/db?sslmode=verify-full"] {
            // With no roots on the machine it is refused, which also proves that it would be encrypted.
            assert!(!matches!(parse(url), Ok(Address { tls: None, .. })), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(matches!(parse("mysql://u@localhost/db"), Err(AddressError::Scheme)));
        for mode in ["prefer", "allow", "require", "verify-ca", ""] {
            let url = format!("postgres://u@localhost/db?sslmode={mode}");
            assert!(matches!(parse(&url), Err(AddressError::Mode(_))), "{mode}");
        }
        let url = "postgres://u@localhost/db?sslmode=verify-full&sslrootcert=%2Fno%2Fsuch%20file";
        let Err(AddressError::Roots { path, .. }) = parse(url) else { panic!("there is no such file") };
        assert_eq!(path, Path::new("/no/such file"));
        assert!(matches!(parse("postgres://u@localhost/db?nonsense=1"), Err(AddressError::Url(_))));
    }
}
