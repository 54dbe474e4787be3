//! TLS: the configuration, the handshake, and what to tell when it fails.

use std::{io, sync::Arc, time::Duration};

use rustls::{CertificateError, ClientConfig, Error, RootCertStore, crypto::ring};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Failure, Phase, target::Origin};

/// Part of the total deadline, and never more than this of it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The root certificates of this machine, or those of the Mozilla programme where it has none.
///
/// An operator's own authority is added to the result.
#[must_use]
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (_, unusable) = roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        tracing::info!(
            unusable,
            errors = native.errors.len(),
            "no root certificates here, using the built-in ones"
        );
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

pub(crate) fn connector(roots: RootCertStore) -> TlsConnector {
    // The provider is passed explicitly: the process-wide default is a race between crates.
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// Shakes hands for the name or address of the URL, whichever address was dialled for it.
pub(crate) async fn handshake(
    connector: &TlsConnector,
    origin: &Origin,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Failure> {
    match timeout(HANDSHAKE_TIMEOUT, connector.connect(origin.server_name.clone(), stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(source)) => Err(Failure::Tls { problem: TlsProblem::of(&source), source }),
        Err(_) => Err(Failure::Timeout { phase: Phase::Tls }),
    }
}

/// What the owner of an endpoint may have to repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// Past its last day.
    #[error("the TLS certificate has expired: renew it")]
    Expired,
    /// Before its first day.
    #[error("the TLS certificate is not valid yet: check its start date")]
    NotYetValid,
    /// Issued for another name.
    #[error("the TLS certificate is not valid for this host name")]
    WrongName,
    /// Self-signed, from a private authority, or sent without its intermediate certificates.
    #[error(
        "the TLS certificate is not from a known authority: self-signed, or intermediate certificates are missing"
    )]
    UnknownIssuer,
    /// Withdrawn by its issuer.
    #[error("the TLS certificate has been revoked: replace it")]
    Revoked,
    /// Any other fault of the certificate.
    #[error("the TLS certificate is not usable for this endpoint")]
    BadCertificate,
    /// The endpoint ended the handshake: no protocol version in common, a client certificate wanted …
    #[error("the endpoint rejected the TLS handshake: TLS 1.2 or 1.3 without client certificate is needed")]
    Rejected,
    /// What answered does not speak TLS.
    #[error("the endpoint does not speak TLS on this port: check the port, or use http://")]
    NotTls,
    /// The connection ended during the handshake.
    #[error("the endpoint closed the connection during the TLS handshake")]
    Closed,
}

impl TlsProblem {
    fn of(error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
        match tls {
            Some(Error::InvalidCertificate(certificate)) => Self::of_certificate(certificate),
            Some(Error::NoCertificatesPresented | Error::UnsupportedNameType) => Self::BadCertificate,
            Some(Error::InvalidMessage(_)) => Self::NotTls,
            Some(_) => Self::Rejected,
            None => Self::Closed,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName
            }
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Revoked => Self::Revoked,
            // How the verifier reports a certificate that signed itself as an authority.
            CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => Self::UnknownIssuer,
            _ => Self::BadCertificate,
        }
    }
}
