//! Keys that are fetched: key sets and certificates of any bytes.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use postrider_core::inbound::{Check, Fetched, Presets, Request, Secret, Settings, Verifier};
use postrider_core::time::Timestamp;

/// A token and an envelope that pass all that is checked before their key.
const TOKEN: &[u8] = b"Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2FjY291bnRzLmdvb2dsZS5jb20iLCJhdWQiOiJ2YWx1ZSIsImVtYWlsIjoidmFsdWUiLCJlbWFpbF92ZXJpZmllZCI6dHJ1ZSwiZXhwIjoxODAwMDAwNjAwfQ.AAAA";
const ENVELOPE: &[u8] = br#"{"Type":"Notification","MessageId":"m","TopicArn":"arn","Message":"x","Timestamp":"2027-01-15T08:00:00Z","SignatureVersion":"2","Signature":"AAAA","SigningCertURL":"https://sns.us-east-1.amazonaws.com/a.pem"}"#;

fuzz_target!(|key: &[u8]| {
    let pubsub: [(&[u8], &[u8]); 1] = [(b"authorization", TOKEN)];
    let requests = [("google-pubsub", &pubsub[..], &b"{}"[..]), ("aws-sns", &[][..], ENVELOPE)];
    for (name, headers, body) in requests {
        let preset = Arc::clone(Presets::embedded().get(name).expect("it is embedded"));
        let settings: Settings =
            preset.settings.iter().map(|setting| (setting.name.clone(), "value".to_owned())).collect();
        let secrets = vec![Secret::new("arn").expect("it is not empty")];
        let verifier = Verifier::new(preset, secrets, settings).expect("it fits");
        let request = Request { method: "POST", url: "https://hooks.example/", headers, body };
        let (now, mut fetched) = (Timestamp::from_seconds(1_800_000_000), Fetched::none());
        let Check::NeedsKey(wanted) = verifier.check(&request, now, &fetched) else {
            panic!("{name} needs a key")
        };
        fetched.supply(&wanted, key.to_vec());
        match verifier.check(&request, now, &fetched) {
            Check::Done(verdict) => assert!(!verdict.is_accepted()),
            Check::NeedsKey(_) => panic!("{name} asks twice"),
        }
    }
});
