//! Queries that people write. What is printed reads back as the same, and every term stands where it is said to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postrider_core::query::{Query, Term, complete};
use postrider_core::time::Timestamp;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let offers = complete(&text, data.len() / 2);
    assert!(text.get(offers.span).is_some());
    match text.parse::<Query>() {
        Err(error) => assert!(text.get(error.span).is_some()),
        Ok(query) => {
            let _ = query.narrowing(Timestamp::from_seconds(1_800_000_000));
            assert_eq!(query.to_string().parse::<Query>().as_ref(), Ok(&query));
            for (term, span) in query.terms().iter().zip(query.spans()) {
                assert_eq!(text[span.clone()].parse::<Term>().as_ref(), Ok(term));
            }
        }
    }
});
