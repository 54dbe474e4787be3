//! The publishers, and the books they keep: a message is written down before it is sent, and again when it is
//! acknowledged.
//!
//! Each publisher sends one message after another, to nodes by chance. So the messages of one are in order, as far as
//! they were acknowledged.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::Method;
use postrider_core::id::MessageId;
use postrider_core::rng::{Rng as _, TestRng};
use tokio::task::JoinSet;

use super::fleet::Roster;
use crate::support::Reply;

/// The longest that a call may take, whatever happens to the database.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(20);

/// An event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Plain,
    Ordered,
    Keyed,
    Throttled,
}

/// Who publishes: the topic, the number of the publisher among those of the topic, and its rest between two messages.
/// The throttled endpoint gets less than its rate, so that it can catch up.
const PUBLISHERS: [(Topic, u8, Duration); 8] = [
    (Topic::Plain, 0, Duration::from_millis(60)),
    (Topic::Plain, 1, Duration::from_millis(60)),
    (Topic::Plain, 2, Duration::from_millis(60)),
    (Topic::Ordered, 0, Duration::from_millis(80)),
    (Topic::Keyed, 0, Duration::from_millis(150)),
    (Topic::Keyed, 1, Duration::from_millis(150)),
    (Topic::Keyed, 2, Duration::from_millis(150)),
    (Topic::Throttled, 0, Duration::from_millis(200)),
];

/// A message that was sent. Its number is its place in the books.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) topic: Topic,
    pub(super) publisher: u8,
    /// Its id, once it was acknowledged. Without one nobody knows whether it was accepted.
    pub(super) acknowledged: Option<MessageId>,
}

/// How calls were answered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answers {
    pub(super) accepted: u64,
    /// Those that were told to come back.
    pub(super) refused: u64,
    /// Those that nobody answered, for instance because a node was killed.
    pub(super) broken: u64,
    /// The longest wait for an answer from a node that was not stopped.
    pub(super) slowest: Duration,
}

/// What was sent, and how it was answered. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Books(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    sent: Vec<Sent>,
    answers: Answers,
    troubles: Vec<String>,
}

impl Books {
    /// Looks at all that was sent so far.
    pub(super) fn read<T>(&self, look: impl FnOnce(&[Sent]) -> T) -> T {
        look(&self.0.lock().unwrap().sent)
    }

    /// How many were sent so far: the number of the next one.
    pub(super) fn next(&self) -> u64 {
        self.read(|sent| sent.len() as u64)
    }

    /// How calls were answered since this was asked last.
    pub(super) fn take_answers(&self) -> Answers {
        std::mem::take(&mut self.0.lock().unwrap().answers)
    }

    /// Answers that must not be, and that nobody has asked for yet.
    pub(super) fn take_troubles(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().troubles)
    }

    fn open_entry(&self, topic: Topic, publisher: u8) -> u64 {
        let sent = &mut self.0.lock().unwrap().sent;
        sent.push(Sent { topic, publisher, acknowledged: None });
        sent.len() as u64 - 1
    }

    /// Writes down what was answered. `is_fair` says whether the node could answer all the time.
    fn close_entry(&self, n: u64, answer: Option<&Reply>, took: Duration, is_fair: bool) {
        let Inner { sent, answers, troubles } = &mut *self.0.lock().unwrap();
        match answer {
            Some(reply) if reply.status == 202 => {
                answers.accepted += 1;
                let id = reply.json()["id"].as_str().unwrap().parse().unwrap();
                sent[n as usize].acknowledged = Some(id);
            }
            Some(reply) if [429, 503].contains(&reply.status) && !reply.header("retry-after").is_empty() => {
                answers.refused += 1;
            }
            Some(reply) => troubles.push(format!("message {n} was answered with {reply}")),
            None => answers.broken += 1,
        }
        if is_fair {
            answers.slowest = answers.slowest.max(took);
            if took > ANSWER_MAX {
                troubles.push(format!("the call for message {n} took {took:?}"));
            }
        }
    }
}

/// Publishes to the application at the path `app` until the set ends.
pub(super) fn publish_steadily(roster: &Roster, app: &str, books: &Books, seed: u64) -> JoinSet<()> {
    let mut publishers = JoinSet::new();
    for (index, (topic, publisher, rest)) in PUBLISHERS.into_iter().enumerate() {
        let (roster, books, path) = (Arc::clone(roster), books.clone(), format!("{app}/msg"));
        let rng = TestRng::seed(seed.wrapping_add(index as u64));
        publishers.spawn(async move {
            loop {
                publish(&roster, &path, &books, &rng, (topic, publisher)).await;
                tokio::time::sleep(rest).await;
            }
        });
    }
    publishers
}

/// Publishes one message to a node that is not known to be away.
async fn publish(roster: &Roster, path: &str, books: &Books, rng: &TestRng, (topic, publisher): (Topic, u8)) {
    let present: Vec<_> = roster.iter().filter(|seat| !seat.is_away()).collect();
    let Some(seat) = present.get(rng.below(present.len() as u64) as usize) else { return };
    let (n, stops, began) = (books.open_entry(topic, publisher), seat.stops(), Instant::now());
    let answer = seat.client.ask(Method::POST, path).body(body(n, topic, publisher)).try_send().await.ok();
    let is_fair = stops == seat.stops();
    books.close_entry(n, answer.as_ref(), began.elapsed(), is_fair);
}

fn body(n: u64, topic: Topic, publisher: u8) -> String {
    let kind = topic.name();
    let key = if topic == Topic::Keyed { format!(r#","orderingKey":"{publisher}""#) } else { String::new() };
    format!(r#"{{"eventType":"{kind}","payload":{{"n":{n}}}{key}}}"#)
}

impl Topic {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Ordered => "ordered",
            Self::Keyed => "keyed",
            Self::Throttled => "throttled",
        }
    }
}
