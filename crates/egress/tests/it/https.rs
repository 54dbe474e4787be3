//! TLS: what is trusted, and what the owner of an endpoint is told when it is not.

use std::sync::Arc;

use postrider_egress::{Client, Exchange, Failure, Phase, RootCertStore, Target, TlsProblem};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use crate::support::{GOOD, OK, PATIENT, Receiver, SHORT, Script, answer, only_good, read_request, send};

const NAME: &str = "receiver.example";

/// A certificate authority that the clients of these tests trust.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    roots: RootCertStore,
}

impl Authority {
    fn new() -> Self {
        Self::named("the trusted authority")
    }

    fn named(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).expect("a root");
        Self { issuer: Issuer::new(params, key), roots }
    }

    fn certify(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { certificate: certificate.der().clone(), key }
    }
}

struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

fn for_name(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("a name")
}

/// Serves HTTP over TLS as this identity.
async fn serving(identity: Identity) -> Receiver {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], key)
        .expect("a matching key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Receiver::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            while read_request(&mut stream).await.is_some() {
                if stream.write_all(OK.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    })
    .await
}

fn client(roots: RootCertStore) -> Client {
    Client::builder(only_good()).dns(Script::always([GOOD])).roots(roots).build()
}

fn target(host: &str, receiver: &Receiver) -> Target {
    Target::parse(&format!("https://{host}:{}/", receiver.port), &only_good()).expect("a good URL")
}

/// The problem of an endpoint that has this certificate, and its sentence.
async fn problem(authority: &Authority, identity: Identity) -> (TlsProblem, String) {
    let receiver = serving(identity).await;
    let exchange = send(&client(authority.roots.clone()), &target(NAME, &receiver), PATIENT).await;
    problem_of(exchange)
}

fn problem_of(exchange: Exchange) -> (TlsProblem, String) {
    let failure = exchange.result.expect_err("no answer");
    assert_eq!(failure.class(), "tls");
    let sentence = failure.to_string();
    match failure {
        Failure::Tls { problem, .. } => (problem, sentence),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn good_chain() {
    let authority = Authority::new();
    let receiver = serving(authority.certify(&for_name(NAME))).await;
    let client = client(authority.roots.clone());
    let target = target(NAME, &receiver);

    let first = send(&client, &target, PATIENT).await;
    assert!(!first.timings.tls.is_zero() && !first.reused);
    assert_eq!(answer(first).body.as_ref(), b"ok");
    let second = send(&client, &target, PATIENT).await;
    assert!(second.timings.tls.is_zero() && second.reused);
    assert_eq!((answer(second).status, receiver.accepted()), (200, 1));
}

#[tokio::test]
async fn certificate_for_an_address() {
    let authority = Authority::new();
    let receiver = serving(authority.certify(&for_name("127.0.0.1"))).await;
    let client = client(authority.roots.clone());
    assert_eq!(answer(send(&client, &target("127.0.0.1", &receiver), PATIENT).await).status, 200);
    // The address that a name leads to is not its name.
    let (problem, _) = problem_of(send(&client, &target(NAME, &receiver), PATIENT).await);
    assert_eq!(problem, TlsProblem::WrongName);
}

#[tokio::test]
async fn expired() {
    let authority = Authority::new();
    let mut params = for_name(NAME);
    params.not_after = date_time_ymd(2020, 1, 1);
    let (problem, sentence) = problem(&authority, authority.certify(&params)).await;
    assert_eq!(problem, TlsProblem::Expired);
    assert_eq!(sentence, "the TLS certificate has expired: renew it");
}

#[tokio::test]
async fn not_yet_valid() {
    let authority = Authority::new();
    let mut params = for_name(NAME);
    params.not_before = date_time_ymd(4000, 1, 1);
    assert_eq!(problem(&authority, authority.certify(&params)).await.0, TlsProblem::NotYetValid);
}

#[tokio::test]
async fn wrong_host() {
    let authority = Authority::new();
    let (problem, sentence) = problem(&authority, authority.certify(&for_name("other.example"))).await;
    assert_eq!(problem, TlsProblem::WrongName);
    assert_eq!(sentence, "the TLS certificate is not valid for this host name");
}

#[tokio::test]
async fn self_signed() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let key = KeyPair::generate().unwrap();
        let mut params = for_name(NAME);
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let (problem, sentence) = problem(&Authority::new(), Identity { certificate, key }).await;
        assert_eq!(problem, TlsProblem::UnknownIssuer, "{params:?}");
        assert!(sentence.contains("self-signed"));
    }
}

#[tokio::test]
async fn another_authority() {
    let identity = Authority::named("a private authority").certify(&for_name(NAME));
    assert_eq!(problem(&Authority::new(), identity).await.0, TlsProblem::UnknownIssuer);
}

#[tokio::test]
async fn does_not_speak_tls() {
    let receiver = Receiver::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        read_request(&mut stream).await;
    })
    .await;
    let exchange = send(&client(RootCertStore::empty()), &target(NAME, &receiver), PATIENT).await;
    assert_eq!(problem_of(exchange).0, TlsProblem::NotTls);
}

#[tokio::test]
async fn hangs_up_during_the_handshake() {
    let receiver = Receiver::start(|mut stream, _| async move {
        // Something must be read, or the connection would be reset instead of closed.
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await;
    })
    .await;
    let exchange = send(&client(RootCertStore::empty()), &target(NAME, &receiver), PATIENT).await;
    assert_eq!(problem_of(exchange).0, TlsProblem::Closed);
}

#[tokio::test]
async fn stalls_the_handshake() {
    let receiver = Receiver::answering("").await;
    let exchange = send(&client(RootCertStore::empty()), &target(NAME, &receiver), SHORT).await;
    assert!(exchange.timings.total < 5 * SHORT && exchange.timings.tls > SHORT / 2);
    assert!(matches!(exchange.result, Err(Failure::Timeout { phase: Phase::Tls })), "{exchange:?}");
}
