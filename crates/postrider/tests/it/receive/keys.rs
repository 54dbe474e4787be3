//! Presets of the operator's own, and keys that a provider publishes: fetched over TLS, kept, and exchanged when the
//! provider exchanges them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL64;
use postrider_egress::RootCertStore;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Scene;
use crate::support::{Names, Server, run};

const NAME: &str = "keys.acme.example";

/// A provider's key, as it signs tokens and as it publishes it.
struct Key {
    id: &'static str,
    pair: KeyPair,
}

impl Key {
    fn new(id: &'static str) -> Self {
        Self { id, pair: KeyPair::generate().unwrap() }
    }

    fn published(&self) -> Value {
        // Uncompressed: 4, then both coordinates.
        let point = self.pair.der_bytes();
        let (x, y) = (URL64.encode(&point[1..33]), URL64.encode(&point[33..65]));
        json!({"kty": "EC", "crv": "P-256", "kid": self.id, "x": x, "y": y})
    }

    fn token(&self) -> String {
        #[expect(clippy::disallowed_methods, reason = "a provider, not the server")]
        let rng = SystemRandom::new();
        let header = URL64.encode(json!({"alg": "ES256", "kid": self.id}).to_string());
        let claims = URL64.encode(json!({"iss": "acme"}).to_string());
        let signed = format!("{header}.{claims}");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pair.serialize_der(), &rng);
        let signature = pair.unwrap().sign(&rng, signed.as_bytes()).unwrap();
        format!("Bearer {signed}.{}", URL64.encode(signature))
    }
}

/// Where the provider publishes its keys.
struct Publisher {
    port: u16,
    roots: RootCertStore,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    async fn start() -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let mut roots = RootCertStore::empty();
        roots.add(authority.self_signed(&authority_key).unwrap().der().clone()).unwrap();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let params = CertificateParams::new([NAME.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, asked) = (Arc::<Mutex<String>>::default(), Arc::<AtomicUsize>::default());
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), answer.clone(), asked.clone()));
        Self { port, roots, answer, asked }
    }

    fn publish(&self, keys: &[&Key]) {
        let keys: Vec<_> = keys.iter().map(|key| key.published()).collect();
        self.say(200, &json!({"keys": keys}).to_string());
    }

    fn say(&self, status: u16, body: &str) {
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        *self.answer.lock().unwrap() = head + body;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(mut stream) = acceptor.accept(stream).await else { continue };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
        if head.starts_with(b"GET /keys HTTP/1.1\r\n") {
            asked.fetch_add(1, Ordering::SeqCst);
            let answer = answer.lock().unwrap().clone();
            stream.write_all(answer.as_bytes()).await.ok();
            stream.shutdown().await.ok();
        }
    }
}

/// A source of the preset `acme`, which the operator wrote, at a provider that publishes its keys.
async fn scene(publisher: &Publisher) -> (Scene, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presets.toml");
    let preset = format!(
        "[acme]
        title = 'Acme'
        event_type = ['json:kind']
        [acme.scheme]
        kind = 'jwt'
        algorithm = 'ES256'
        signature = ['header:authorization']
        prefix = 'Bearer '
        jwks = 'https://{NAME}:{}/keys'
        claims = {{ iss = 'acme' }}",
        publisher.port
    );
    std::fs::write(&file, preset).unwrap();
    let roots = publisher.roots.clone();
    let server = Server::builder()
        .set("presets", file.to_str().unwrap())
        .egress(|client| client.dns(Names::of([IpAddr::V4(Ipv4Addr::LOCALHOST)])).roots(roots))
        .start()
        .await;
    (Scene::on(server, "acme", json!({})).await, folder)
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_the_provider_has_others() {
    let publisher = Publisher::start().await;
    let (scene, _folder) = scene(&publisher).await;
    let (old, new) = (Key::new("2026"), Key::new("2027"));
    let body = r#"{"kind":"order.paid"}"#;
    let number = std::cell::Cell::new(0);
    // Different bodies: a repetition would be kept and go nowhere.
    let send = async |key: &Key| {
        number.set(number.get() + 1);
        let body = format!("{body}{}", " ".repeat(number.get()));
        scene.send(&[("authorization", key.token().as_str())], &body).await.status
    };

    publisher.publish(&[&old]);
    assert_eq!((send(&old).await, publisher.asked()), (200, 1));
    assert_eq!((send(&old).await, publisher.asked()), (200, 1), "it is kept");
    scene.receiver.wait("/hook", 2).await;
    let seen = &scene.receptions().await[0];
    assert_eq!((&seen["verdict"], &seen["eventType"]), (&json!("authenticated"), &json!("order.paid")));

    publisher.publish(&[&old, &new]);
    assert_eq!((send(&new).await, publisher.asked()), (401, 1), "anybody can name a key: not at once");
    scene.server.clock.advance(Duration::from_secs(61));
    assert_eq!((send(&new).await, publisher.asked()), (200, 2), "the set that lacks it is asked for anew");
    assert_eq!((send(&Key::new("2028")).await, publisher.asked()), (401, 2));
    assert_eq!((send(&Key::new("2026")).await, publisher.asked()), (401, 2), "the name alone is no proof");
}

#[tokio::test]
async fn while_no_key_can_be_had_the_provider_is_told_to_come_again() {
    let publisher = Publisher::start().await;
    let (scene, _folder) = scene(&publisher).await;
    let key = Key::new("2026");
    let send = async || scene.send(&[("authorization", key.token().as_str())], "{}").await;
    for (status, body) in [(500, "{}".to_owned()), (302, "{}".to_owned()), (200, " ".repeat(300 * 1024))] {
        publisher.say(status, &body);
        let before = publisher.asked();
        let reply = send().await;
        assert_eq!((reply.status, reply.header("retry-after").is_empty()), (503, false), "{reply}");
        assert_eq!(send().await.status, 503);
        assert_eq!(publisher.asked(), before + 1, "one that failed is not tried again at once");
        scene.server.clock.advance(Duration::from_secs(61));
    }
    assert!(scene.receptions().await.is_empty());
    publisher.publish(&[&key]);
    assert_eq!(send().await.status, 200);
}

#[tokio::test]
async fn what_presets_lack_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presets.toml");
    std::fs::write(&file, "[acme]\ntitle = 'Acme'\n[acme.scheme]\nkind = 'jwt'\n").unwrap();
    let setting = format!("presets={}", file.display());
    let tried = run(&folder.path().join("data"), &["serve", "--set", &setting]).await;
    assert_eq!(tried.code, Some(78), "{tried:?}");
    for part in ["presets.toml", "preset `acme`", "scheme"] {
        assert!(tried.stderr.contains(part), "{part} in {}", tried.stderr);
    }
}
