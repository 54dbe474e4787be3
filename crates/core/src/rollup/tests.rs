use bytes::Bytes;

use super::*;
use crate::attempt::{Failure, Timings, Trigger};
use crate::id::{AttemptId, EndpointId, MessageId};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn attempt(status_code: u16, class: Option<FailureClass>, total: Duration) -> Attempt {
    Attempt {
        id: AttemptId::from_bytes([1; 20]),
        message: MessageId::from_bytes([2; 20]),
        endpoint: EndpointId::from_bytes([3; 20]),
        number: 1,
        at: Timestamp::from_seconds(0),
        trigger: Trigger::Scheduled,
        succeeded: (200..300).contains(&status_code),
        status_code,
        failure: class.map(|class| Failure { class, sentence: String::new() }),
        url: String::new(),
        remote: None,
        timings: Timings { total, ..Timings::default() },
        request_headers: Bytes::new(),
        response_headers: Bytes::new(),
        response: None,
    }
}

#[test]
fn every_end_is_counted_once() {
    let ends = [
        (200, None, Counter::Succeeded),
        (304, None, Counter::Status3xx),
        (410, None, Counter::Status4xx),
        (503, None, Counter::Status5xx),
        (600, None, Counter::StatusOther),
        (0, None, Counter::StatusOther),
        (0, Some(FailureClass::Dns), Counter::Dns),
        (0, Some(FailureClass::Connect), Counter::Connect),
        (0, Some(FailureClass::Tls), Counter::Tls),
        (0, Some(FailureClass::Timeout), Counter::Timeout),
        (0, Some(FailureClass::Blocked), Counter::Blocked),
        (0, Some(FailureClass::TooLarge), Counter::TooLarge),
        (0, Some(FailureClass::Protocol), Counter::Protocol),
        (0, Some(FailureClass::Internal), Counter::Internal),
        (0, Some(FailureClass::Exec), Counter::Exec),
    ];
    let mut counts = Counts::default();
    for (status_code, class, expected) in ends {
        let attempt = attempt(status_code, class, Duration::from_millis(5));
        assert_eq!(outcome(&attempt), expected, "{status_code} {class:?}");
        counts.count(&attempt, Ended::Not);
    }
    assert_eq!(counts.attempts(), ends.len() as u64);
    assert_eq!((counts.failed(), counts.get(Counter::StatusOther)), (ends.len() as u64 - 1, 2));
    assert_eq!(counts.success_rate(), Some(1.0 / 15.0));
}

#[test]
fn counts_say_what_became_of_deliveries() {
    let mut counts = Counts::default();
    for (number, ended) in
        [(1, Ended::Not), (2, Ended::Delivered), (1, Ended::Delivered), (8, Ended::GivenUp)]
    {
        counts.count(&Attempt { number, ..attempt(500, None, Duration::ZERO) }, ended);
    }
    let [retries, delivered, given_up] =
        [Counter::Retries, Counter::Delivered, Counter::GivenUp].map(|counter| counts.get(counter));
    assert_eq!((counts.attempts(), retries, delivered, given_up), (4, 2, 2, 1));
}

#[test]
fn only_what_was_answered_or_waited_for_has_a_latency() {
    for (status_code, class, counted) in [
        (200, None, true),
        (500, None, true),
        (0, Some(FailureClass::Timeout), true),
        (0, Some(FailureClass::Dns), false),
        (0, Some(FailureClass::Connect), false),
    ] {
        let mut counts = Counts::default();
        counts.count(&attempt(status_code, class, Duration::from_millis(3)), Ended::Not);
        assert_eq!(counts.mean_latency(), counted.then_some(Duration::from_millis(3)), "{class:?}");
    }
}

#[test]
fn the_buckets_of_the_histogram_meet() {
    for (micros, bucket) in [
        (0, 0),
        (999, 0),
        (1_000, 1),
        (1_999, 1),
        (2_000, 2),
        (16_383_999, 14),
        (16_384_000, 15),
        (u64::MAX, 15),
    ] {
        assert_eq!(latency_bucket(Duration::from_micros(micros)), bucket, "{micros}");
    }
    for bucket in 1..LATENCY_BUCKETS {
        assert_eq!(latency_bounds(bucket - 1).1, latency_bounds(bucket).0);
        assert_eq!(latency_bucket(latency_bounds(bucket).0), bucket);
    }
}

