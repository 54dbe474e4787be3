use proptest::prelude::*;

use super::*;
use crate::rng::TestRng;
use crate::secret::SigningKeys;
use crate::sign::Signer;

const SECONDS: i64 = 1_614_265_330;
const NOW: Timestamp = Timestamp::from_seconds(SECONDS);
const TOLERANCE: Duration = Duration::from_secs(300);
const ID: &[u8] = b"msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn published_key() -> SigningKey {
    SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn keys(seed: u64) -> [SigningKey; 2] {
    let rng = TestRng::seed(seed);
    [SigningKey::generate_hmac(&rng), SigningKey::generate_ed25519(&rng)]
}

fn sign(key: &SigningKey, body: &[u8]) -> String {
    let id = std::str::from_utf8(ID).unwrap();
    Signer::new(&SigningKeys::new(key.clone()), NOW).signature(id, SECONDS, body)
}

fn check(key: &SigningKey, signatures: &[u8], body: &[u8]) -> Result<(), Refused> {
    verify(key, &Signed { id: ID, timestamp: b"1614265330", signatures }, body, TOLERANCE, NOW)
}

#[test]
fn any_of_the_listed_signatures_may_match() {
    let other = sign(&keys(1)[0], BODY);
    for signatures in [
        SIGNATURE.to_owned(),
        format!("{other} {SIGNATURE}"),
        format!("{SIGNATURE} {other}"),
        format!("v2,abc v1, , v1a,{} {SIGNATURE} ", "A".repeat(88)),
        format!("{other} ").repeat(30) + SIGNATURE,
    ] {
        assert_eq!(check(&published_key(), signatures.as_bytes(), BODY), Ok(()), "{signatures}");
    }
}

#[test]
fn a_signature_that_is_not_whole_matches_nothing() {
    let text = SIGNATURE.strip_prefix("v1,").unwrap();
    for signatures in [
        String::new(),
        " ".to_owned(),
        "v1".to_owned(),
        "v1,".to_owned(),
        "v1, v1a,".to_owned(),
        "v1,=".to_owned(),
        "v1,AAAA".to_owned(),
        text.to_owned(),
        format!(",{text}"),
        format!("v1{text}"),
        format!("v1, {text}"),
        format!("v2,{text}"),
        format!("v1a,{text}"),
        format!("V1,{text}"),
        format!("v1,{}", &text[..40]),
        format!("v1,{}", text.replace('g', "h")),
        format!("{SIGNATURE}AAAA"),
        format!("{SIGNATURE}\0"),
        format!("{SIGNATURE},"),
    ] {
        assert_eq!(
            check(&published_key(), signatures.as_bytes(), BODY),
            Err(Refused::NoMatch),
            "{signatures}"
        );
    }
    for length in 0..SIGNATURE.len() - 1 {
        let prefix = &SIGNATURE.as_bytes()[..length];
        assert_eq!(check(&published_key(), prefix, BODY), Err(Refused::NoMatch), "{length} bytes");
    }
    assert_eq!(check(&published_key(), b"v1,\xff", BODY), Err(Refused::NoMatch));
}

#[test]
fn more_signatures_than_a_rotation_makes_are_not_tried() {
    for signatures in [
        format!("{SIGNATURE} ").repeat(1_000),
        format!("{SIGNATURE}{}", " ".repeat(SIGNATURES_BYTES)),
        "v".repeat(64 * 1024),
    ] {
        let refused = check(&published_key(), signatures.as_bytes(), BODY);
        assert_eq!(refused, Err(Refused::TooManySignatures), "{} bytes", signatures.len());
    }
}

