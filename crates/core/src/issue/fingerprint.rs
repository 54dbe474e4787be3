//! What failures that look alike have in common, as a short hash.
//!
//! An error page names the request, the time, the machine. So a word with a digit in it is left out, and one that is too
//! long to be a word; what separates words stays, without white space, and case does not count. What is left of the first
//! 2 KiB is hashed: nothing of the answer can be read from a fingerprint.

use ring::digest::{Context, SHA256};

use crate::attempt::Attempt;

/// Bytes of an answer that are looked at.
const LOOKED_AT: usize = 2 * 1024;
/// The longest word: what is longer was not written by a person.
const WORD_MAX: usize = 32;

/// See the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// That of failures that are not told apart any more.
    pub const OTHER: Self = Self([0; 16]);

    /// That of a failed attempt.
    #[must_use]
    pub fn of(attempt: &Attempt) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(&attempt.status_code.to_be_bytes());
        match &attempt.failure {
            Some(failure) => {
                hash.update(failure.class.name().as_bytes());
                hash.update(&normalized(failure.sentence.as_bytes()));
            }
            None => hash.update(&normalized(attempt.response.as_deref().unwrap_or_default())),
        }
        let digest = hash.finish();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_ref()[..16]);
        Self(bytes)
    }

    /// From its stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What is left when everything is taken out that differs from one answer to the next.
fn normalized(text: &[u8]) -> Vec<u8> {
    let text = &text[..text.len().min(LOOKED_AT)];
    // With the signs that stand inside of times, versions and addresses, which have as many of them as they like.
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let mut left = Vec::with_capacity(text.len());
    for piece in text.chunk_by(|one, next| is_of_word(*one) == is_of_word(*next)) {
        if is_of_word(piece[0]) {
            if piece.len() <= WORD_MAX && !piece.iter().any(u8::is_ascii_digit) {
                left.extend(piece.iter().map(u8::to_ascii_lowercase));
            }
        } else {
            left.extend(piece.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::attempt::{Failure, FailureClass, Timings, Trigger};
    use crate::id::{AttemptId, EndpointId, MessageId};
    use crate::time::Timestamp;

    fn answered(status_code: u16, body: &[u8]) -> Attempt {
        Attempt {
            id: AttemptId::from_bytes([1; 20]),
            message: MessageId::from_bytes([2; 20]),
            endpoint: EndpointId::from_bytes([3; 20]),
            number: 1,
            at: Timestamp::from_seconds(0),
            trigger: Trigger::Scheduled,
            succeeded: false,
            status_code,
            failure: None,
            url: String::new(),
            remote: None,
            timings: Timings { total: Duration::from_millis(3), ..Timings::default() },
            request_headers: Bytes::new(),
            response_headers: Bytes::new(),
            response: Some(Bytes::copy_from_slice(body)),
        }
    }

    fn unanswered(class: FailureClass, sentence: &str) -> Attempt {
        let failure = Failure { class, sentence: sentence.to_owned() };
        Attempt { failure: Some(failure), response: None, ..answered(0, b"") }
    }

    #[test]
    fn what_differs_from_one_answer_to_the_next_does_not_count() {
        for (one, other) in [
            (r#"{"error":"no such user","id":"8f14e45f"}"#, r#"{"error":"no such user","id":"45c48cce"}"#),
            (
                "request 550e8400-e29b-41d4-a716-446655440000 failed",
                "request 6fa459ea-ee8a-3ca4-894e-db77e160355e failed",
            ),
            ("at 2026-11-22T16:04:00.123Z: too many", "at 2027-01-01T00:00:00Z: too many"),
            ("<h1>Oops</h1>\n\n  <p>500</p>", "<h1>OOPS</h1><p>502</p>"),
            ("trace AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfG end", "trace end"),
            ("waited 31 ms", "waited 7 ms"),
        ] {
            let found = [one, other].map(|body| Fingerprint::of(&answered(500, body.as_bytes())));
            assert_eq!(found[0], found[1], "{one}\n{other}");
        }
    }

    #[test]
    fn what_is_another_failure_has_another_fingerprint() {
        let all = [
            answered(500, b"no such user"),
            answered(500, b"no such order"),
            answered(500, b""),
            answered(502, b"no such user"),
            unanswered(FailureClass::Timeout, "no answer in 15 s"),
            unanswered(FailureClass::Connect, "the connection was refused"),
            unanswered(FailureClass::Connect, "the connection was reset"),
        ];
        let found: std::collections::BTreeSet<_> = all.iter().map(Fingerprint::of).collect();
        assert_eq!(found.len(), all.len());
        assert!(!found.contains(&Fingerprint::OTHER));
        let [soon, late] = ["15", "30"].map(|time| format!("no answer in {time} s"));
        let [soon, late] = [soon, late].map(|sentence| unanswered(FailureClass::Timeout, &sentence));
        assert_eq!(Fingerprint::of(&soon), Fingerprint::of(&late));
    }

    #[test]
    fn only_the_beginning_of_an_answer_is_looked_at() {
        let begin = [b'a', b' '].repeat(LOOKED_AT);
        let [one, other] = ["one", "other"].map(|end| [&begin, end.as_bytes()].concat());
        assert_eq!(Fingerprint::of(&answered(500, &one)), Fingerprint::of(&answered(500, &other)));
    }

    #[test]
    fn an_answer_can_be_anything() {
        for body in [&b"\xff\xfe\x00"[..], "ÄÖ 7 日本".as_bytes(), b"-_-", &vec![b'x'; 100_000]] {
            assert_ne!(Fingerprint::of(&answered(400, body)), Fingerprint::OTHER);
        }
        assert_eq!(normalized("Ä 7 ß".as_bytes()), "Äß".as_bytes());
    }
}