#[test]
fn quantiles_are_within_their_bucket() {
    let mut counts = Counts::default();
    assert_eq!((counts.latency(0.5), counts.mean_latency(), counts.success_rate()), (None, None, None));
    // 1 to 1000 ms, one each: the truth of each share is known.
    for millis in 1..=1_000 {
        counts.count(&attempt(200, None, Duration::from_millis(millis)), Ended::Delivered);
    }
    for share in [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0] {
        let found = counts.latency(share).unwrap().as_secs_f64() * 1_000.0;
        let truth = share * 1_000.0;
        assert!(found <= truth * 2.0 && found >= truth / 2.0, "{share}: {found} for {truth}");
    }
    assert_eq!(counts.mean_latency(), Some(Duration::from_micros(500_500)));
}

#[test]
fn adding_and_taking_away_are_inverse() {
    let (mut one, mut other) = (Counts::default(), Counts::default());
    one.count(&attempt(200, None, Duration::from_millis(7)), Ended::Delivered);
    other.count(&attempt(500, None, Duration::from_secs(70)), Ended::GivenUp);
    let mut sum = one;
    sum.merge(&other);
    assert_eq!((sum.without(&other), sum.without(&one)), (one, other));
    assert!(sum.without(&sum).is_empty() && !sum.is_empty());
    let mut full = Counts::from_values([u64::MAX; Counter::COUNT]);
    full.merge(&one);
    assert_eq!(full.get(Counter::Succeeded), u64::MAX);
}

#[test]
fn names_are_columns_and_differ() {
    let names: std::collections::BTreeSet<_> = Counter::ALL.iter().map(|counter| counter.name()).collect();
    assert_eq!(names.len(), Counter::COUNT);
    for (at, counter) in Counter::ALL.into_iter().enumerate() {
        assert_eq!(counter as usize, at);
        assert!(
            counter
                .name()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        );
    }
}

#[test]
fn buckets_begin_at_whole_multiples_before_1970_too() {
    for (seconds, width, expected) in [
        (1_800_000_299, Width::FiveMinutes, 1_800_000_000),
        (1_800_000_300, Width::FiveMinutes, 1_800_000_300),
        (1_800_003_599, Width::Hour, 1_800_000_000),
        (-1, Width::Hour, -3_600),
    ] {
        assert_eq!(bucket_of(Timestamp::from_seconds(seconds), width), Timestamp::from_seconds(expected));
    }
}

#[test]
fn the_resolution_follows_from_the_span() {
    let now = 1_800_000_000;
    for (ago, length, expected) in [
        (HOUR, HOUR, Resolution::FiveMinutes),
        (DAY, DAY, Resolution::FiveMinutes),
        (2 * DAY, 2 * DAY, Resolution::Hour),
        (2 * DAY, HOUR, Resolution::FiveMinutes),
        (3 * DAY, HOUR, Resolution::Hour),
        (14 * DAY, 14 * DAY, Resolution::Hour),
        (30 * DAY, 30 * DAY, Resolution::Day),
        (4_000 * DAY, 4_000 * DAY, Resolution::Day),
    ] {
        let since = Timestamp::from_seconds(now - ago);
        let until = Timestamp::from_seconds(now - ago + length);
        assert_eq!(
            Resolution::fitting(since, until, Timestamp::from_seconds(now)),
            expected,
            "{ago} {length}"
        );
    }
}

#[test]
fn points_are_counted_with_the_one_that_is_cut() {
    let at = Timestamp::from_seconds;
    for (since, until, expected) in [(0, 0, 0), (0, 1, 1), (0, HOUR, 1), (1, HOUR + 1, 2), (HOUR, 0, 0)] {
        assert_eq!(Resolution::Hour.points(at(since), at(until)), expected, "{since} {until}");
    }
}
