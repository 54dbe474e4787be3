//! Rules and templates that people write, over requests that anybody sends. The first line is the rule, the second a
//! template, the third the query; what follows is the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postrider_core::exec::Template;
use postrider_core::facts::{Facts, Paths};
use postrider_core::filter::{Budget, Filter};
use postrider_core::reception::{Octets, Received};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(4, |byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (rule, template, query, body) = (next(), next(), next(), next());
    let header = |value: &[u8]| Octets(value.to_vec().into());
    let received = Received {
        method: "POST".into(),
        tail: String::new(),
        query: Some(String::from_utf8_lossy(query).into_owned()),
        headers: vec![("content-type".into(), header(query)), ("x-a".into(), header(body))],
        remote: "::1".parse().ok(),
    };
    let mut paths = Paths::default();
    if let Some(filter) = serde_json::from_slice(rule).ok().and_then(|rule| Filter::parse(&rule).ok()) {
        filter.each_fact(&mut |fact| paths.ask(fact));
        let _ = filter.admits(&Facts::new(&received, body, &paths), &Budget::default());
    }
    if let Ok(template) = String::from_utf8_lossy(template).parse::<Template>() {
        assert_eq!(template.to_string().parse::<Template>().as_ref(), Ok(&template));
        template.facts().for_each(|fact| paths.ask(fact));
        if let Ok(filled) = template.fill(&Facts::new(&received, body, &paths)) {
            assert!(!filled.contains(&0));
        }
    }
});
