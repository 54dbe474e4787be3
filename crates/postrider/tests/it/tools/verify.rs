//! `postrider verify`: published vectors, what it says of requests that fail, and how it ends.

use serde_json::Value;

use super::Tool;

/// GitHub's published example.
const GITHUB: [&str; 9] = [
    "verify",
    "--preset",
    "github",
    "--body",
    "-",
    "--secret",
    "It's a Secret to Everybody",
    "--header",
    "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
];
const BODY: &[u8] = b"Hello, World!";
/// The example of Standard Webhooks, without a secret.
const STANDARD: [&str; 11] = [
    "verify",
    "--preset",
    "standard-webhooks",
    "--body",
    "-",
    "--header",
    "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
    "--header",
    "webhook-timestamp: 1614265330",
    "--header",
    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
];
const STANDARD_BODY: &[u8] = b"{\"test\": 2432232314}";
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

const SIGNATURE: (&str, &str) = ("signature", "ok");
const MESSAGE: (&str, &str) = ("message", "ok");

async fn standard(more: &[&str], body: &[u8], code: i32) -> Value {
    Tool::fed(&[&STANDARD[..], &["--output", "json"], more].concat(), body).await.json(code)
}

/// Name and outcome of each step.
fn steps(report: &Value) -> Vec<(&str, &str)> {
    let steps = report["steps"].as_array().unwrap();
    steps.iter().map(|step| (step["step"].as_str().unwrap(), step["outcome"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn bytes_count_as_they_came() {
    Tool::fed(&GITHUB, BODY).await.ends(0);
    for body in [&b"Hello, World!\n"[..], b"Hello, World", b" Hello, World!", b""] {
        let told = Tool::fed(&GITHUB, body).await.ends(1);
        assert!(told.contains("FAIL") && told.contains("secret 1"), "{told}");
    }
}

#[tokio::test]
async fn the_secret_may_be_in_a_file_and_is_never_shown() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    // A line end behind it is an accident; nothing else is.
    for (text, code) in [("It's a Secret to Everybody\n", 0), ("It's a Secret to Everybody ", 1)] {
        std::fs::write(path("secret"), text).unwrap();
        std::fs::write(path("body"), BODY).unwrap();
        let told = Tool::run(
            &[
                &["verify", "--preset", "github", "--secret-file", &path("secret"), "--body", &path("body")],
                &GITHUB[7..],
            ]
            .concat(),
        )
        .await;
        assert!(!told.stdout.contains("Everybody") && !told.stderr.contains("Everybody"), "{told:?}");
        told.ends(code);
    }
}

#[tokio::test]
async fn each_secret_says_whether_it_matches() {
    let at = ["--at", "1614265330"];
    let both = ["--secret", OTHER_SECRET, "--secret", STANDARD_SECRET];
    let report = standard(&[&at[..], &both].concat(), STANDARD_BODY, 0).await;
    assert_eq!(report["verdict"], "verified");
    assert_eq!(report["secret"], 2);
    assert_eq!(
        steps(&report),
        [SIGNATURE, ("timestamp", "ok"), MESSAGE, ("secret 1", "fail"), ("secret 2", "ok")]
    );
    let report = standard(&[&at[..], &both[..2]].concat(), STANDARD_BODY, 1).await;
    assert_eq!((&report["verdict"], &report["code"]), (&"failed".into(), &"no_match".into()));
    assert_eq!(steps(&report), [SIGNATURE, ("timestamp", "ok"), MESSAGE, ("secret 1", "fail")]);
}

#[tokio::test]
async fn a_wrong_time_does_not_hide_whether_the_secret_is_right() {
    for (at, code) in
        [("1614265931", "too_old"), ("1614264729", "in_future"), ("2021-02-25T16:00:00Z", "too_old")]
    {
        let report = standard(&["--secret", STANDARD_SECRET, "--at", at], STANDARD_BODY, 1).await;
        assert_eq!(report["code"], code, "{report}");
        assert_eq!(steps(&report), [SIGNATURE, ("timestamp", "fail"), MESSAGE, ("secret 1", "ok")]);
        standard(&["--secret", STANDARD_SECRET, "--at", at, "--tolerance", "0"], STANDARD_BODY, 0).await;
        standard(&["--secret", STANDARD_SECRET, "--at", at, "--tolerance", "7200"], STANDARD_BODY, 0).await;
    }
}

#[tokio::test]
async fn a_body_that_was_written_anew_is_told_from_a_forged_one() {
    let given = ["--secret", STANDARD_SECRET, "--at", "1614265330"];
    let report = standard(&given, b"{\"test\":2432232314}", 1).await;
    assert_eq!(report["code"], "reserialised", "{report}");
    let report = standard(&given, b"{\"test\": 2432232315}", 1).await;
    assert_eq!(report["code"], "no_match", "{report}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let given = ["verify", "--preset", "slack", "--secret", "s", "--body", "-"];
    let told = Tool::fed(&given, BODY).await.ends(1);
    assert!(told.contains("x-slack-signature") && told.contains("FAIL"), "{told}");
    let signature = format!("X-Slack-Signature: v0={}", "0".repeat(64));
    let told = Tool::fed(&[&given[..], &["-H", &signature]].concat(), BODY).await.ends(1);
    assert!(told.contains("x-slack-request-timestamp"), "{told}");
}

#[tokio::test]
async fn a_token_authenticates_and_nothing_verifies_without_a_secret() {
    let gitlab =
        ["verify", "--preset", "gitlab", "--body", "-", "-H", "X-Gitlab-Token: t", "--output", "json"];
    let report = Tool::fed(&[&gitlab[..], &["--secret", "t"]].concat(), BODY).await.json(0);
    assert_eq!(report["verdict"], "authenticated");
    Tool::fed(&[&gitlab[..], &["--secret", "u"]].concat(), BODY).await.json(1);
    let report = Tool::fed(&gitlab, BODY).await.json(1);
    assert_eq!(report["verdict"], "unverified");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    for (arguments, said) in [
        (&["verify", "--secret", "s", "--body", "-"][..], "--preset"),
        (&["verify", "--preset", "github", "--secret", "s"], "--body"),
        (&["verify", "--preset", "gihtub", "--secret", "s", "--body", "-"], "did you mean `github`?"),
        (&["verify", "--preset", "github", "--secret", "", "--body", "-"], "must not be empty"),
        (&["verify", "--preset", "github", "--secret", "s", "--body", "/nowhere/body"], "/nowhere/body"),
        (&["verify", "--preset", "github", "--secret", "s", "--body", "-", "-H", "x"], "NAME: VALUE"),
        (
            &["verify", "--preset", "github", "--secret", "s", "--body", "-", "--at", "now"],
            "seconds since 1970",
        ),
        (&["verify", "--preset", "discord", "--secret", "not hex", "--body", "-"], "key"),
    ] {
        let told = Tool::run(arguments).await.refused();
        assert!(told.contains(said), "{arguments:?}: {told}");
        assert!(!told.contains("not hex"), "{told}");
    }
}
