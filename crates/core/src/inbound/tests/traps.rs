//! What goes wrong when webhooks are verified without care, one test for each: bytes that were changed on the way, URLs
//! and keys read in another way than the provider does, times, comparisons, and providers that share their keys.

use super::*;

const BODY: &str = r#"{"type": "invoice.paid", "id": "evt_1", "amount": 10.50}"#;

#[test]
fn a_body_that_was_written_again_fails_and_the_reason_says_so() {
    let verifier = verifier("github", &["s"]);
    let body = r#"{"a":1,"b":["x/y",{}]}"#;
    let given = signed(&verifier, &Given::post(body));
    for (changed, form) in [
        (r#"{"a": 1, "b": ["x/y", {}]}"#, "the JSON without blanks"),
        ("{\n  \"a\": 1,\n  \"b\": [\n    \"x/y\",\n    {}\n  ]\n}", "the JSON without blanks"),
        (r#"{"a":1,"b":["x\/y",{}]}"#, "the JSON with unescaped slashes"),
        ("{\"a\":1,\"b\":[\"x/y\",{}]}\n", "the body without the line end behind it"),
    ] {
        let changed = Given { body: changed.as_bytes().to_vec(), ..given.clone() };
        assert_eq!(reason(changed.check(&verifier, NOW)), Reason::Reserialised { form }, "{changed:?}");
    }
    let other = Given { body: br#"{"a":2,"b":["x/y",{}]}"#.to_vec(), ..given };
    assert_eq!(reason(other.check(&verifier, NOW)), Reason::NoMatch { secrets: 1 });
}

#[test]
fn compressed_bytes_are_checked_as_they_came() {
    let verifier = verifier("github", &["s"]);
    let given = Given::post(vec![0x1f, 0x8b, 0, 0xff]).header("content-encoding", "gzip");
    assert!(signed(&verifier, &given).check(&verifier, NOW).is_accepted());
}

#[test]
fn the_url_is_the_configured_one_and_headers_cannot_replace_it() {
    let verifier = verifier("square", &["s"]);
    let given = signed(&verifier, &Given::post(BODY).url("https://shop.example/hook?x=%2F"));
    assert!(given.check(&verifier, NOW).is_accepted());
    for (configured, host) in [
        ("http://shop.example/hook?x=%2F", "shop.example"),
        ("https://shop.example/hook/?x=%2F", "shop.example"),
        ("https://shop.example:443/hook?x=%2F", "shop.example"),
        ("https://inner.local/hook?x=%2F", "shop.example"),
    ] {
        let moved = given.clone().url(configured).header("Host", host).header("X-Forwarded-Proto", "https");
        let url = "https://shop.example/hook?x=%2F".to_owned();
        assert_eq!(reason(moved.check(&verifier, NOW)), Reason::UrlMismatch { url }, "{configured}");
    }
    let unescaped = given.url("https://shop.example/hook?x=/");
    assert_eq!(reason(unescaped.check(&verifier, NOW)), Reason::NoMatch { secrets: 1 });
}

#[test]
fn twilio_signs_with_or_without_the_default_port() {
    let verifier = verifier("twilio", &["s"]);
    let given = signed(&verifier, &Given::post("a=b").form().url("https://x.example:443/hook?q=1"));
    assert!(given.clone().url("https://x.example/hook?q=1").check(&verifier, NOW).is_accepted());
    assert!(!given.url("https://x.example:8443/hook?q=1").check(&verifier, NOW).is_accepted());
}

#[test]
fn keys_are_decoded_as_each_provider_does() {
    let base64 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let stripe = verifier("stripe", &[base64]);
    let given = signed(&stripe, &Given::post(BODY));
    let bare = verifier("stripe", &["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    assert!(!given.check(&bare, NOW).is_accepted(), "Stripe's secret is the whole text");
    let svix = verifier("svix", &[base64]);
    let given = signed(&svix, &Given::post(BODY));
    let bare = verifier("svix", &["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    assert!(given.check(&bare, NOW).is_accepted(), "that of Svix is the base64");
    let supabase = verifier("supabase", &[&format!("v1,{base64}")]);
    let standard = verifier("standard-webhooks", &[base64]);
    assert!(signed(&standard, &Given::post(BODY)).check(&supabase, NOW).is_accepted());
    let woo = verifier("woocommerce", &["a&amp;b"]);
    assert!(signed(&woo, &Given::post(BODY)).check(&verifier("woocommerce", &["a&b"]), NOW).is_accepted());
    for (preset_name, secret) in
        [("airtable", "not base64!"), ("adyen-platform", "xyz"), ("svix", "whsec_!"), ("discord", "00")]
    {
        let refused = Verifier::new(preset(preset_name), secrets(&[secret]), Settings::default());
        assert!(matches!(refused, Err(InvalidVerifier::Secret { number: 1, .. })), "{preset_name}");
    }
}

#[test]
fn timestamps_are_spliced_as_they_came_and_bounded_on_both_sides() {
    for (name, text, now) in [
        ("slack", "01800000000", NOW),
        ("webflow", "1800000000123", NOW),
        ("twitch", "2027-01-15T08:00:00.123456789Z", NOW),
        ("zendesk", "2027-01-15T09:00:00+01:00", NOW),
    ] {
        let verifier = verifier(name, &["secret"]);
        let tolerance = i64::try_from(verifier.preset().scheme.tolerance.as_secs()).unwrap();
        let mut given = signed(&verifier, &Given::post(BODY));
        let stamp = given.headers.iter_mut().find(|(name, _)| name.contains("timestamp")).unwrap();
        stamp.1 = text.as_bytes().to_vec();
        assert_eq!(reason(given.check(&verifier, now)).code(), "no_match", "{name}: the text is signed");
        let given = signed(&verifier, &Given::post(BODY));
        for (at, code) in [
            (now + tolerance, None),
            (now - tolerance, None),
            (now + tolerance + 1, Some("too_old")),
            (now - tolerance - 1, Some("in_future")),
        ] {
            let verdict = given.check(&verifier, at);
            let failed = if let Verdict::Failed(reason) = &verdict { Some(reason.code()) } else { None };
            assert_eq!(failed, code, "{name} at {at}");
        }
    }
}

#[test]
fn a_timestamp_that_is_none_is_malformed() {
    let verifier = verifier("slack", &["secret"]).tolerance(Duration::ZERO);
    for text in ["", "x", "-1", "+1", "1.5", "99999999999999999", "9999999999999999", "١"] {
        let given = Given::post(BODY)
            .header("x-slack-signature", format!("v0={}", "0".repeat(64)))
            .header("x-slack-request-timestamp", text);
        assert_eq!(reason(given.check(&verifier, NOW)).code(), "malformed", "{text}");
    }
}

#[test]
fn the_tolerance_is_the_sources_own_if_it_sets_one() {
    let strict = verifier("stripe", &["s"]).tolerance(Duration::from_secs(10));
    let given = signed(&strict, &Given::post(BODY));
    assert!(matches!(reason(given.check(&strict, NOW + 11)), Reason::TooOld { seconds: 11, tolerance: 10 }));
    let none = verifier("stripe", &["s"]).tolerance(Duration::ZERO);
    assert!(given.check(&none, NOW + 1_000_000).is_accepted());
}

#[test]
fn macs_are_compared_as_bytes_whole_and_at_their_own_length() {
    let verifier = verifier("github", &["s"]);
    let given = signed(&verifier, &Given::post(BODY));
    let text = String::from_utf8(given.headers[0].1.clone()).unwrap();
    let hex = text.strip_prefix("sha256=").unwrap();
    for (value, accepted) in [
        (text.clone(), true),
        (format!("sha256={}", hex.to_uppercase()), true),
        (hex.to_owned(), false),
        (format!("SHA256={hex}"), false),
        (format!("sha256={}", &hex[..62]), false),
        (format!("sha256={hex}00"), false),
        (format!("sha256={hex},sha256={hex}"), false),
        ("sha256=".to_owned(), false),
        (String::new(), false),
    ] {
        let given = Given::post(BODY).header("X-Hub-Signature-256", &value);
        assert_eq!(given.check(&verifier, NOW).is_accepted(), accepted, "{value}");
    }
}

#[test]
fn passwords_may_hold_colons_and_base64_may_hold_equals_signs() {
    let basic = verifier("postmark", &["user:pa:ss:"]);
    let given = |credentials: &str| {
        Given::post(BODY)
            .header("Authorization", format!("basic {}", encoding::to_base64(credentials.as_bytes())))
    };
    assert!(matches!(given("user:pa:ss:").check(&basic, NOW), Verdict::Authenticated(_)));
    for wrong in ["user:pa", "user:pa:ss", "use:rpa:ss:", ":"] {
        assert_eq!(reason(given(wrong).check(&basic, NOW)).code(), "wrong_token", "{wrong}");
    }
    let knock = verifier("knock", &["s"]);
    let given = signed(&knock, &Given::post(BODY));
    assert!(given.headers[0].1.ends_with(b"="), "the padding stands behind another sign of the same kind");
    assert!(given.check(&knock, NOW).is_accepted());
}

#[test]
fn the_word_for_no_secret_is_no_signature() {
    let verifier = verifier("cal-com", &["s"]);
    let given = Given::post(BODY).header("X-Cal-Signature-256", "no-secret-provided");
    assert_eq!(reason(given.check(&verifier, NOW)).code(), "malformed");
    assert!(Verifier::new(preset("svix"), secrets(&["whsec_"]), Settings::default()).is_err());
    assert!(
        Verifier::new(preset("polar"), secrets(&["whsec_"]), Settings::default()).is_ok(),
        "it is text there"
    );
}

#[test]
fn without_secrets_nothing_is_verified() {
    for preset in Presets::embedded().iter() {
        let settings = preset.settings.iter().map(|setting| (setting.name.clone(), "x".to_owned()));
        let verifier = Verifier::new(Arc::clone(preset), Vec::new(), settings.collect()).unwrap();
        let verdict = Given::post(BODY).check(&verifier, NOW);
        assert!(!verdict.is_accepted(), "{}", preset.name);
    }
}

#[test]
fn bodies_say_the_type_before_headers_that_nobody_signed() {
    let given = Given::post(r#"{"object_kind":"push"}"#).header("X-Gitlab-Event", "Job Hook");
    assert_eq!(given.with(|request| preset("gitlab").event_type(request)).unwrap(), "push");
    let given = Given::post(r#"{"meta":{"event_name":"order_created"}}"#).header("X-Event-Name", "refund");
    assert_eq!(given.with(|request| preset("lemon-squeezy").event_type(request)).unwrap(), "order_created");
    let given = Given::post(r#"{"action":"opened"}"#).header("X-GitHub-Event", "issues");
    assert_eq!(given.with(|request| preset("github").event_type(request)).unwrap(), "issues.opened");
}

#[test]
fn tokens_are_signed_in_the_presets_way_alone() {
    let verifier = verifier("netlify", &["s"]);
    let given = signed(&verifier, &Given::post(BODY));
    assert!(matches!(given.check(&verifier, NOW), Verdict::Verified(_)));
    let token = String::from_utf8(given.headers[0].1.clone()).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let header = |json: &str| encoding::to_base64_url(json.as_bytes());
    for (token, code) in [
        (format!("{}.{claims}.", header(r#"{"alg":"none"}"#)), "algorithm"),
        (format!("{}.{claims}.{signature}", header(r#"{"alg":"RS256"}"#)), "algorithm"),
        (format!("{}.{claims}.{signature}", header(r#"{"alg":"HS256","kid":"x"}"#)), "no_match"),
        (format!("{claims}.{signature}"), "malformed"),
        ("..".to_owned(), "malformed"),
    ] {
        let given = Given::post(BODY).header("X-Webhook-Signature", &token);
        assert_eq!(reason(given.check(&verifier, NOW)).code(), code, "{token}");
    }
    let other = Given { body: b"{}".to_vec(), ..given };
    assert_eq!(reason(other.check(&verifier, NOW)).code(), "body_hash");
}

#[test]
fn answers_are_those_that_each_provider_understands() {
    let malformed = Reason::Malformed { place: String::new(), what: "" };
    let wrong = Reason::NoMatch { secrets: 1 };
    for (name, ack, body, refused, refused_malformed) in [
        ("github", 200, "", 401, 401),
        ("xero", 200, "", 401, 401),
        ("discord", 204, "", 401, 401),
        ("pagerduty", 200, "", 403, 400),
        ("mailgun", 200, "", 406, 406),
        ("adyen", 200, "[accepted]", 401, 401),
        ("msgraph", 202, "", 401, 401),
    ] {
        let preset = preset(name);
        let reply = Given::post("{}").with(|request| preset.ack(request));
        assert_eq!((reply.status, reply.body.as_slice()), (ack, body.as_bytes()), "{name}");
        assert_eq!(preset.refusal(&wrong).status, refused, "{name}");
        assert_eq!(preset.refusal(&malformed).status, refused_malformed, "{name}");
    }
    let gone = Preset::custom("x", "extends = 'github'\nrefusal = 410").unwrap_err();
    assert_eq!(gone.path, "refusal", "410 unsubscribes");
}

#[test]
fn every_item_of_an_adyen_batch_is_verified_by_itself() {
    let item = |reference: &str| {
        format!(
            r#"{{"NotificationRequestItem":{{"additionalData":{{"hmacSignature":""}},"amount":{{"currency":"EUR","value":1130}},"eventCode":"AUTHORISATION","merchantAccountCode":"A","merchantReference":"{reference}","pspReference":"7914073381342284","success":"true"}}}}"#
        )
    };
    let key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
    let verifier = verifier("adyen", &[key]);
    let batch = |items: &[String]| format!(r#"{{"live":"false","notificationItems":[{}]}}"#, items.join(","));
    let given = signed(&verifier, &Given::post(batch(&[item("a"), item("b")])));
    assert!(given.check(&verifier, NOW).is_accepted());
    let text = String::from_utf8(given.body.clone()).unwrap();
    let forged = Given::post(text.replace(r#""merchantReference":"b""#, r#""merchantReference":"c""#));
    let Reason::Item { index: 1, reason: inner } = reason(forged.check(&verifier, NOW)) else {
        panic!("the second item was forged")
    };
    assert_eq!(*inner, Reason::NoMatch { secrets: 1 });
    let with_unsigned = Given::post(text.replace("]}", &format!(",{}]}}", item("d"))));
    assert_eq!(reason(with_unsigned.check(&verifier, NOW)).code(), "item");
    assert_eq!(reason(Given::post(batch(&[])).check(&verifier, NOW)), Reason::EmptyBatch);
}

#[test]
fn every_item_of_a_graph_batch_has_the_client_state() {
    let verifier = verifier("msgraph", &["state"]);
    for (body, accepted) in [
        (r#"{"value":[{"clientState":"state"},{"clientState":"state"}]}"#, true),
        (r#"{"value":[{"clientState":"state"},{"clientState":"other"}]}"#, false),
        (r#"{"value":[{"clientState":"state"},{}]}"#, false),
        (r#"{"value":[{"clientState":"state"},{"clientState":null}]}"#, false),
        (r#"{"value":[]}"#, false),
        (r#"{"clientState":"state"}"#, false),
    ] {
        assert_eq!(Given::post(body).check(&verifier, NOW).is_accepted(), accepted, "{body}");
    }
}

#[test]
fn batches_are_split_where_the_provider_has_them() {
    let body = br#"[{"event":"open","sg_event_id":"1"}, {"event":"click","sg_event_id":"2"}]"#;
    let items = preset("sendgrid").split(body).unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[1].body, br#"{"event":"click","sg_event_id":"2"}"#);
    assert_eq!(items[1].event_type.as_deref(), Some("click"));
    assert_eq!(items[1].event_id.as_deref(), Some("2"));
    assert_eq!(preset("github").split(body), None);
    assert_eq!(preset("sendgrid").split(b"{}"), None);
}

#[test]
fn forms_are_verified_as_text_and_slash_commands_are_events() {
    let verifier = verifier("slack", &["s"]);
    let body = "command=%2Fweather&text=a+b";
    let given = signed(&verifier, &Given::post(body).form());
    assert!(given.check(&verifier, NOW).is_accepted());
    assert_eq!(given.with(|request| preset("slack").event_type(request)).unwrap(), "/weather");
    let equal = Given { body: b"command=/weather&text=a%20b".to_vec(), ..given };
    assert!(!equal.check(&verifier, NOW).is_accepted(), "the same fields in other bytes");
}

#[test]
fn twilio_fields_are_sorted_and_no_value_counts_twice() {
    let verifier = verifier("twilio", &["s"]);
    let given = signed(&verifier, &Given::post("B=2&A=b&A=a&A=b").form());
    let same = Given { body: b"A=a&A=b&B=2".to_vec(), ..given.clone() };
    assert!(same.check(&verifier, NOW).is_accepted());
    let json = signed(&verifier, &Given::post("{}").header("content-type", "application/json"));
    assert!(json.url.contains("bodySHA256="));
    assert!(json.check(&verifier, NOW).is_accepted());
    let changed = Given { body: b"[]".to_vec(), ..json.clone() };
    assert_eq!(reason(changed.check(&verifier, NOW)).code(), "body_hash");
    let mut as_form = Given { body: b"A=1".to_vec(), ..json };
    as_form.headers[0].1 = b"application/x-www-form-urlencoded".to_vec();
    assert!(!as_form.check(&verifier, NOW).is_accepted(), "a content type cannot switch the hash off");
}

#[test]
fn a_doubled_signature_is_two_candidates_and_never_one_text() {
    let verifier = verifier("github", &["s"]);
    let given = signed(&verifier, &Given::post(BODY));
    let right = given.headers[0].1.clone();
    let wrong = format!("sha256={}", "0".repeat(64));
    let both = Given::post(BODY).header("x-hub-signature-256", &wrong).header("X-HUB-SIGNATURE-256", &right);
    assert!(both.check(&verifier, NOW).is_accepted());
    let halves = Given::post(BODY)
        .header("x-hub-signature-256", &right[..40])
        .header("x-hub-signature-256", &right[40..]);
    assert!(!halves.check(&verifier, NOW).is_accepted());
    let standard = self::verifier("standard-webhooks", &["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    let doubled = signed(&standard, &Given::post(BODY)).header("webhook-id", "other");
    assert_eq!(reason(doubled.check(&standard, NOW)).code(), "doubled");
}

#[test]
fn a_separator_inside_a_signed_header_is_refused() {
    let standard = verifier("standard-webhooks", &["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    let given = Given::post(BODY)
        .header("webhook-id", "msg.1800000000")
        .header("webhook-timestamp", "1800000000")
        .header("webhook-signature", format!("v1,{}", encoding::to_base64(&[0; 32])));
    assert_eq!(reason(given.check(&standard, NOW)).code(), "malformed");
}

#[test]
fn numbers_of_signatures_secrets_and_fields_have_ceilings() {
    let docusign = verifier("docusign", &["s"]);
    let right = signed(&docusign, &Given::post(BODY)).headers[0].1.clone();
    let wrong = encoding::to_base64(&[0; 32]);
    let mut given = Given::post(BODY);
    for number in 1..=120 {
        let value = if number == 100 { right.clone() } else { wrong.clone().into_bytes() };
        given = given.header(&format!("X-DocuSign-Signature-{number}"), value);
    }
    assert!(given.check(&docusign, NOW).is_accepted(), "the hundredth counts");
    let paddle = verifier("paddle", &["s"]);
    let many = format!("ts={NOW}{}", format!(";h1={}", "0".repeat(64)).repeat(101));
    assert_eq!(
        reason(Given::post(BODY).header("paddle-signature", many).check(&paddle, NOW)).code(),
        "malformed"
    );
    let long = "x".repeat(20_000);
    assert_eq!(
        reason(Given::post(BODY).header("paddle-signature", long).check(&paddle, NOW)).code(),
        "malformed"
    );
    let too_many = secrets(&["s"; 17]);
    let refused = Verifier::new(preset("github"), too_many, Settings::default());
    assert_eq!(refused.unwrap_err(), InvalidVerifier::TooManySecrets);
    let twilio = verifier("twilio", &["s"]);
    let form =
        Given::post("a=b&".repeat(2_001)).form().header("x-twilio-signature", encoding::to_base64(&[0; 20]));
    assert_eq!(reason(form.check(&twilio, NOW)).code(), "malformed");
}

#[test]
fn several_secrets_count_each_until_its_end() {
    let at = Timestamp::from_seconds;
    let list = vec![
        Secret::new("new").unwrap(),
        Secret::new("old").unwrap().until(at(NOW)),
        Secret::new("older").unwrap().until(at(NOW - 10)),
    ];
    let rotating = Verifier::new(preset("github"), list, Settings::default()).unwrap();
    for (secret, accepted) in [("new", Some(0)), ("old", Some(1)), ("older", None)] {
        let given = signed(&verifier("github", &[secret]), &Given::post(BODY));
        let verdict = given.check(&rotating, NOW);
        let by = if let Verdict::Verified(proof) = verdict { proof.secret } else { None };
        assert_eq!(by, accepted, "{secret}");
    }
    let expired = vec![Secret::new("old").unwrap().until(at(NOW - 1))];
    let expired = Verifier::new(preset("github"), expired, Settings::default()).unwrap();
    let given = signed(&verifier("github", &["old"]), &Given::post(BODY));
    assert_eq!(reason(given.check(&expired, NOW)), Reason::Expired);
}

#[test]
fn reasons_read_as_sentences_and_repeat_no_secret() {
    let verifier = verifier("github", &["hunter2"]);
    let missing = reason(Given::post(BODY).check(&verifier, NOW));
    assert_eq!(missing.to_string(), "the request has no header `x-hub-signature-256`");
    assert!(!format!("{verifier:?}").contains("hunter2"));
    let given = Given::post(BODY).header("X-Hub-Signature-256", format!("sha256={}", "0".repeat(64)));
    let text = reason(given.check(&verifier, NOW)).to_string();
    assert_eq!(text, "no secret matched (1 tried): is it this endpoint's secret, and is the body unchanged?");
}

#[test]
fn guesses_are_ranked_and_say_why() {
    let given = Given::post(BODY)
        .header("X-Hub-Signature-256", "sha256=0")
        .header("X-GitHub-Event", "push")
        .header("X-GitHub-Delivery", "1");
    let guesses = given.with(|request| {
        let guesses = Presets::embedded().detect(request);
        guesses.iter().map(|guess| (guess.preset.name.clone(), guess.why.clone())).collect::<Vec<_>>()
    });
    assert_eq!(guesses[0].0, "github");
    assert!(guesses[0].1.contains("x-hub-signature-256") && guesses[0].1.contains("x-github-event"));
    assert!(guesses.iter().any(|(name, _)| name == "meta"), "it shares the header");
    assert!(Given::post(BODY).with(|request| Presets::embedded().detect(request).is_empty()));
}

#[test]
fn a_guess_names_those_who_sign_alike() {
    let given = Given::post(BODY)
        .header("webhook-id", "1")
        .header("webhook-timestamp", NOW.to_string())
        .header("webhook-signature", "v1,AAAA");
    let first = given.with(|request| {
        let guesses = Presets::embedded().detect(request);
        (guesses[0].preset.name.clone(), guesses[0].why.clone())
    });
    assert_eq!(first.0, "standard-webhooks");
    assert!(first.1.contains("openai") && first.1.contains("replicate"), "{}", first.1);
}

#[test]
fn own_presets_override_and_extend_and_say_what_is_wrong() {
    let own = "
        [github]
        extends = 'github'
        title = 'GitHub Enterprise'
        version = 7
        [acme]
        title = 'Acme'
        [acme.scheme]
        signature = ['header:x-acme']
        message = ['lit:a:', 'body']
    ";
    let presets = Presets::with(own).unwrap();
    assert_eq!((presets.get("github").unwrap().version, presets.get("gitlab").unwrap().version), (7, 1));
    let acme = Verifier::new(Arc::clone(presets.get("acme").unwrap()), secrets(&["s"]), Settings::default());
    let acme = acme.unwrap();
    assert!(signed(&acme, &Given::post(BODY)).check(&acme, NOW).is_accepted());
    let scheme = |text: &str| Preset::custom("x", &format!("title = 'X'\n[scheme]\n{text}")).unwrap_err();
    for (text, path) in [
        ("", "scheme.signature"),
        ("signature = ['cookie:a']", "scheme.signature[0]"),
        ("signature = ['header:a']\nmessage = ['timestamp']", "scheme.timestamp"),
        ("signature = ['header:a']\ntimestamp = 'header:t'", "scheme.message"),
        ("signature = ['header:a']\ntimestamp = 'signature'\nmessage = ['timestamp']", "scheme.timestamp"),
        ("signature = ['header:a']\nhash = 'md5'", "scheme.hash"),
        ("signature = ['header:a']\nkind = 'digest'", "scheme.message"),
        ("signature = ['header:a']\nmessage = ['secret', 'body']", "scheme.message"),
        ("signature = ['header:a']\nor = [{ key = 'x' }]", "scheme.or[0].key"),
        ("signature = ['header:a']\ntolerance_s = -1", "scheme.tolerance_s"),
        ("signature = ['header:a']\nkind = 'jwt'", "scheme.algorithm"),
        ("signature = ['header:a']\nkind = 'jwt'\nalgorithm = 'HS256'\njwks = 'https://a/'", "scheme.jwks"),
        ("signature = ['header:a']\nkind = 'jwt'\nalgorithm = 'RS256'\njwks = 'http://a/'", "scheme.jwks"),
        ("signature = ['header:a']\nformat = 'pairs'\ndelimiter = ''", "scheme.delimiter"),
    ] {
        assert_eq!(scheme(text).path, path, "{text}");
    }
    for (text, path) in [
        ("[UPPER]\n", "top level"),
        ("a = 1", "top level"),
        ("not toml", "top level"),
        ("[a]\nextends = 'b'\n[b]\nextends = 'a'", "extends"),
        ("[a]\nextends = 'nobody'", "extends"),
    ] {
        assert_eq!(Presets::with(text).unwrap_err().path, path, "{text}");
    }
}
