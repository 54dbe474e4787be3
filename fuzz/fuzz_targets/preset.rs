//! Presets that an operator writes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postrider_core::inbound::{Preset, Presets};

fuzz_target!(|text: &str| {
    let _ = Presets::with(text);
    if let Ok(preset) = Preset::custom("own", text) {
        let _ = (preset.describe(), preset.required_headers(), preset.can_sign());
    }
});
