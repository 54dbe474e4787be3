//! Signatures that providers published themselves.

use super::*;

const GITHUB: &str = "It's a Secret to Everybody";

fn verified(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Verified(_))
}

#[test]
fn bodies_alone() {
    for (preset, secret, header, body, signature) in [
        (
            "github",
            GITHUB,
            "X-Hub-Signature-256",
            "Hello, World!",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
        (
            "github",
            "mysecret",
            "x-hub-signature-256",
            r#"{"foo":"bar"}"#,
            "sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3",
        ),
        (
            "bitbucket",
            GITHUB,
            "X-Hub-Signature",
            "Hello World!",
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
        ),
        (
            "line",
            "channel_secret",
            "x-line-signature",
            "bodybodybodybody",
            "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k=",
        ),
    ] {
        let given = Given::post(body).header(header, signature);
        assert!(verified(&given.check(&verifier(preset, &[secret]), NOW)), "{preset}");
        let other = Given { body: b"Hello, world!".to_vec(), ..given };
        assert!(!verified(&other.check(&verifier(preset, &[secret]), NOW)), "{preset}");
    }
}

#[test]
fn standard_webhooks_and_svix() {
    let seconds = 1_614_265_330;
    let hmac = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let ed25519 =
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    for (secret, signature) in [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", hmac.to_owned()),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", format!("v1,AAAA {ed25519} {hmac}")),
        ("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", format!("{hmac} {ed25519}")),
    ] {
        for (preset, prefix) in [("standard-webhooks", "webhook"), ("svix", "svix"), ("svix", "webhook")] {
            if prefix == "webhook" && preset == "svix" && secret.starts_with("whpk_") {
                continue;
            }
            let given = Given::post(r#"{"test": 2432232314}"#)
                .header(&format!("{prefix}-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek")
                .header(&format!("{prefix}-timestamp"), "1614265330")
                .header(&format!("{prefix}-signature"), &signature);
            let verdict = given.check(&verifier(preset, &[secret]), seconds);
            let proof = Proof { secret: Some(0), timestamp: Some(Timestamp::from_seconds(seconds)) };
            assert_eq!(verdict, Verdict::Verified(proof), "{preset} {secret}");
        }
    }
}

#[test]
fn slack_form() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
                &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
                &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let given = Given::post(body)
        .form()
        .header("X-Slack-Request-Timestamp", "1531420618")
        .header("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
    let slack = verifier("slack", &["8f742231b10e8888abcd99yyyzzz85a5"]);
    assert!(verified(&given.check(&slack, 1_531_420_618)));
}

#[test]
fn adyen_item() {
    let body = r#"{"live":"false","notificationItems":[{"NotificationRequestItem":{
        "additionalData":{"hmacSignature":"coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
        "amount":{"value":1130,"currency":"EUR"},"pspReference":"7914073381342284","eventCode":"AUTHORISATION",
        "merchantAccountCode":"TestMerchant","merchantReference":"TestPayment-1407325143704","success":"true"}}]}"#;
    let key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
    assert!(verified(&Given::post(body).check(&verifier("adyen", &[key]), NOW)));
}

#[test]
fn twilio_form() {
    let body =
        "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309";
    let given = Given::post(body)
        .form()
        .url("https://mycompany.com/myapp.php?foo=1&bar=2")
        .header("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    assert!(verified(&given.check(&verifier("twilio", &["12345"]), NOW)));
}

#[test]
fn hubspot_versions_1_and_2() {
    let secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
    for (preset, signature) in [
        ("hubspot-v1", "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"),
        ("hubspot-v2", "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383"),
    ] {
        let given = Given::post("{'example_field':'example_value'}")
            .url("https://www.example.com/webhook_uri")
            .header("X-HubSpot-Signature", signature);
        assert!(verified(&given.check(&verifier(preset, &[secret]), NOW)), "{preset}");
    }
}

#[test]
fn sanity_in_milliseconds() {
    let given = Given::post(r#"{"_id":"resume"}"#)
        .header("sanity-webhook-signature", "t=1633519811129,v1=tLa470fx7qkLLEcMOcEUFuBbRSkGujyskxrNXcoh0N0");
    assert!(verified(&given.check(&verifier("sanity", &["test"]), 1_633_519_811)));
    assert!(matches!(
        reason(given.check(&verifier("sanity", &["test"]), 1_633_520_811)),
        Reason::TooOld { seconds: 1_000, tolerance: 300 }
    ));
}

/// For senders without a preset of their own: what GitHub has published, and the same recomputed with `openssl dgst`.
#[test]
fn headers_of_ones_own() {
    let sha1 = "01dc10d0c83e72ed246219cdd91669667fe2ca59";
    let sha256 = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let sha512 = "11ed355a617e98134e842012a7944ccf59c10256cb182357bd7e3a42013ff07c376f8c14cf5cc1923da20b51d64256b2fb8ebbf100aa67a61326f61fea8111bc";
    let base64 = "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";
    let long = "Ee01WmF+mBNOhCASp5RMz1nBAlbLGCNXvX46QgE/8Hw3b4wUz1zBkj2iC1HWQlay+4678QCqZ6YTJvYf6oERvA==";
    for (preset, value, is_good) in [
        ("hmac-sha1", sha1.to_owned(), true),
        ("hmac-sha1", format!("sha1={sha1}"), true),
        ("hmac-sha256", sha256.to_owned(), true),
        ("hmac-sha256", format!("sha256={sha256}"), true),
        ("hmac-sha256", format!("sha256={},sha256={sha256}", sha256.replace('7', "8")), true),
        ("hmac-sha256", format!("sha256={}", sha256.replace('7', "8")), false),
        ("hmac-sha256", format!("sha1={sha256}"), false),
        ("hmac-sha256", base64.to_owned(), false),
        ("hmac-sha512", format!("sha512={sha512}"), true),
        ("hmac-sha512", sha256.to_owned(), false),
        ("hmac-sha256-base64", base64.to_owned(), true),
        ("hmac-sha256-base64", sha256.to_owned(), false),
        ("hmac-sha512-base64", long.to_owned(), true),
    ] {
        let verifier = verifier_with(preset, &[GITHUB], &[("header", "x-own")]);
        let given = Given::post("Hello, World!").header("X-Own", &value);
        assert_eq!(verified(&given.check(&verifier, NOW)), is_good, "{preset} {value}");
        let elsewhere = Given::post("Hello, World!").header("x-signature", &value);
        assert!(!verified(&elsewhere.check(&verifier, NOW)), "{preset} {value}");
    }
    let scalr = |date: &str| {
        let signature = "565255c8ad17ada276d7eaff9b4375f769822b84";
        let given = Given::post("Hello, World!").header("x-signature", signature).header("date", date);
        verified(&given.check(&verifier("scalr", &[GITHUB]), NOW))
    };
    assert!(scalr("Fri 08 Sep 2017 11:24:32 UTC") && !scalr("Fri 08 Sep 2017 11:24:33 UTC"));
}
