use postrider_core::rollup::Counter;

use super::*;

const HOUR: i64 = 3_600;

fn query(since: i64, until: i64, resolution: Resolution) -> RollupQuery {
    RollupQuery {
        since: Timestamp::from_seconds(since),
        until: Timestamp::from_seconds(until),
        resolution,
        group: Grouping::EventType,
        rank: Rank::Volume,
        event_type: None,
        endpoint: None,
    }
}

#[test]
fn an_answer_is_never_larger_than_its_ceilings() {
    for (since, until, resolution, first, groups) in [
        (HOUR, 2 * HOUR, Resolution::FiveMinutes, HOUR, GROUPS_MAX),
        (HOUR + 299, 2 * HOUR, Resolution::FiveMinutes, HOUR, GROUPS_MAX),
        (0, 800 * HOUR, Resolution::Hour, 0, 25),
        (0, 5_000 * HOUR, Resolution::Hour, 3_000 * HOUR, 10),
        (0, 5_000 * HOUR + 1, Resolution::Hour, 3_001 * HOUR, 10),
        (2 * HOUR, HOUR, Resolution::Hour, 2 * HOUR, GROUPS_MAX),
        (0, i64::MAX / 1_000_000, Resolution::Day, i64::MIN, 10),
    ] {
        let (bounded, found) = query(since, until, resolution).bounded();
        assert!(bounded.resolution.points(bounded.since, bounded.until) <= Resolution::POINTS_MAX);
        assert!(first == i64::MIN || bounded.since == Timestamp::from_seconds(first), "{since} {until}");
        assert_eq!(found, groups, "{since} {until}");
    }
}

#[test]
fn the_rest_is_what_belongs_to_no_group() {
    let raw = |name: &str| RawGroup { event_type: name.to_owned(), ..RawGroup::default() };
    let counts = |count| {
        let mut counts = Counts::default();
        counts.add(Counter::Succeeded, count);
        counts
    };
    let first = vec![(raw("b"), Group::EventType("b".into())), (raw("a"), Group::EventType("a".into()))];
    let of_groups = vec![(raw("a"), 0, counts(1)), (raw("b"), 0, counts(3)), (raw("b"), 7, counts(4))];
    let all = || vec![(RawGroup::default(), 0, counts(6)), (RawGroup::default(), 7, counts(4))];
    let rollups = assemble(first, of_groups, all());
    let told: Vec<_> = rollups.series.iter().map(|series| (&series.group, series.total)).collect();
    let [a, b] = ["a", "b"].map(|name| Group::EventType(name.into()));
    assert_eq!(told, [(&b, counts(7)), (&a, counts(1))]);
    let rest = rollups.rest.unwrap();
    assert_eq!((rest.total, rest.points.len()), (counts(2), 1));
    let alone = assemble(vec![(RawGroup::default(), Group::All)], all(), all());
    assert_eq!((alone.series[0].total, alone.rest), (counts(10), None));
}
