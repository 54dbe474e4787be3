//! One request of each provider, signed by independent code (`known_answers.py`), against its preset.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use postrider_core::inbound::{Check, Fetched, MAX_FETCHES, Presets, Request, Secret, Verdict, Verifier};
use postrider_core::time::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Answers {
    now: i64,
    cases: Vec<Case>,
}

#[derive(Clone, Deserialize)]
struct Case {
    preset: String,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    secret: Option<String>,
    settings: BTreeMap<String, String>,
    verdict: String,
    fetched: Vec<Key>,
}

#[derive(Clone, Deserialize)]
struct Key {
    url: String,
    bytes: String,
}

fn answers() -> Answers {
    serde_json::from_str(include_str!("known_answers.json"))
        .expect("the file is what known_answers.py prints")
}

fn decode(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).expect("the file holds base64")
}

impl Case {
    fn verifier(&self) -> Verifier {
        let preset = Presets::embedded().get(&self.preset).unwrap_or_else(|| panic!("no {}", self.preset));
        let secrets = self.secret.iter().map(|text| Secret::new(text).expect("a secret")).collect();
        Verifier::new(Arc::clone(preset), secrets, self.settings.clone().into_iter().collect())
            .expect("they fit")
    }

    /// The verdict on the request with this body, fetching what it asks for out of what the case has.
    fn check(&self, body: &[u8], now: i64) -> Verdict {
        let headers: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        let request = Request { method: &self.method, url: &self.url, headers: &headers, body };
        let (verifier, mut fetched) = (self.verifier(), Fetched::none());
        for _ in 0..=MAX_FETCHES {
            match verifier.check(&request, Timestamp::from_seconds(now), &fetched) {
                Check::Done(verdict) => return verdict,
                Check::NeedsKey(wanted) => match self.fetched.iter().find(|key| key.url == wanted.url) {
                    Some(key) => fetched.supply(&wanted, decode(&key.bytes)),
                    None => fetched.fail(&wanted, "not found"),
                },
            }
        }
        panic!("{} asks for keys without end", self.preset);
    }
}

#[test]
fn every_request_is_what_its_provider_signed() {
    let answers = answers();
    for case in &answers.cases {
        let verdict = case.check(&decode(&case.body), answers.now);
        assert_eq!(verdict.name(), case.verdict, "{}: {verdict:?}", case.preset);
    }
}

#[test]
fn no_signed_body_can_be_another() {
    let answers = answers();
    // Their signatures do not cover the whole body, as their notes say.
    let partial = ["mailgun", "adyen", "mercado-pago"];
    for case in answers.cases.iter().filter(|case| case.verdict == "verified") {
        if partial.contains(&case.preset.as_str()) {
            continue;
        }
        let body = decode(&case.body);
        let middle = body.len() / 2;
        let mut other = body.clone();
        other[middle] ^= 1;
        let verdict = case.check(&other, answers.now);
        assert!(matches!(verdict, Verdict::Failed(_)), "{}: {verdict:?}", case.preset);
    }
}

#[test]
fn every_preset_that_proves_anything_has_an_answer() {
    let answered: BTreeSet<String> = answers().cases.into_iter().map(|case| case.preset).collect();
    // These take everything and say so.
    let unsigned = ["none", "adobe-io", "ebay", "monday", "strava"];
    let missing: Vec<&str> = Presets::embedded()
        .iter()
        .map(|preset| preset.name.as_str())
        .filter(|name| !answered.contains(*name) && !unsigned.contains(name))
        .collect();
    assert!(missing.is_empty(), "add a case to known_answers.py for {missing:?}");
}

