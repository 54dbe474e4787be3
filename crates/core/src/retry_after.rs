//! `Retry-After` as receivers send it, which is to say: from outside, and never trusted beyond the ceiling.
//!
//! Two forms count: a whole number of seconds, and the one date form that senders may still generate (IMF-fixdate).
//! Anything else, the two obsolete date forms included, is as good as no header. A caller that finds the header twice
//! ignores both.

use std::time::{Duration, UNIX_EPOCH};

use crate::limits;
use crate::time::Timestamp;

/// Bytes of the longest value that is looked at.
const VALUE_BYTES: usize = 32;
/// `Sun, 06 Nov 1994 08:49:37 GMT`: every IMF-fixdate has this length, with the comma in this place.
const DATE_BYTES: usize = 29;
const DATE_COMMA: usize = 3;

/// How long `value` asks to wait from `now` on, at most [`limits::RETRY_AFTER_MAX`]; zero for a date that has passed,
/// `None` for what is neither seconds nor a date.
#[must_use]
pub fn parse(value: &[u8], now: Timestamp) -> Option<Duration> {
    if value.is_empty() || value.len() > VALUE_BYTES {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    let wait = if value.iter().all(u8::is_ascii_digit) {
        // Digits that do not fit are a number of seconds all the same, beyond the ceiling.
        text.parse().map_or(Duration::MAX, Duration::from_secs)
    } else {
        date(text)?.since(now)
    };
    Some(wait.min(limits::RETRY_AFTER_MAX))
}

fn date(text: &str) -> Option<Timestamp> {
    // `httpdate` reads all three forms and ignores blanks around them; the shape tells this one from the others.
    if text.len() != DATE_BYTES || text.as_bytes()[DATE_COMMA] != b',' {
        return None;
    }
    let since_1970 = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_micros(i64::try_from(since_1970.as_micros()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: Timestamp = Timestamp::from_seconds(784_111_777);
    const DAY: u64 = 24 * 3600;

    #[test]
    fn seconds_and_dates_are_read_within_bounds() {
        for (value, seconds) in [
            ("0", 0),
            ("120", 120),
            ("007", 7),
            ("86400", DAY),
            ("86401", DAY),
            ("9999999999", DAY),
            ("99999999999999999999999999999999", DAY),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:50:00 GMT", 23),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Mon, 07 Nov 1994 08:49:38 GMT", DAY),
            ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ] {
            assert_eq!(parse(value.as_bytes(), NOW), Some(Duration::from_secs(seconds)), "{value}");
        }
    }

    #[test]
    fn everything_else_is_ignored() {
        for value in [
            "",
            " ",
            " 5",
            "5 ",
            "-1",
            "+1",
            "1.5",
            "1e300",
            "inf",
            "NaN",
            "0x10",
            "5, 10",
            "5\0",
            "٥",
            "999999999999999999999999999999999",
            "Sunday, 06-Nov-94 08:50:00 GMT",
            "Sun Nov  6 08:50:00 1994",
            "   Sun Nov  6 08:50:00 1994  ",
            "Sun, 06 Nov 1994 08:50:00 UTC",
            "Sun, 06 Nov 1994 08:50:00 +0000",
            "Sun, 31 Feb 1994 08:50:00 GMT",
            "Sun, 06 Nov 1994 24:50:00 GMT",
            "Sun, 06 Nov 1969 08:50:00 GMT",
            "1994-11-06T08:50:00Z",
        ] {
            assert_eq!(parse(value.as_bytes(), NOW), None, "{value:?}");
        }
        assert_eq!(parse(b"\xff", NOW), None);
    }

    proptest! {
        #[test]
        fn random_bytes_never_exceed_the_ceiling(value in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert!(parse(&value, NOW).is_none_or(|wait| wait <= limits::RETRY_AFTER_MAX));
        }

        #[test]
        fn dates_of_any_shape_never_exceed_the_ceiling(
            value in "[A-Z][a-z]{2}, [0-9]{2} (Jan|Feb|Dec|Xyz) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
            now in any::<i64>(),
        ) {
            let wait = parse(value.as_bytes(), Timestamp::from_micros(now));
            prop_assert!(wait.is_none_or(|wait| wait <= limits::RETRY_AFTER_MAX));
        }
    }
}
