//! No bit of what is signed can change, and no bytes from outside can panic.

use proptest::prelude::*;

use super::*;

/// Presets of every kind of algorithm that we can sign with: name and secret.
const SIGNERS: [(&str, &str); 9] = [
    ("github", "secret"),
    ("shopify", "secret"),
    ("stripe", "whsec_x"),
    ("slack", "secret"),
    ("twitch", "secret"),
    ("square", "secret"),
    ("hubspot-v2", "secret"),
    ("standard-webhooks", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ("discord", "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="),
];

/// Flips one bit of `bytes`, counted over all of them.
fn flip(bytes: &mut [u8], bit: usize) -> bool {
    let Some(byte) = bytes.get_mut(bit / 8) else { return false };
    *byte ^= 1 << (bit % 8);
    true
}

#[test]
fn flipping_any_bit_of_a_covered_header_fails() {
    for (name, secret) in SIGNERS {
        let verifier = verifier(name, &[secret]);
        let given = signed(&verifier, &Given::post(r#"{"id":"1"}"#));
        for header in 0..given.headers.len() {
            let text = given.headers[header].1.clone();
            for bit in 0..text.len() * 8 {
                let mut changed = given.clone();
                assert!(flip(&mut changed.headers[header].1, bit));
                // Hexadecimal digits are the same in both cases; blanks around a value are no part of it.
                if changed.headers[header].1.eq_ignore_ascii_case(&text) {
                    continue;
                }
                let verdict = changed.check(&verifier, NOW);
                assert!(!verdict.is_accepted(), "{name}: bit {bit} of {}", given.headers[header].0);
            }
        }
    }
}

proptest! {
    #[test]
    fn flipping_any_bit_of_the_body_fails(
        body in proptest::collection::vec(any::<u8>(), 1..80),
        bit in any::<prop::sample::Index>(),
        signer in 0..SIGNERS.len(),
    ) {
        let (name, secret) = SIGNERS[signer];
        let verifier = verifier(name, &[secret]);
        let given = signed(&verifier, &Given::post(body));
        prop_assert!(given.check(&verifier, NOW).is_accepted());
        let mut changed = given.clone();
        flip(&mut changed.body, bit.index(given.body.len() * 8));
        prop_assert!(!changed.check(&verifier, NOW).is_accepted());
    }

    #[test]
    fn nothing_from_outside_panics_or_is_accepted(
        method in "[A-Z]{1,8}",
        query in "\\PC{0,40}",
        value in proptest::collection::vec(any::<u8>(), 0..120),
        text in "[tsvh0-9a-f=,;|&. :]{0,120}",
        body in prop_oneof![
            "\\PC{0,80}".prop_map(String::into_bytes),
            r#"[\[\]{}":,a-z0-9\\]{0,80}"#.prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..80),
        ],
        form in any::<bool>(),
    ) {
        for preset in Presets::embedded().iter().filter(|preset| preset.name != "none") {
            let settings = preset.settings.iter().map(|setting| (setting.name.clone(), "value".to_owned()));
            let key = if preset.can_sign() { "user:pass" } else { "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=" };
            let keys: Vec<Secret> = secrets(&[key]);
            let Ok(verifier) = Verifier::new(Arc::clone(preset), keys, settings.collect()) else { continue };
            let mut given = Given::post(body.clone()).url(&format!("https://a.example/?{query}"));
            if form {
                given = given.form();
            }
            for name in preset.required_headers() {
                let value = if name.len() % 2 == 0 { value.clone() } else { text.clone().into_bytes() };
                given = given.header(name, value);
            }
            given.with(|request| {
                let request = Request { method: &method, ..*request };
                let verdict = verifier.check(&request, Timestamp::from_seconds(NOW), &Fetched::none());
                if let Check::Done(verdict) = verdict {
                    prop_assert!(!verdict.is_accepted(), "{}: {:?}", preset.name, verdict);
                    let _ = verifier.handshake(&request, &verdict, true);
                }
                let _ = (preset.event_type(&request), preset.event_id(&request), preset.split(request.body));
                let _ = (verifier.ack(&request), Presets::embedded().detect(&request));
                Ok(())
            })?;
        }
    }

    #[test]
    fn no_text_panics_as_a_preset(text in "\\PC{0,200}", scheme in r#"[a-z_0-9 ='"\[\]{}:$,\n-]{0,200}"#) {
        let _ = Presets::with(&text);
        let _ = Preset::custom("x", &format!("title = 'X'\n[scheme]\n{scheme}"));
    }
}
