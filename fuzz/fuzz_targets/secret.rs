//! Secrets in every form: base64, hexadecimal, PEM, DER, character references.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use postrider_core::inbound::{Presets, Secret, Settings, Verifier};

fuzz_target!(|text: &str| {
    let Ok(secret) = Secret::new(text) else { return };
    for preset in Presets::embedded().iter() {
        let _ = Verifier::new(Arc::clone(preset), vec![secret.clone()], Settings::default());
    }
});
