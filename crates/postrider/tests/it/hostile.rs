//! Receivers that misbehave: each gets what it deserves, is recorded as it was, and hurts nobody else.
//!
//! Every test runs the real program with one hostile endpoint and, next door, a healthy one. It publishes a few
//! messages to the hostile one and looks at four things: the outcome on record, the time of the next attempt, the
//! neighbour's latency beside it, and the memory of the process.

mod broken;
mod huge;
mod retry_after;
mod slow;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Binary, Client, Neighbour, await_until, new_app, new_endpoint, publish, quiet, resident_bytes,
};

/// Messages that the hostile endpoint gets: several at once, and fewer than what pauses an endpoint.
const MESSAGES: usize = 8;
/// The second attempt of a delivery that failed comes after this, give or take a tenth.
const RETRY: Duration = Duration::from_secs(600);
/// Resident memory that a hostile endpoint may cost, with the allocator's waste.
const MEMORY_MAX: f64 = 64.0 * 1024.0 * 1024.0;

/// What a delivery to a receiver comes to.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It arrives, with this status.
    Arrives(u16),
    /// The receiver refuses it, with this status.
    Refused(u16),
    /// There is no answer: a failure of this class.
    Fails(&'static str),
    /// The same, of one of these classes: which one is a race that both may win.
    FailsAsEither([&'static str; 2]),
}

/// Sends some messages to `url` and expects this of them. Gives the attempts.
async fn meet(url: &str, fate: Fate) -> Vec<Value> {
    meet_with(url, fate, json!({})).await
}

/// The same, with this payload.
async fn meet_with(url: &str, fate: Fate, payload: Value) -> Vec<Value> {
    let _quiet = quiet().await;
    let server = Binary::serve_beside_no_disk().await;
    let client = server.client();
    let mut neighbour = Neighbour::of(&client).await;
    let calm = neighbour.calm().await;
    let memory = resident_bytes(&client).await;

    let app = new_app(&client, "hostile").await;
    let patience = json!({"timeoutSeconds": 1, "retrySchedule": [0, RETRY.as_secs()]});
    let endpoint = new_endpoint(&client, &app, url, patience).await;
    let (attempts, beside) = neighbour.beside(attempt_all(&client, &app, &endpoint, payload)).await;

    for (message, attempt) in &attempts {
        assert_recorded(attempt, fate);
        assert_next(&client, &app, message, attempt, fate).await;
    }
    beside.assert_like(&calm);
    let grown = resident_bytes(&client).await - memory;
    assert!(grown < MEMORY_MAX, "{:.1} MiB more than before", grown / 1024.0 / 1024.0);
    attempts.into_iter().map(|(_, attempt)| attempt).collect()
}

/// Publishes, and waits until every message was attempted and that is on record.
async fn attempt_all(client: &Client, app: &str, endpoint: &str, payload: Value) -> Vec<(String, Value)> {
    let mut messages = Vec::new();
    for _ in 0..MESSAGES {
        messages.push(publish(client, app, json!({"eventType": "t", "payload": payload})).await);
    }
    let mut attempts = Vec::new();
    for message in messages {
        let path = format!("{app}/attempt/msg/{message}?endpoint_id={endpoint}");
        let attempt = await_until("an attempt on record", async || {
            let page = client.get(&path).await.must(200);
            page["data"].as_array().unwrap().first().cloned()
        })
        .await;
        attempts.push((message, attempt));
    }
    attempts
}

#[track_caller]
fn assert_recorded(attempt: &Value, fate: Fate) {
    let class = attempt["failure"]["class"].as_str();
    let (status, code, expected) = match fate {
        Fate::Arrives(code) => (0, code, None),
        Fate::Refused(code) => (2, code, None),
        Fate::Fails(class) => (2, 0, Some(class)),
        Fate::FailsAsEither(either) => {
            (2, 0, either.into_iter().find(|own| class == Some(own)).or(Some(either[0])))
        }
    };
    assert_eq!(attempt["number"], 1, "{attempt}");
    assert_eq!(
        (&attempt["status"], &attempt["responseStatusCode"]),
        (&json!(status), &json!(code)),
        "{attempt}"
    );
    assert_eq!(class, expected, "{attempt}");
    // The deadline is a second; what is beyond it is the machine's.
    assert!(attempt["timings"]["totalMs"].as_f64().unwrap() < 2_000.0, "{attempt}");
}

/// The next attempt is where the schedule puts it, or nowhere.
async fn assert_next(client: &Client, app: &str, message: &str, attempt: &Value, fate: Fate) {
    let next = next_attempt(client, app, message, attempt).await;
    match fate {
        Fate::Arrives(_) => assert_eq!(next, None),
        Fate::Refused(_) | Fate::Fails(_) | Fate::FailsAsEither(_) => {
            let wait = next.expect("a next attempt");
            assert!((RETRY * 9 / 10..=RETRY * 11 / 10 + Duration::from_secs(3)).contains(&wait), "{wait:?}");
        }
    }
}

/// How long after `attempt` the delivery's next attempt is due, if one is.
async fn next_attempt(client: &Client, app: &str, message: &str, attempt: &Value) -> Option<Duration> {
    let page = client.get(&format!("{app}/msg/{message}/endpoint")).await.must(200);
    let next = page["data"][0]["nextAttempt"].as_str()?.to_owned();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let wait = at(&next).duration_since(at(attempt["timestamp"].as_str().unwrap()));
    Some(wait.try_into().unwrap())
}
