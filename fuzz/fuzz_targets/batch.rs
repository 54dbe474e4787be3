//! Bodies: what paths find in them lies within them, and is JSON where a batch is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postrider_core::inbound::{Presets, Request};

fuzz_target!(|body: &[u8]| {
    let request = Request { method: "POST", url: "https://hooks.example/", headers: &[], body };
    for preset in Presets::embedded().iter() {
        for item in preset.split(body).unwrap_or_default() {
            assert!(body.as_ptr_range().start <= item.body.as_ptr_range().start);
            assert!(item.body.as_ptr_range().end <= body.as_ptr_range().end);
        }
        let (event, id) = (preset.event_type(&request), preset.event_id(&request));
        assert!([event, id].into_iter().flatten().all(|text| (1..=256).contains(&text.chars().count())));
    }
});
