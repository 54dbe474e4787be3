use proptest::prelude::*;

use super::*;
use crate::rng::TestRng;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// An answer of 500 to the first attempt of an unordered delivery.
const ENDED: Ended = Ended { status_code: 500, retry_after: None, counted: 1, ordered: false };

fn seconds(waits: &[u64]) -> Schedule {
    Schedule::try_from(waits.to_vec()).unwrap()
}

fn decide(schedule: &Schedule, ended: Ended) -> Verdict {
    verdict(schedule, &ended, NOW, &TestRng::seed(1))
}

/// The wait that `verdict` decided on.
fn wait(verdict: Verdict) -> Option<Duration> {
    match verdict {
        Verdict::Retry { at } | Verdict::Gone { retry: Some(at) } => Some(at.since(NOW)),
        Verdict::Succeeded | Verdict::Failed | Verdict::Gone { retry: None } => None,
    }
}

#[test]
fn the_default_is_the_documented_schedule() {
    let text = "[0,5,300,1800,7200,18000,36000,36000]";
    assert_eq!(serde_json::to_string(&Schedule::default()).unwrap(), text);
    assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), Schedule::default());
}

#[test]
fn schedules_have_bounds() {
    use InvalidSchedule::{Fraction, Length, TooLong};
    let month = WAIT_MAX.as_secs();
    for (waits, expected) in [
        (vec![], Err(Length)),
        (vec![0; 51], Err(Length)),
        (vec![0; 50], Ok(())),
        (vec![0, month], Ok(())),
        (vec![0, month + 1], Err(TooLong)),
        (vec![u64::MAX], Err(TooLong)),
    ] {
        assert_eq!(Schedule::try_from(waits.clone()).map(drop), expected, "{waits:?}");
    }
    assert_eq!(Schedule::new(vec![Duration::from_millis(1_500)]), Err(Fraction));
    for text in ["[]", "[-1]", "[1.5]", "[\"1\"]", "null", "[2592001]"] {
        assert!(serde_json::from_str::<Schedule>(text).is_err(), "{text}");
    }
}

#[test]
fn the_status_decides() {
    let (waiting, over) = (seconds(&[0, 0]), seconds(&[0]));
    let retry = Verdict::Retry { at: NOW };
    for (status_code, early, late) in [
        (200, Verdict::Succeeded, Verdict::Succeeded),
        (204, Verdict::Succeeded, Verdict::Succeeded),
        (299, Verdict::Succeeded, Verdict::Succeeded),
        (0, retry, Verdict::Failed),
        (101, retry, Verdict::Failed),
        (199, retry, Verdict::Failed),
        (300, retry, Verdict::Failed),
        (307, retry, Verdict::Failed),
        (400, retry, Verdict::Failed),
        (410, Verdict::Gone { retry: Some(NOW) }, Verdict::Gone { retry: None }),
        (429, retry, Verdict::Failed),
        (500, retry, Verdict::Failed),
        (999, retry, Verdict::Failed),
    ] {
        assert_eq!(decide(&waiting, Ended { status_code, ..ENDED }), early, "{status_code}");
        assert_eq!(decide(&over, Ended { status_code, ..ENDED }), late, "{status_code} at the end");
    }
}

#[test]
fn each_attempt_has_the_wait_of_its_place() {
    let schedule = Schedule::default();
    for (counted, planned) in
        [(1, 5), (2, 300), (3, 1_800), (4, 7_200), (5, 18_000), (6, 36_000), (7, 36_000)]
    {
        let wait = wait(decide(&schedule, Ended { counted, ..ENDED })).unwrap();
        let planned = Duration::from_secs(planned);
        assert!(planned * 9 / 10 <= wait && wait <= planned * 11 / 10, "attempt {counted}: {wait:?}");
    }
    for counted in [8, 9, u32::MAX] {
        assert_eq!(decide(&schedule, Ended { counted, ..ENDED }), Verdict::Failed);
    }
    assert_eq!(wait(decide(&schedule, Ended { counted: 0, ..ENDED })), Some(Duration::ZERO));
}

#[test]
fn ordered_deliveries_repeat_the_last_wait_for_ever() {
    let ordered = Ended { ordered: true, ..ENDED };
    for counted in [2, 3, 1_000, u32::MAX] {
        let wait = wait(decide(&seconds(&[0, 100]), Ended { counted, ..ordered })).unwrap();
        assert!((90..=110).contains(&wait.as_secs()), "{counted}: {wait:?}");
    }
    let wait = wait(decide(&seconds(&[0]), ordered)).unwrap();
    assert!(wait >= REPEAT_MIN * 9 / 10, "a schedule that ends in zero is no busy loop: {wait:?}");
    let gone = decide(&seconds(&[0]), Ended { status_code: 410, ..ordered });
    assert!(matches!(gone, Verdict::Gone { retry: Some(_) }));
}

#[test]
fn retry_after_raises_the_wait_and_never_lowers_it() {
    let schedule = seconds(&[0, 100]);
    for (asked, expected) in
        [(1, 90..=110), (200, 200..=200), (86_400, 86_400..=86_400), (86_401, 86_400..=86_400)]
    {
        let ended = Ended { retry_after: Some(Duration::from_secs(asked)), ..ENDED };
        let wait = wait(decide(&schedule, ended)).unwrap();
        assert!(expected.contains(&wait.as_secs()), "{asked}: {wait:?}");
    }
    let last = Ended { retry_after: Some(Duration::MAX), counted: 2, ..ENDED };
    assert_eq!(decide(&schedule, last), Verdict::Failed, "it buys no further attempt");
}

#[test]
fn jitter_spreads_over_the_whole_fifth() {
    let rng = TestRng::seed(5);
    let waits: Vec<u128> = (0..1_000)
        .map(|_| wait(verdict(&seconds(&[0, 100]), &ENDED, NOW, &rng)).unwrap().as_millis())
        .collect();
    for start in (90_000..110_000).step_by(2_000) {
        assert!(waits.iter().any(|wait| (start..start + 2_000).contains(wait)), "none from {start} ms on");
    }
}

proptest! {
    #[test]
    fn no_retry_is_early_or_later_than_its_ceiling(
        waits in proptest::collection::vec(0..=WAIT_MAX.as_secs(), 1..=ATTEMPTS_MAX),
        retry_after in proptest::option::of(any::<u64>().prop_map(Duration::from_millis)),
        counted in 0u32..60,
        ordered: bool,
        status_code in 300u16..600,
        seed: u64,
    ) {
        let schedule = Schedule::try_from(waits).unwrap();
        let ended = Ended { status_code, retry_after, counted, ordered };
        let verdict = verdict(&schedule, &ended, NOW, &TestRng::seed(seed));
        let planned = schedule.waits().get(counted as usize).copied();
        let Some(wait) = wait(verdict) else {
            prop_assert!(planned.is_none() && !ordered);
            return Ok(());
        };
        let asked = retry_after.unwrap_or_default().min(limits::RETRY_AFTER_MAX);
        let planned = planned.unwrap_or_else(|| schedule.waits()[schedule.waits().len() - 1].max(REPEAT_MIN));
        prop_assert!(wait >= planned * 9 / 10 && wait >= asked);
        prop_assert!(wait <= (planned * 11 / 10).max(asked));
    }
}
