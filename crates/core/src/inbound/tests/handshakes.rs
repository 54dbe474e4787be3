//! Every handshake, and what must not come of one.

use super::*;

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.reply.body.clone()).unwrap()
}

fn json(answer: &Answer) -> serde_json::Value {
    assert_eq!(answer.reply.content_type.as_deref(), Some("application/json"));
    serde_json::from_slice(&answer.reply.body).unwrap()
}

/// Reply and status of a handshake that has no effect.
fn answered(given: &Given, verifier: &Verifier) -> Answer {
    let answer = given.handshake(verifier, false).expect("this is no event");
    assert_eq!(answer.effect, None);
    answer
}

#[test]
fn challenges_are_echoed_as_text_that_no_browser_runs() {
    for (name, given) in [
        ("dropbox", Given::get("challenge=%3Cscript%3E")),
        ("msgraph", Given::post("").url("https://hooks.example/in/abc?validationToken=%3Cscript%3E")),
    ] {
        let answer = answered(&given, &verifier(name, &["s"]));
        assert_eq!((answer.reply.status, text(&answer).as_str()), (200, "<script>"), "{name}");
        assert_eq!(answer.reply.content_type.as_deref(), Some("text/plain; charset=utf-8"));
        assert!(answer.reply.headers.contains(&("x-content-type-options".to_owned(), "nosniff".to_owned())));
    }
    let front = Given::post("{}").header("X-Front-Challenge", "abc");
    assert_eq!(text(&answered(&front, &verifier("front", &["s"]))), "abc");
    let okta = Given::get("").header("X-Okta-Verification-Challenge", "abc");
    assert_eq!(json(&answered(&okta, &verifier("okta", &["s"])))["verification"], "abc");
    let monday = verifier("monday", &[]);
    assert_eq!(json(&answered(&Given::post(r#"{"challenge":"c"}"#), &monday))["challenge"], "c");
    assert_eq!(Given::post(r#"{"challenge":"c","event":{}}"#).handshake(&monday, false), None);
}

#[test]
fn a_header_that_comes_back_cannot_split_the_reply() {
    let ringcentral = verifier("ringcentral", &["s"]);
    let answer = answered(&Given::post("").header("Validation-Token", "abc"), &ringcentral);
    assert_eq!(answer.reply.headers, [("validation-token".to_owned(), "abc".to_owned())]);
    let split = Given::post("").header("Validation-Token", "a\r\nset-cookie: b");
    assert_eq!(split.handshake(&ringcentral, false), None);
}

#[test]
fn slack_and_twitch_echo_only_what_is_signed() {
    let slack = verifier("slack", &["s"]);
    let body = r#"{"type":"url_verification","challenge":"c"}"#;
    assert_eq!(text(&answered(&signed(&slack, &Given::post(body)), &slack)), "c");
    assert_eq!(Given::post(body).handshake(&slack, false), None, "it is refused like any other");
    assert_eq!(text(&answered(&Given::post(body), &verifier("slack", &[]))), "c", "before there is a secret");
    let twitch = verifier("twitch", &["s"]);
    let challenge = Given::post(r#"{"challenge":"c"}"#)
        .header("Twitch-Eventsub-Message-Type", "webhook_callback_verification");
    assert_eq!(text(&answered(&signed(&twitch, &challenge), &twitch)), "c");
    assert_eq!(challenge.handshake(&twitch, false), None);
    let event = Given::post(r#"{"challenge":"c"}"#).header("Twitch-Eventsub-Message-Type", "notification");
    assert_eq!(signed(&twitch, &event).handshake(&twitch, false), None);
}

#[test]
fn verify_tokens_are_compared() {
    let query = "hub.mode=subscribe&hub.verify_token=T&hub.challenge=C";
    let meta = |token| verifier_with("meta", &["s"], &[("verify_token", token)]);
    assert_eq!(text(&answered(&Given::get(query), &meta("T"))), "C");
    assert_eq!(answered(&Given::get(query), &meta("U")).reply.status, 403);
    assert_eq!(answered(&Given::get(query), &verifier("meta", &["s"])).reply.status, 403, "none is set");
    let strava = verifier_with("strava", &[], &[("verify_token", "T")]);
    assert_eq!(json(&answered(&Given::get(query), &strava))["hub.challenge"], "C");
    let ebay = verifier_with("ebay", &[], &[("verify_token", "token")]);
    let hash = message::body_sha256(b"ctokenhttps://hooks.example/in/abc");
    assert_eq!(json(&answered(&Given::get("challenge_code=c"), &ebay))["challengeResponse"], hash);
}

#[test]
fn secrets_are_learned_only_while_the_source_awaits_one() {
    for (name, given) in [
        ("asana", Given::post("").header("X-Hook-Secret", "abc")),
        ("notion", Given::post(r#"{"verification_token":"abc"}"#)),
    ] {
        let learned = given.handshake(&verifier(name, &[]), true).unwrap();
        assert_eq!(learned.reply.status, 200, "{name}");
        let effect = learned.effect.expect("the secret is new");
        assert_eq!(effect, Effect::LearnSecret(Secret::new("abc").unwrap()));
        assert!(!format!("{effect:?}").contains("abc"));
        for (verifier, status) in [(verifier(name, &["other"]), 403), (verifier(name, &["abc"]), 200)] {
            let answer = answered(&given, &verifier);
            assert_eq!(answer.reply.status, status, "{name}");
        }
    }
    let asana = Given::post("").header("X-Hook-Secret", "abc").handshake(&verifier("asana", &[]), true);
    assert_eq!(asana.unwrap().reply.headers, [("x-hook-secret".to_owned(), "abc".to_owned())]);
    let event = Given::post("{}").header("X-Hook-Secret", "abc").header("X-Hook-Signature", "00");
    assert_eq!(event.handshake(&verifier("asana", &[]), true), None, "an event teaches nothing");
}

#[test]
fn pings_are_answered_and_events_are_not() {
    let seed = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=";
    let discord = verifier("discord", &[seed]);
    let answer = |body: &str| signed(&discord, &Given::post(body)).handshake(&discord, false);
    assert_eq!(answer(r#"{"type":0}"#).unwrap().reply.status, 204);
    assert_eq!(json(&answer(r#"{"type":1}"#).unwrap()), serde_json::json!({ "type": 1 }));
    assert_eq!(answer(r#"{"type":1,"event":{"type":"X"}}"#), None);
    assert_eq!(
        Given::post(r#"{"type":0}"#).handshake(&discord, false),
        None,
        "unsigned pings get the refusal"
    );
}

#[test]
fn other_methods_are_answered_without_an_event() {
    let github = verifier("github", &["s"]);
    let head = answered(&Given::post("").method("HEAD"), &github);
    assert_eq!(head.reply, Reply { status: 200, content_type: None, headers: Vec::new(), body: Vec::new() });
    for method in ["GET", "PUT", "OPTIONS"] {
        let answer = answered(&Given::post("").method(method), &github);
        assert_eq!(answer.reply.status, 405, "{method}");
        assert_eq!(answer.reply.headers, [("allow".to_owned(), "POST".to_owned())]);
    }
    assert_eq!(Given::post("").handshake(&github, false), None);
    let zendesk = verifier("zendesk", &["s"]);
    assert_eq!(Given::post("").method("DELETE").handshake(&zendesk, false), None, "it sends events so");
}

/// Handshakes that answer with a mac under the event's secret: preset, secret, a challenge, and where the mac stands.
fn oracles(challenge: &str) -> Vec<(Verifier, Given)> {
    let encoded: String = url::form_urlencoded::byte_serialize(challenge.as_bytes()).collect();
    let quoted = serde_json::Value::from(challenge);
    let zoom = verifier("zoom", &["s"]);
    let validation = format!(r#"{{"event":"endpoint.url_validation","payload":{{"plainToken":{quoted}}}}}"#);
    let validation = signed(&zoom, &Given::post(validation));
    let braintree = verifier_with("braintree", &["s"], &[("public_key", "p")]);
    let smartcar = format!(r#"{{"eventType":"VERIFY","data":{{"challenge":{quoted}}}}}"#);
    vec![
        (zoom, validation),
        (verifier("x", &["s"]), Given::get(&format!("crc_token={encoded}"))),
        (verifier("linkedin", &["s"]), Given::get(&format!("challengeCode={encoded}"))),
        (verifier("smartcar", &["s"]), Given::post(smartcar)),
        (braintree, Given::get(&format!("bt_challenge={encoded}"))),
    ]
}

#[test]
fn challenges_are_signed() {
    let sha256 = |message: &str| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"s");
        ring::hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
    };
    let uuid = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let [zoom, x, linkedin, smartcar, _] = oracles(uuid).try_into().expect("five");
    assert_eq!(json(&answered(&zoom.1, &zoom.0))["encryptedToken"], encoding::to_hex(&sha256(uuid)));
    let token = format!("sha256={}", encoding::to_base64(&sha256(uuid)));
    assert_eq!(json(&answered(&x.1, &x.0))["response_token"], token);
    assert_eq!(
        json(&answered(&linkedin.1, &linkedin.0))["challengeResponse"],
        encoding::to_hex(&sha256(uuid))
    );
    assert_eq!(json(&answered(&smartcar.1, &smartcar.0))["challenge"], encoding::to_hex(&sha256(uuid)));
    let hex = "20f9f8ed05f77439fe955c977e4c8a53";
    let (braintree, given) = oracles(hex).pop().unwrap();
    let key = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, b"s");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_ref());
    let mac = encoding::to_hex(ring::hmac::sign(&key, hex.as_bytes()).as_ref());
    assert_eq!(text(&answered(&given, &braintree)), format!("p|{mac}"));
}

#[test]
fn nothing_that_an_event_could_sign_is_signed_as_a_challenge() {
    for challenge in [
        r#"{"forged":true}"#,
        "v0:1800000000:{}",
        "hmacsha256={}",
        r#""text""#,
        "[1]",
        "a b",
        "",
        "ü",
        &"a".repeat(257),
    ] {
        for (verifier, given) in oracles(challenge) {
            let answer = given.handshake(&verifier, false);
            let status = answer.as_ref().map_or(405, |answer| answer.reply.status);
            assert!(status >= 400, "{} signs {challenge:?}: {answer:?}", verifier.preset().name);
        }
    }
    let (zoom, given) = oracles("abc").swap_remove(0);
    let unsigned = Given { headers: Vec::new(), ..given };
    assert_eq!(unsigned.handshake(&zoom, false), None, "an unsigned validation is refused");
}

#[test]
fn what_could_be_a_challenge_is_no_event() {
    for (verifier, body) in [
        (verifier("x", &["s"]), "abcDEF123"),
        (verifier("smartcar", &["s"]), "abc"),
        (verifier_with("braintree", &["s"], &[("public_key", "p")]), "20f9f8ed05f77439fe955c977e4c8a53"),
    ] {
        let name = verifier.preset().name.clone();
        let given = if name == "braintree" {
            Given::post(format!("bt_payload={body}")).form()
        } else {
            Given::post(body)
        };
        let given = signed(&verifier, &given);
        assert_eq!(reason(given.check(&verifier, NOW)), Reason::HandshakeAnswer, "{name}");
    }
    let x = verifier("x", &["s"]);
    assert!(signed(&x, &Given::post(r#"{"a":1}"#)).check(&x, NOW).is_accepted());
}

#[test]
fn acks_can_echo() {
    let tebex = Preset::custom("tebex", "extends = 'github'\nack = { echo = 'id' }").unwrap();
    let reply = Given::post(r#"{"id":"abc","type":"x"}"#).with(|request| tebex.ack(request));
    assert_eq!(reply.body, br#"{"id":"abc"}"#);
    let vercel = verifier_with("vercel", &["s"], &[("verify_token", "t")]);
    let reply = Given::post("{}").with(|request| vercel.ack(request));
    assert_eq!(reply.headers, [("x-vercel-verify".to_owned(), "t".to_owned())]);
}