#[test]
fn the_kinds_of_keys_do_not_stand_in_for_each_other() {
    let [hmac, ed25519] = keys(1);
    let [other_hmac, other_ed25519] = keys(2);
    for (signer, verifier) in
        [(&hmac, &ed25519), (&ed25519, &hmac), (&hmac, &other_hmac), (&ed25519, &other_ed25519)]
    {
        assert_eq!(check(signer, sign(signer, BODY).as_bytes(), BODY), Ok(()));
        assert_eq!(check(verifier, sign(signer, BODY).as_bytes(), BODY), Err(Refused::NoMatch));
    }
}

#[test]
fn the_timestamp_is_bounded_on_both_sides() {
    let key = published_key();
    let signed = Signed { id: ID, timestamp: b"1614265330", signatures: SIGNATURE.as_bytes() };
    for (now, expected) in [
        (SECONDS - 301, Err(Refused::TooNew)),
        (SECONDS - 300, Ok(())),
        (SECONDS + 300, Ok(())),
        (SECONDS + 301, Err(Refused::TooOld)),
        (0, Err(Refused::TooNew)),
    ] {
        let now = Timestamp::from_seconds(now);
        assert_eq!(verify(&key, &signed, BODY, TOLERANCE, now), expected, "{now:?}");
    }
    let ends = [(i64::MIN, Err(Refused::TooNew)), (i64::MAX, Err(Refused::TooOld))];
    for (now, expected) in ends {
        assert_eq!(verify(&key, &signed, BODY, TOLERANCE, Timestamp::from_micros(now)), expected);
    }
}

#[test]
fn ids_and_timestamps_of_another_form_are_refused() {
    let key = published_key();
    let with = |id, timestamp| {
        let signed = Signed { id, timestamp, signatures: SIGNATURE.as_bytes() };
        verify(&key, &signed, BODY, Duration::MAX, NOW)
    };
    let long = [b'a'; ID_BYTES + 1];
    for id in [&b""[..], b"msg.1", b"msg 1", b"msg\0", b"\xff", &long] {
        assert_eq!(with(id, b"1614265330"), Err(Refused::Id), "{id:?}");
    }
    for timestamp in [
        &b""[..],
        b"-1",
        b"+1",
        b"1.5",
        b"1e9",
        b" 1",
        b"0x1",
        b"9223372036854775808",
        b"1614265330000",
        b"\xff",
    ] {
        assert_eq!(with(ID, timestamp), Err(Refused::Timestamp), "{timestamp:?}");
    }
    assert_eq!(with(ID, b"01614265330"), Err(Refused::NoMatch), "the text is signed, not the number");
    assert_eq!(with(b"msg_other", b"1614265330"), Err(Refused::NoMatch));
}

proptest! {
    #[test]
    fn what_was_signed_verifies(seed: u64, body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for key in keys(seed) {
            prop_assert_eq!(check(&key, sign(&key, &body).as_bytes(), &body), Ok(()));
        }
    }

    #[test]
    fn one_changed_bit_anywhere_does_not(
        seed: u64,
        mut body in proptest::collection::vec(any::<u8>(), 1..200),
        at: prop::sample::Index,
        bit in 0..8u32,
    ) {
        for key in keys(seed) {
            let signature = sign(&key, &body);
            let changed = at.index(body.len());
            body[changed] ^= 1u8 << bit;
            prop_assert_eq!(check(&key, signature.as_bytes(), &body), Err(Refused::NoMatch));
            body[changed] ^= 1u8 << bit;
            let mut header = signature.into_bytes();
            let changed = at.index(header.len());
            header[changed] ^= 1u8 << bit;
            prop_assert_eq!(check(&key, &header, &body), Err(Refused::NoMatch));
        }
    }

    #[test]
    fn random_headers_verify_nothing(
        id in proptest::collection::vec(any::<u8>(), 0..40),
        timestamp in proptest::collection::vec(any::<u8>(), 0..20),
        signatures in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let signed = Signed { id: &id, timestamp: &timestamp, signatures: &signatures };
        prop_assert!(verify(&published_key(), &signed, BODY, Duration::MAX, NOW).is_err());
    }
}
