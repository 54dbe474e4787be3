//! Whole requests: the first line is the query, each further one a header, what follows an empty line the body. No
//! bytes may pass as signed by a secret that nobody knows.

#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use postrider_core::inbound::{Check, Fetched, Preset, Presets, Request, Secret, Verifier};
use postrider_core::time::Timestamp;

fn verifiers() -> &'static [Verifier] {
    static ALL: OnceLock<Vec<Verifier>> = OnceLock::new();
    ALL.get_or_init(|| {
        let forms = ["vtFSR0d6Kc8nZQ1yXw3uPj5LhMoAeBgI", "user:vtFSR0d6Kc8nZQ1yXw3u"];
        let make = |preset: &Arc<Preset>| {
            forms.iter().find_map(|text| {
                let secret = Secret::new(text).ok()?;
                let settings = |name: &str| (name.to_owned(), "value".to_owned());
                let settings = preset.settings.iter().map(|setting| settings(&setting.name)).collect();
                Verifier::new(Arc::clone(preset), vec![secret], settings).ok()
            })
        };
        Presets::embedded().iter().filter_map(make).collect()
    })
}

fuzz_target!(|data: &[u8]| {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let url = format!("https://hooks.example/in/abc?{query}");
    let split = |line: &'_ [u8]| line.iter().position(|byte| *byte == b':');
    let headers: Vec<(&[u8], &[u8])> =
        lines.filter_map(|line| split(line).map(|at| (&line[..at], &line[at + 1..]))).collect();
    for method in ["POST", "GET"] {
        let request = Request { method, url: &url, headers: &headers, body };
        for verifier in verifiers() {
            let now = Timestamp::from_seconds(1_800_000_000);
            if let Check::Done(verdict) = verifier.check(&request, now, &Fetched::none()) {
                assert!(!verdict.is_accepted(), "{}", verifier.preset().name);
                let _ = verifier.handshake(&request, &verdict, true);
            }
        }
        let _ = Presets::embedded().detect(&request);
    }
});
