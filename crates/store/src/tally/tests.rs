use std::time::Duration;

use bytes::Bytes;
use postrider_core::attempt::{Timings, Trigger};
use postrider_core::id::{AppId, AttemptId, EndpointId, MessageId};

use super::*;

const OWNER: Owner = Owner { environment_row: 3, app_row: 5 };

fn settlement(at: i64, endpoint: u8, body: &str, then: Then) -> Settlement {
    let attempt = Attempt {
        id: AttemptId::from_bytes([u8::try_from(at % 100).unwrap(); 20]),
        message: MessageId::from_bytes([2; 20]),
        endpoint: EndpointId::from_bytes([endpoint; 20]),
        number: 1,
        at: Timestamp::from_seconds(at),
        trigger: Trigger::Scheduled,
        succeeded: then == Then::Succeeded,
        status_code: if then == Then::Succeeded { 204 } else { 500 },
        failure: None,
        url: String::new(),
        remote: None,
        timings: Timings { total: Duration::from_millis(3), ..Timings::default() },
        request_headers: Bytes::new(),
        response_headers: Bytes::new(),
        response: Some(Bytes::copy_from_slice(body.as_bytes())),
    };
    Settlement { attempt, app: AppId::from_bytes([5; 20]), event_type: "a".into(), counted: true, then }
}

fn message(edited_of: Option<MessageId>) -> Message {
    Message {
        id: MessageId::from_bytes([2; 20]),
        app: AppId::from_bytes([5; 20]),
        event_type: "a".into(),
        event_id: None,
        channels: Vec::new(),
        tags: Vec::new(),
        ordering_key: None,
        deliver_at: None,
        expire_at: None,
        edited_of,
        payload: None,
    }
}

#[test]
fn a_row_is_added_to_once_however_many_there_were() {
    let mut tally = Tally::default();
    let other = Owner { app_row: 6, ..OWNER };
    for _ in 0..3 {
        tally.accepted(OWNER, &message(None), Timestamp::from_seconds(301));
        tally.settled(OWNER, &settlement(302, 7, "", Then::Succeeded));
        tally.settled(other, &settlement(299, 8, "", Then::Failed));
    }
    let added = tally.added();
    let rows: Vec<_> = added
        .iter()
        .map(|row| (row.owner_row, row.bucket, row.endpoint_row != 0, row.counts.attempts()))
        .collect();
    let fine = Width::FiveMinutes.micros();
    assert_eq!(
        rows,
        [(3, 0, false, 3), (3, fine, false, 3), (5, fine, false, 0), (5, fine, true, 3), (6, 0, true, 3)]
    );
    assert_eq!(added[1].counts.get(Counter::Messages), 3);
    tally.clear();
    assert!(tally.is_empty() && tally.added().is_empty());
}

#[test]
fn what_was_made_by_hand_is_counted_nowhere() {
    let mut tally = Tally::default();
    tally.accepted(OWNER, &message(Some(MessageId::from_bytes([1; 20]))), Timestamp::from_seconds(301));
    for then in [Then::Succeeded, Then::Failed] {
        tally.settled(OWNER, &Settlement { counted: false, ..settlement(302, 7, "oops", then) });
    }
    assert!(tally.is_empty());
}

#[test]
fn failures_that_look_alike_are_one() {
    let mut tally = Tally::default();
    tally.settled(
        OWNER,
        &settlement(20, 7, "order 1 is unknown", Then::Waiting { due: Timestamp::from_seconds(0) }),
    );
    tally.settled(OWNER, &settlement(10, 7, "order 2 is unknown", Then::Failed));
    tally.settled(OWNER, &settlement(30, 7, "", Then::Succeeded));
    tally.settled(OWNER, &settlement(40, 7, "no such user", Then::Failed));
    let failures = tally.failures(&mut KnownIssues::default());
    let found: Vec<_> =
        failures.values().map(|failure| (failure.failures.attempts, failure.failures.given_up)).collect();
    assert!(found == [(2, 1), (1, 1)] || found == [(1, 1), (2, 1)], "{found:?}");
    let both = failures.values().find(|failure| failure.failures.attempts == 2).unwrap();
    assert_eq!((both.first_seen, both.last.seen), (10_000_000, Timestamp::from_seconds(20)));
    assert_eq!((both.id, both.last.attempt), ([10; 20], AttemptId::from_bytes([20; 20])));
}

#[test]
fn an_endpoint_has_so_many_issues_and_not_more() {
    let (mut tally, mut known) = (Tally::default(), KnownIssues::default());
    let word = |number: usize| {
        String::from_utf8(vec![b'a' + (number / 26) as u8, b'a' + (number % 26) as u8]).unwrap()
    };
    for endpoint in [7, 8] {
        known.learn(EndpointId::from_bytes([endpoint; 20]).row(), []);
    }
    for number in 0..ENDPOINT_ISSUES + 20 {
        tally.settled(OWNER, &settlement(10, 7, &word(number), Then::Failed));
    }
    let failures = tally.failures(&mut known);
    assert_eq!(failures.len(), ENDPOINT_ISSUES + 1);
    let others = failures.iter().find(|(key, _)| key.fingerprint == Fingerprint::OTHER).unwrap();
    assert_eq!((others.1.failures.attempts, others.1.status_code), (20, 0));
    assert_eq!(tally.failures(&mut known), failures, "what is known stays where it is");
    let mut elsewhere = Tally::default();
    elsewhere.settled(OWNER, &settlement(10, 8, "new", Then::Failed));
    assert!(elsewhere.failures(&mut known).keys().all(|key| key.fingerprint != Fingerprint::OTHER));
}
