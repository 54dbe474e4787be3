//! The guides say what the server does, and their code does what it says.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::sign::Signer;
use postrider_core::time::{Clock as _, SystemClock};
use serde_json::json;

use super::{page, public, with};
use crate::support::{skip, tool};

#[expect(unreachable_pub, reason = "it is what readers copy")]
#[path = "../../../src/ui/docs/guides/code/rust.rs"]
mod sample;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &str = "{\"test\": 2432232314, \"name\": \"Zoë\"}";

#[tokio::test]
async fn they_tell_what_is_set() {
    let networks = [("docs.addresses", "192.0.2.0/24, 2001:db8::/32"), ("dispatch.timeout", "12s")];
    let (server, visitor) = with(&networks).await;
    let settings = json!({"retrySchedule": [0, 90, 7200], "signatureHeaders": "svix"});
    server.client().patch("/api/v1/environment/settings", settings).await.must(200);
    for (guide, told) in [
        ("addresses", &["192.0.2.0/24", "2001:db8::/32"][..]),
        ("retries", &["1 min 30 s", "2 h 1 min", "at once"]),
        ("answers", &["12 s", "410", "Retry-After"]),
        ("repetitions", &["svix-id"]),
        (
            "signatures",
            &[
                "svix-signature",
                "hmac.compare_digest",
                "createHmac",
                "hash_equals",
                "hmac.Equal",
                "FixedTimeEquals",
            ],
        ),
    ] {
        let shown = page(&visitor, &format!("/docs/guides/{guide}")).await;
        for part in told {
            assert!(shown.contains(part), "{part} in {guide}: {shown}");
        }
    }
    let (_server, visitor) = public().await;
    assert!(page(&visitor, "/docs/guides/addresses").await.contains("not promised"));
    assert!(page(&visitor, "/docs/guides/signatures").await.contains("standardwebhooks"));
    assert_eq!(visitor.get("/docs/guides/none").await.status, 404);
}

/// A signed request: seconds, and the signature's header, with one of another key before it as after a rotation.
fn signed() -> (i64, String) {
    let now = SystemClock::default().now();
    let sign = |secret| {
        let key = SigningKey::parse(secret).unwrap();
        Signer::new(&SigningKeys::new(key), now).signature(ID, now.as_seconds(), BODY.as_bytes())
    };
    (now.as_seconds(), format!("{} {}", sign(OTHER), sign(SECRET)))
}

/// Requests as a program reads them, and whether each is genuine.
fn cases() -> Vec<(serde_json::Value, bool)> {
    let (seconds, signature) = signed();
    let case = |seconds: i64, signature: &str, body: &str, secret: &str| {
        let headers = json!({"webhook-id": ID, "webhook-timestamp": seconds.to_string(), "webhook-signature": signature});
        json!({"secret": secret, "headers": headers, "body": STANDARD.encode(body)})
    };
    let own = signature.split(' ').nth(1).unwrap();
    vec![
        (case(seconds, &signature, BODY, SECRET), true),
        (case(seconds, own, BODY, SECRET), true),
        (case(seconds, &signature, &BODY.replace('4', "5"), SECRET), false),
        (case(seconds, &signature, BODY, "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"), false),
        (case(seconds + 1, &signature, BODY, SECRET), false),
        (case(seconds - 3_600, &signature, BODY, SECRET), false),
        (case(seconds, "v1,", BODY, SECRET), false),
        (case(seconds, &own.replace("v1,", "v2,"), BODY, SECRET), false),
    ]
}

fn code(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui/docs/guides/code");
    folder.join(name).to_str().unwrap().to_owned()
}

/// What a program that checks all cases has said of each.
fn judged(output: &Output) -> Vec<bool> {
    let (told, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}{complaint}");
    serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}{complaint}"))
}

fn written() -> (String, Vec<bool>) {
    let (cases, expected): (Vec<_>, Vec<_>) = cases().into_iter().unzip();
    (serde_json::Value::from(cases).to_string(), expected)
}

/// Reads cases from its first argument and the code to check from its second.
const NODE: &str = "\
    const { verify } = await import(process.argv[2]);\
    const judged = JSON.parse(process.argv[1]).map(({ secret, headers, body }) => {\
      try { return verify(secret, headers, Buffer.from(body, 'base64')).test === 2432232314; } catch { return false; }\
    });\
    console.log(JSON.stringify(judged));";

#[test]
fn the_code_for_javascript_verifies_what_we_sign() {
    let (cases, expected) = written();
    let run =
        |file: &str| Command::new("node").args(["--input-type=module", "-e", NODE, &cases, file]).output();
    let Ok(output) = run(&code("javascript.mjs")) else { return skip("there is no node") };
    assert_eq!(judged(&output), expected);
    // A module finds what it imports from where it lies.
    let Some(modules) = tool("node/node_modules/standardwebhooks") else { return };
    let place = tempfile::Builder::new().prefix("guide").tempdir_in(modules.parent().unwrap()).unwrap();
    let copy = place.path().join("library.mjs");
    std::fs::copy(code("javascript-library.mjs"), &copy).unwrap();
    let copy = copy.canonicalize().unwrap();
    assert_eq!(judged(&run(copy.to_str().unwrap()).unwrap()), expected);
}

/// The same as for Node.
const PYTHON: &str = "
import base64, importlib.util, json, sys
spec = importlib.util.spec_from_file_location('guide', sys.argv[2])
guide = importlib.util.module_from_spec(spec)
spec.loader.exec_module(guide)
def judge(case):
    try:
        body = base64.b64decode(case['body'])
        return guide.verify(case['secret'], case['headers'], body)['test'] == 2432232314
    except Exception:
        return False
print(json.dumps([judge(case) for case in json.loads(sys.argv[1])]))
";

#[test]
fn the_code_for_python_verifies_what_we_sign() {
    let (cases, expected) = written();
    let run = |python: &Path, file: &str| {
        Command::new(python).args(["-B", "-c", PYTHON, &cases, &code(file)]).output()
    };
    let Ok(output) = run(Path::new("python3"), "python.py") else { return skip("there is no python3") };
    assert_eq!(judged(&output), expected);
    let Some(python) = tool("python/bin/python") else { return };
    assert_eq!(judged(&run(&python, "python-library.py").unwrap()), expected);
}

#[test]
fn the_code_for_rust_verifies_what_we_sign() {
    let now = u64::try_from(SystemClock::default().now().as_seconds()).unwrap();
    for (case, expected) in cases() {
        let body = STANDARD.decode(case["body"].as_str().unwrap()).unwrap();
        let header = |name: &str| case["headers"][name].as_str();
        let verified = sample::verify(case["secret"].as_str().unwrap(), header, &body, now);
        assert_eq!(verified.is_ok(), expected, "{verified:?} of {case}");
    }
    assert!(sample::verify(SECRET, |_| None, b"", now).is_err());
}