#[test]
fn keys_that_cannot_be_fetched_or_used_fail_with_their_reason() {
    let answers = answers();
    let case = |name: &str| answers.cases.iter().find(|case| case.preset == name).unwrap();
    for name in ["aws-sns", "paypal", "plaid", "google-pubsub", "msgraph-rich"] {
        let mut lost = Case { fetched: Vec::new(), ..case(name).clone() };
        let Verdict::Failed(reason) = lost.check(&decode(&lost.body), answers.now) else { panic!("{name}") };
        assert_eq!(reason.code(), "key_fetch", "{name}");
        for (bytes, code) in [(&b"nonsense"[..], "key_unusable"), (b"{}", "key_unusable")] {
            let url = case(name).fetched[0].url.clone();
            lost.fetched = vec![Key { url, bytes: BASE64_STANDARD.encode(bytes) }];
            let Verdict::Failed(reason) = lost.check(&decode(&lost.body), answers.now) else {
                panic!("{name}")
            };
            assert_eq!(reason.code(), code, "{name}");
        }
    }
    let Verdict::Failed(reason) =
        case("aws-sns").check(&decode(&case("aws-sns").body), answers.now + 40 * 86_400)
    else {
        panic!("the certificate has expired")
    };
    assert_eq!(reason.code(), "key_unusable");
}

#[test]
fn a_valid_signature_for_another_customer_fails() {
    let answers = answers();
    for (name, secret, settings, code) in [
        ("aws-sns", Some("arn:aws:sns:us-east-1:999999999999:orders"), vec![], "topic"),
        ("paypal", Some("WH-2"), vec![], "no_match"),
        ("google-pubsub", None, vec![("audience", "https://other.example/")], "claim"),
        ("google-pubsub", None, vec![("email", "other@project.example")], "claim"),
        ("msgraph-rich", None, vec![("app_id", "app-2")], "claim"),
    ] {
        let mut case = answers.cases.iter().find(|case| case.preset == name).unwrap().clone();
        if let Some(secret) = secret {
            case.secret = Some(secret.to_owned());
        }
        for (name, value) in settings {
            case.settings.insert(name.to_owned(), value.to_owned());
        }
        let Verdict::Failed(reason) = case.check(&decode(&case.body), answers.now) else { panic!("{name}") };
        assert_eq!(reason.code(), code, "{name}");
    }
}

#[test]
fn nothing_is_fetched_before_the_cheap_checks_pass() {
    let answers = answers();
    let case = |name: &str| answers.cases.iter().find(|case| case.preset == name).unwrap().clone();
    let evil = |mut case: Case, from: &str, to: &str| {
        let body = String::from_utf8(decode(&case.body)).unwrap().replace(from, to);
        case.body = BASE64_STANDARD.encode(&body);
        for (_, value) in &mut case.headers {
            *value = value.replace(from, to);
        }
        case
    };
    for (case, code) in [
        (
            evil(case("aws-sns"), "sns.us-east-1.amazonaws.com", "sns.us-east-1.amazonaws.com.evil.example"),
            "key_address",
        ),
        (evil(case("aws-sns"), "https://sns", "http://sns"), "key_address"),
        (evil(case("aws-sns"), "123456789012:orders", "123456789012:other"), "topic"),
        (evil(case("paypal"), "api.paypal.com", "evil.example"), "key_address"),
        (evil(case("paypal"), "SHA256withRSA", "SHA1withRSA"), "algorithm"),
        (evil(case("plaid"), "order.paid", "order.lost"), "body_hash"),
    ] {
        // Without anything to fetch, only what is refused before can be anything but `key_fetch`.
        let case = Case { fetched: Vec::new(), ..case };
        let Verdict::Failed(reason) = case.check(&decode(&case.body), answers.now) else { panic!("{code}") };
        assert_eq!(reason.code(), code);
    }
    let old = case("plaid");
    let Verdict::Failed(reason) = old.check(&decode(&old.body), answers.now + 301) else { panic!("too old") };
    assert_eq!(reason.code(), "too_old");
}

#[test]
fn a_key_set_without_the_tokens_key_says_so() {
    let answers = answers();
    let mut case = answers.cases.iter().find(|case| case.preset == "google-pubsub").unwrap().clone();
    let set = String::from_utf8(decode(&case.fetched[0].bytes)).unwrap().replace(r#""k1""#, r#""k9""#);
    case.fetched[0].bytes = BASE64_STANDARD.encode(set);
    let Verdict::Failed(reason) = case.check(&decode(&case.body), answers.now) else { panic!("no such key") };
    assert_eq!(reason.code(), "unknown_key");
}
