//! The whole verifier: published vectors, the traps that other implementations fell into, and properties.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::rng::TestRng;
use crate::time::Timestamp;

mod handshakes;
mod properties;
mod round_trip;
mod traps;
mod vectors;

/// A request that a test owns.
#[derive(Debug, Clone)]
struct Given {
    method: &'static str,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Given {
    fn post(body: impl Into<Vec<u8>>) -> Self {
        let url = "https://hooks.example/in/abc".to_owned();
        Self { method: "POST", url, headers: Vec::new(), body: body.into() }
    }

    fn get(query: &str) -> Self {
        let mut given = Self::post("");
        given.method = "GET";
        given.url = format!("{}?{query}", given.url);
        given
    }

    fn url(mut self, url: &str) -> Self {
        self.url = url.to_owned();
        self
    }

    fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    fn form(self) -> Self {
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    fn with<T>(&self, look: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<(&[u8], &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())).collect();
        look(&Request { method: self.method, url: &self.url, headers: &headers, body: &self.body })
    }

    fn check(&self, verifier: &Verifier, now: i64) -> Verdict {
        let check =
            |request: &Request<'_>| verifier.check(request, Timestamp::from_seconds(now), &Fetched::none());
        match self.with(check) {
            Check::Done(verdict) => verdict,
            Check::NeedsKey(request) => panic!("asks for {request:?}"),
        }
    }

    fn handshake(&self, verifier: &Verifier, awaiting: bool) -> Option<Answer> {
        let verdict = self.check(verifier, NOW);
        self.with(|request| verifier.handshake(request, &verdict, awaiting))
    }
}

const NOW: i64 = 1_800_000_000;

fn preset(name: &str) -> Arc<Preset> {
    Arc::clone(Presets::embedded().get(name).unwrap_or_else(|| panic!("no preset {name}")))
}

fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::new(text).unwrap()).collect()
}

fn verifier(name: &str, texts: &[&str]) -> Verifier {
    Verifier::new(preset(name), secrets(texts), Settings::default()).unwrap()
}

fn verifier_with(name: &str, texts: &[&str], settings: &[(&str, &str)]) -> Verifier {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Verifier::new(preset(name), secrets(texts), settings.collect()).unwrap()
}

/// A request of this preset, signed now by us.
fn signed(verifier: &Verifier, given: &Given) -> Given {
    let text = |value: &Vec<u8>| String::from_utf8(value.clone()).unwrap();
    let headers = given.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let mut draft =
        Draft { method: given.method.to_owned(), url: given.url.clone(), headers, body: given.body.clone() };
    verifier.produce(&mut draft, Timestamp::from_seconds(NOW), &TestRng::seed(7)).unwrap();
    let headers = draft.headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
    Given { method: given.method, url: draft.url, headers, body: draft.body }
}

fn reason(verdict: Verdict) -> Reason {
    match verdict {
        Verdict::Failed(reason) => reason,
        verdict => panic!("did not fail: {verdict:?}"),
    }
}
