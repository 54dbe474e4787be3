//! `Retry-After` from a stranger: heeded where it is a wait, up to a day, and never below the schedule.

use std::time::Duration;

use serde_json::json;

use super::{RETRY, next_attempt};
use crate::support::{Answer, Scene};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long after a 503 with these headers the next attempt is due.
async fn wait_after(values: &[&str]) -> Duration {
    let scene = Scene::endpoint(json!({"retrySchedule": [0, RETRY.as_secs()]})).await;
    let answer =
        values.iter().fold(Answer::status(503), |answer, value| answer.header("retry-after", *value));
    scene.receiver.script("/hook", [answer]);
    let message = scene.publish(1).await;
    let attempt = scene.attempts(&message, 1).await.remove(0);
    next_attempt(&scene.client, &scene.app, &message, &attempt).await.expect("a next attempt")
}

/// The schedule alone decides: ten minutes, give or take a tenth.
async fn ignored(values: &[&str]) {
    let wait = wait_after(values).await;
    assert!(
        (RETRY * 9 / 10..=RETRY * 11 / 10 + Duration::from_secs(3)).contains(&wait),
        "{values:?}: {wait:?}"
    );
}

/// The wait is this one, give or take what passes in between.
async fn waits(values: &[&str], expected: Duration) {
    let wait = wait_after(values).await;
    assert!(wait >= expected && wait <= expected + Duration::from_secs(3), "{values:?}: {wait:?}");
}

#[tokio::test]
async fn seconds_beyond_the_schedule_are_heeded() {
    waits(&["7200"], Duration::from_secs(7_200)).await;
}

#[tokio::test]
async fn more_than_a_day_is_a_day() {
    for value in ["9999999999", "99999999999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        waits(&[value], DAY).await;
    }
}

#[tokio::test]
async fn less_than_the_schedule_changes_nothing() {
    for value in ["0", "1", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        ignored(&[value]).await;
    }
}

#[tokio::test]
async fn what_is_no_wait_is_ignored() {
    for value in ["inf", "NaN", "1e300", "-1", "+7200", "7200.5", "0x1c20", "7200, 7200", "soon", ""] {
        ignored(&[value]).await;
    }
}

/// Who says two things says nothing.
#[tokio::test]
async fn two_waits_are_none() {
    ignored(&["7200", "3600"]).await;
}
