//! An identity provider on loopback: it signs in whoever the test says, without asking them.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The name and the secret of the server at the provider.
pub(super) const CLIENT: (&str, &str) = ("postrider", "the secret of the client");

/// See the module's documentation.
#[derive(Clone)]
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<Saying>,
}

/// What it says at this moment.
struct Saying {
    key: EcdsaKeyPair,
    kid: String,
    /// Claims that are put over the usual ones; null takes one away.
    claims: Value,
    /// Codes that were given out: nonce, challenge and address of each.
    codes: HashMap<String, [String; 3]>,
    /// How often its keys were asked for.
    fetches: usize,
    issuer: Option<String>,
}

#[expect(clippy::disallowed_methods, reason = "signatures of P-256 need randomness, and ring takes no other")]
fn random() -> SystemRandom {
    SystemRandom::new()
}

fn new_key() -> EcdsaKeyPair {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random()).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random()).unwrap()
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let saying = Saying {
            key: new_key(),
            kid: "one".into(),
            claims: json!({}),
            codes: HashMap::new(),
            fetches: 0,
            issuer: None,
        };
        let provider = Self { address, inner: Arc::new(Inner { state: Mutex::new(saying) }) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Its name.
    pub(super) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it says this of whoever comes.
    pub(super) fn say(&self, claims: Value) {
        self.inner.state.lock().unwrap().claims = claims;
    }

    /// From now on it describes itself as somebody else.
    pub(super) fn call_itself(&self, issuer: &str) {
        self.inner.state.lock().unwrap().issuer = Some(issuer.to_owned());
    }

    /// Takes another key.
    pub(super) fn exchange_key(&self) {
        let mut state = self.inner.state.lock().unwrap();
        (state.key, state.kid) = (new_key(), "two".into());
    }

    /// How often its keys were asked for.
    pub(super) fn fetches(&self) -> usize {
        self.inner.state.lock().unwrap().fetches
    }

    /// Signs somebody in who was sent to `authorization`: the code for the way back.
    pub(super) fn authorize(&self, authorization: &str) -> HashMap<String, String> {
        let url = url::Url::parse(authorization).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["client_id"], CLIENT.0);
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let mut state = self.inner.state.lock().unwrap();
        let code = format!("code-{}", state.codes.len());
        let kept = ["nonce", "code_challenge", "redirect_uri"].map(|name| asked[name].clone());
        state.codes.insert(code.clone(), kept);
        HashMap::from([("code".to_owned(), code), ("state".to_owned(), asked["state"].clone())])
    }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    let base = provider.issuer();
    let issuer = provider.inner.state.lock().unwrap().issuer.clone().unwrap_or_else(|| base.clone());
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{base}/authorize?tenant=1"),
        "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut state = provider.inner.state.lock().unwrap();
    state.fetches += 1;
    let point = state.key.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
    Json(json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": state.kid, "x": x, "y": y }] }))
}

/// Gives a token for a code, once, to the client that can prove that it asked.
async fn token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let pair = format!("{}:{}", CLIENT.0, CLIENT.1.replace(' ', "+"));
    let expected = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let is_client =
        headers.get(header::AUTHORIZATION).is_some_and(|sent| sent.as_bytes() == expected.as_bytes());
    let issuer = provider.issuer();
    let mut state = provider.inner.state.lock().unwrap();
    let asked = state.codes.remove(&form["code"]);
    let Some([nonce, challenge, back]) = asked.filter(|_| is_client) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let proof = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    if proof != challenge || form["redirect_uri"] != back || form["grant_type"] != "authorization_code" {
        return StatusCode::BAD_REQUEST.into_response();
    }
    Json(json!({ "access_token": "unused", "token_type": "Bearer", "id_token": state.sign(&issuer, &nonce) }))
        .into_response()
}

impl Saying {
    fn sign(&self, issuer: &str, nonce: &str) -> String {
        let mut claims = json!({
            "iss": issuer, "aud": CLIENT.0, "nonce": nonce, "sub": "1", "exp": 32_503_680_000_i64,
            "email": "bob@example.com", "email_verified": true, "name": "Bob",
        });
        let all = claims.as_object_mut().unwrap();
        for (name, value) in self.claims.as_object().unwrap() {
            if value.is_null() {
                all.remove(name)
            } else {
                all.insert(name.clone(), value.clone())
            };
        }
        let header = json!({ "alg": "ES256", "kid": self.kid });
        let signed = [&header, &claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = self.key.sign(&random(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}
