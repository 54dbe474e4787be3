use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const EXPECTED: Expected<'_> =
    Expected { issuer: "https://id.example", client_id: "postrider", nonce: "n-1", now: NOW };

/// A provider with one key of P-256.
struct Signer(EcdsaKeyPair);

#[expect(clippy::disallowed_methods, reason = "signatures of P-256 need randomness, and ring takes no other")]
fn random() -> SystemRandom {
    SystemRandom::new()
}

impl Signer {
    fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random()).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random()).unwrap())
    }

    fn key(&self, kid: &str) -> Value {
        let point = self.0.public_key().as_ref();
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": encode(&point[1..33]), "y": encode(&point[33..]) })
    }

    fn keys(&self) -> Vec<u8> {
        json!({ "keys": [self.key("k1")] }).to_string().into_bytes()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&random(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" })
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example", "sub": "248289761001", "aud": "postrider", "nonce": "n-1",
        "exp": NOW.as_seconds() + 300, "iat": NOW.as_seconds(),
        "email": "Ada@Example.com", "email_verified": true, "name": "Ada",
        "groups": ["ops", "all"], "realm_access": { "roles": ["admin"] }, "a.b": "whole",
    })
}

#[test]
fn a_genuine_token_is_taken() {
    let signer = Signer::new();
    let read = verify(&signer.sign(&header(), &claims()), &signer.keys(), EXPECTED).unwrap();
    assert_eq!(read.subject.subject, "248289761001");
    assert_eq!(read.email.as_ref().map(Email::as_str), Some("ada@example.com"));
    assert_eq!(read.name.as_deref(), Some("Ada"));
    for (path, expected) in [
        ("groups", &["ops", "all"][..]),
        ("realm_access.roles", &["admin"]),
        ("a.b", &["whole"]),
        ("sub", &["248289761001"]),
        ("none", &[]),
        ("realm_access.none.deeper", &[]),
        ("", &[]),
    ] {
        assert_eq!(read.texts(path), expected, "{path}");
    }
    let several = with(&[("aud", json!(["other", "postrider"])), ("azp", json!("postrider"))]);
    assert!(verify(&signer.sign(&header(), &several), &signer.keys(), EXPECTED).is_ok());
    let nameless = signer.sign(&json!({ "alg": "ES256" }), &claims());
    assert!(verify(&nameless, &signer.keys(), EXPECTED).is_ok(), "there is only one key");
}

/// The claims with some of them replaced; `null` takes one away.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    let all = claims.as_object_mut().unwrap();
    for (name, value) in changes {
        if value.is_null() {
            all.remove(*name)
        } else {
            all.insert((*name).to_owned(), value.clone())
        };
    }
    claims
}

#[test]
fn a_claim_that_is_not_right_is_refused() {
    let signer = Signer::new();
    let now = NOW.as_seconds();
    for (name, values) in [
        ("iss", vec![json!("https://id.example/"), json!("https://evil.example"), json!(7), Value::Null]),
        ("aud", vec![json!("other"), json!(["other"]), json!([]), json!({}), Value::Null]),
        ("azp", vec![json!("other"), json!(7)]),
        ("nonce", vec![json!("n-2"), json!(""), Value::Null]),
        ("exp", vec![json!(now - 60), json!((now + 300).to_string()), json!(-1), json!(1e300), Value::Null]),
        ("iat", vec![json!(now + 61), json!("today")]),
        ("nbf", vec![json!(now + 61), json!("today")]),
        ("sub", vec![json!(""), json!("a\u{0}b"), json!(7), json!("x".repeat(256)), Value::Null]),
    ] {
        for value in values {
            let token = signer.sign(&header(), &with(&[(name, value.clone())]));
            assert_eq!(
                verify(&token, &signer.keys(), EXPECTED),
                Err(Invalid::Claim(name)),
                "{name}: {value}"
            );
        }
    }
    let for_several = signer.sign(&header(), &with(&[("aud", json!(["postrider", "other"]))]));
    assert_eq!(verify(&for_several, &signer.keys(), EXPECTED), Err(Invalid::Claim("azp")));
}

#[test]
fn an_address_counts_only_if_the_provider_vouches_for_it() {
    let signer = Signer::new();
    for (verified, expected) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!(1), false),
        (Value::Null, false),
    ] {
        let token = signer.sign(&header(), &with(&[("email_verified", verified.clone())]));
        let read = verify(&token, &signer.keys(), EXPECTED).unwrap();
        assert_eq!(read.email.is_some(), expected, "{verified}");
    }
}

#[test]
fn a_token_chooses_neither_its_algorithm_nor_its_key() {
    let (signer, other) = (Signer::new(), Signer::new());
    for alg in ["none", "None", "HS256", "ES384", "es256", ""] {
        let token = signer.sign(&json!({ "alg": alg, "kid": "k1" }), &claims());
        assert_eq!(verify(&token, &signer.keys(), EXPECTED), Err(Invalid::Algorithm), "{alg}");
    }
    let confused = signer.sign(&json!({ "alg": "RS256", "kid": "k1" }), &claims());
    assert_eq!(
        verify(&confused, &signer.keys(), EXPECTED),
        Err(Invalid::Signature),
        "the key is of another kind"
    );
    let own_key =
        json!({ "alg": "ES256", "kid": "k1", "jwk": other.key("k1"), "jku": "https://evil.example" });
    assert_eq!(verify(&other.sign(&own_key, &claims()), &signer.keys(), EXPECTED), Err(Invalid::Signature));
    let critical = signer.sign(&json!({ "alg": "ES256", "kid": "k1", "crit": ["exp"] }), &claims());
    assert_eq!(verify(&critical, &signer.keys(), EXPECTED), Err(Invalid::Malformed));
    let unknown = signer.sign(&json!({ "alg": "ES256", "kid": "k2" }), &claims());
    assert_eq!(verify(&unknown, &signer.keys(), EXPECTED), Err(Invalid::UnknownKey));
    let two = json!({ "keys": [signer.key("k1"), other.key("k2")] }).to_string();
    let nameless = signer.sign(&json!({ "alg": "ES256" }), &claims());
    assert_eq!(verify(&nameless, two.as_bytes(), EXPECTED), Err(Invalid::UnknownKey), "it could be either");
}

#[test]
fn what_is_no_token_is_refused_without_a_panic() {
    let signer = Signer::new();
    let good = signer.sign(&header(), &claims());
    let (claimed, proof) = good.rsplit_once('.').unwrap();
    let altered = claimed.replacen("ey", "ez", 1);
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        claimed.to_owned(),
        format!("{good}."),
        format!("{good}="),
        format!("{altered}.{proof}"),
        "e".repeat(TOKEN_BYTES + 1),
    ] {
        assert_eq!(verify(&token, &signer.keys(), EXPECTED), Err(Invalid::Malformed), "{token:.40}");
    }
    assert_eq!(verify(&format!("{claimed}."), &signer.keys(), EXPECTED), Err(Invalid::Signature));
    for keys in [&b""[..], b"{}", b"[]", b"<html>"] {
        assert_eq!(verify(&good, keys, EXPECTED), Err(Invalid::Keys));
    }
}
