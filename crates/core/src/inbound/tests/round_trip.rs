//! What we sign as a provider is what we verify as its receiver, for every preset that can sign.

use super::*;

/// A request that holds whatever any preset signs, and a secret of each form.
fn sample(preset: &Preset) -> (Given, Vec<&'static str>) {
    const BASE64: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const HEX: &str = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
    let item = r#"{"NotificationRequestItem":{"additionalData":{"hmacSignature":"x"},"pspReference":"7","amount":{"value":1,"currency":"EUR"},"eventCode":"A","success":"true"}}"#;
    let given = match preset.name.as_str() {
        "twilio" | "mandrill" => Given::post("b=2&a=1").form(),
        "braintree" => Given::post("bt_payload=YWJj%0A").form(),
        "mailgun" => {
            Given::post(r#"{"signature":{"timestamp":"1","token":"t","signature":"x"},"event-data":{}}"#)
        }
        "adyen" => Given::post(format!(r#"{{"notificationItems":[{item},{item}]}}"#)),
        "msgraph" => Given::post(r#"{"value":[{"clientState":""},{"clientState":""}]}"#),
        "mercado-pago" => Given::post("{}")
            .url("https://hooks.example/in/abc?data.id=ABC&type=payment")
            .header("x-request-id", "r"),
        _ => Given::post(r#"{"type":"a.b","id":"1"}"#),
    };
    let secret = match preset.name.as_str() {
        "adyen" | "adyen-platform" => HEX,
        "discord" | "telnyx" => "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=",
        "postmark" | "basic" | "chargebee" | "pipedrive" | "sparkpost" => "user:pass",
        _ => BASE64,
    };
    (given, vec![secret])
}

fn verifier_of(preset: &Arc<Preset>, texts: &[&str]) -> Verifier {
    let settings = preset.settings.iter().filter(|setting| setting.required);
    let settings = settings.map(|setting| (setting.name.clone(), "value".to_owned())).collect();
    Verifier::new(Arc::clone(preset), secrets(texts), settings).unwrap()
}

#[test]
fn every_preset_that_can_sign_verifies_its_own() {
    let mut signed_presets = 0;
    for preset in Presets::embedded().iter() {
        let own_key = matches!(preset.name.as_str(), "discord" | "telnyx");
        if !preset.can_sign() && !own_key {
            continue;
        }
        signed_presets += 1;
        let (given, texts) = sample(preset);
        let verifier = verifier_of(preset, &texts);
        let given = signed(&verifier, &given);
        let verdict = given.check(&verifier, NOW);
        assert!(verdict.is_accepted(), "{}: {verdict:?} of {given:?}", preset.name);
        for name in preset.required_headers() {
            let has = given.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            assert!(has, "{}: {name} is said to be required", preset.name);
        }
        let without = Given { headers: Vec::new(), body: b"{}".to_vec(), ..given.clone() };
        assert!(!without.check(&verifier, NOW).is_accepted(), "{}", preset.name);
        let other = match texts[0] {
            "user:pass" => "user:other",
            text if text.starts_with("whsk_") => "whsk_TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs=",
            text if text.len() == 64 => "00782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
            _ => "AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        };
        let verdict = given.check(&verifier_of(preset, &[other]), NOW);
        assert!(matches!(verdict, Verdict::Failed(_)), "{}: {verdict:?}", preset.name);
    }
    assert!(signed_presets > 60, "{signed_presets}");
}

#[test]
fn signing_again_replaces_what_was_there() {
    let verifier = verifier("stripe", &["s"]);
    let once = signed(&verifier, &Given::post("{}").header("STRIPE-SIGNATURE", "t=1,v1=00"));
    assert_eq!(once.headers.len(), 1);
    assert_eq!(once.headers[0].0, "STRIPE-SIGNATURE");
    assert!(once.check(&verifier, NOW).is_accepted());
    let svix = self::verifier("svix", &["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    let kept = signed(&svix, &Given::post("{}").header("svix-id", "msg_1"));
    assert_eq!(kept.headers[0].1, b"msg_1");
    assert!(signed(&svix, &Given::post("{}")).headers.iter().any(|(_, value)| value.starts_with(b"msg_")));
}

#[test]
fn what_only_the_provider_can_sign_is_refused() {
    let draft = Draft {
        method: "POST".to_owned(),
        url: "https://hooks.example/".to_owned(),
        headers: Vec::new(),
        body: b"{}".to_vec(),
    };
    let produce = |verifier: Verifier| {
        let mut changed = draft.clone();
        let done = verifier.produce(&mut changed, Timestamp::from_seconds(NOW), &TestRng::seed(1));
        assert_eq!(changed, draft, "nothing is half signed");
        done.unwrap_err()
    };
    assert_eq!(produce(verifier("aws-sns", &["arn"])), CannotSign::ProvidersKey("AWS SNS".to_owned()));
    assert_eq!(produce(verifier("none", &[])), CannotSign::Unsigned("No verification".to_owned()));
    assert_eq!(produce(verifier("github", &[])), CannotSign::NoSecret);
    let public = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    assert_eq!(produce(verifier("standard-webhooks", &[public])), CannotSign::NoSecret);
    assert!(matches!(produce(verifier("mailgun", &["s"])), CannotSign::NoPlace(_)));
}
