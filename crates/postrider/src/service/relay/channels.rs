//! Channels, of which all listeners get all.
//!
//! A channel keeps its last few messages, so that a listener whose connection broke gets what came meanwhile. Nothing is
//! kept for a listener: each reads from the channel as fast as it can, and who is too slow misses what has left.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use parking_lot::Mutex;
use postrider_core::rng::Rng;
use postrider_core::time::{Clock, Timestamp};
use tokio::sync::watch;

use super::Mode;
use super::message::{Posted, Unreadable};

/// Channels at a time.
const CHANNELS: usize = 1_000;
/// Messages that a channel keeps.
const MESSAGES: usize = 32;
/// Bytes that all channels keep together.
const BYTES: usize = 32 * 1024 * 1024;
/// Listeners of one channel.
const OF_CHANNEL: usize = 16;
/// Listeners of all.
const IN_ALL: usize = 256;
/// Random bytes of a name.
const RANDOM: usize = 16;
/// Characters that such a name has: shorter ones can be guessed.
const GUARDED_CHARS: usize = 22;
/// Characters of a name.
const NAME_CHARS: usize = 128;

/// There is no channel of this name, and there cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a channel's name has {GUARDED_CHARS} to {NAME_CHARS} characters of A-Z, a-z, 0-9, `-` and `_`")]
pub struct NoChannel;

/// There are as many listeners as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are too many listeners")]
pub struct NoRoom;

/// See the module's documentation.
pub struct Channels {
    shelf: Arc<Mutex<Shelf>>,
    mode: Mode,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

#[derive(Default)]
struct Shelf {
    channels: HashMap<String, Channel>,
    listeners: usize,
    bytes: usize,
    last: i64,
}

struct Channel {
    kept: VecDeque<Arc<Posted>>,
    listeners: usize,
    newest: watch::Sender<i64>,
    used_at: Timestamp,
}

/// A listener. Its place is free again on drop.
pub struct Following {
    shelf: Arc<Mutex<Shelf>>,
    name: String,
    newest: watch::Receiver<i64>,
    /// The number of the last message that it was given.
    last: i64,
}

impl Channels {
    pub(super) fn new(mode: Mode, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self { shelf: Arc::default(), mode, clock, rng }
    }

    /// A new name, which nobody can guess.
    #[must_use]
    pub fn name(&self) -> String {
        let mut random = [0; RANDOM];
        self.rng.fill(&mut random);
        URL_SAFE_NO_PAD.encode(random)
    }

    /// Whether a channel may have this name.
    pub fn check(&self, name: &str) -> Result<(), NoChannel> {
        let min = if self.mode == Mode::Open { 1 } else { GUARDED_CHARS };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_name = (min..=NAME_CHARS).contains(&name.len()) && name.bytes().all(plain);
        if is_name { Ok(()) } else { Err(NoChannel) }
    }

    /// Gives a request to all listeners of a channel whose name was checked.
    pub fn post(
        &self,
        name: &str,
        headers: &[(String, String)],
        query: Option<&str>,
        raw: Bytes,
    ) -> Result<(), Unreadable> {
        let now = self.clock.now();
        // Reading it takes a while, in which the others need not wait.
        let mut posted = Posted::of(now, headers, query, raw)?;
        let mut all = self.shelf.lock();
        // Numbers go on after a restart, so that what a listener remembers of the time before means something.
        all.last = now.as_micros().max(all.last + 1);
        posted.number = all.last;
        all.put(name, Arc::new(posted), now);
        Ok(())
    }

    /// Listens to a channel whose name was checked: to what comes after the message `after`, or to what comes from now on.
    pub fn follow(&self, name: &str, after: Option<i64>) -> Result<Following, NoRoom> {
        let now = self.clock.now();
        let mut all = self.shelf.lock();
        if all.listeners >= IN_ALL {
            return Err(NoRoom);
        }
        let last = all.last;
        let channel = all.channel(name, now);
        if channel.listeners >= OF_CHANNEL {
            return Err(NoRoom);
        }
        channel.listeners += 1;
        let newest = channel.newest.subscribe();
        all.listeners += 1;
        let last = after.map_or(last, |after| after.min(last));
        Ok(Following { shelf: Arc::clone(&self.shelf), name: name.to_owned(), newest, last })
    }
}

impl Shelf {
    fn channel(&mut self, name: &str, now: Timestamp) -> &mut Channel {
        if !self.channels.contains_key(name) && self.channels.len() >= CHANNELS {
            self.drop_oldest();
        }
        let channel = self.channels.entry(name.to_owned()).or_insert_with(|| Channel {
            kept: VecDeque::new(),
            listeners: 0,
            newest: watch::Sender::new(0),
            used_at: now,
        });
        channel.used_at = now;
        channel
    }

    fn put(&mut self, name: &str, posted: Arc<Posted>, now: Timestamp) {
        let (number, mut added) = (posted.number, posted.cost());
        let channel = self.channel(name, now);
        channel.kept.push_back(posted);
        let mut removed = 0;
        while channel.kept.len() > MESSAGES {
            removed += channel.kept.pop_front().map_or(0, |gone| gone.cost());
        }
        channel.newest.send_replace(number);
        added += self.bytes;
        self.bytes = added.saturating_sub(removed);
        while self.bytes > BYTES && self.shorten() {}
    }

    /// Forgets the oldest message of all.
    fn shorten(&mut self) -> bool {
        let oldest = |channel: &&mut Channel| channel.kept.front().map_or(i64::MAX, |kept| kept.number);
        let Some(channel) = self.channels.values_mut().min_by_key(oldest) else { return false };
        let Some(gone) = channel.kept.pop_front() else { return false };
        self.bytes -= gone.cost();
        true
    }

    /// Forgets the channel that was not used for the longest time. Those that are listened to stay, as long as there are
    /// others.
    fn drop_oldest(&mut self) {
        let age = |(_, channel): &(&String, &Channel)| (channel.listeners > 0, channel.used_at);
        let Some(name) = self.channels.iter().min_by_key(age).map(|(name, _)| name.clone()) else { return };
        if let Some(gone) = self.channels.remove(&name) {
            self.bytes -= gone.kept.iter().map(|kept| kept.cost()).sum::<usize>();
        }
    }
}

impl Following {
    /// The number after which it is given messages.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.last
    }

    /// The next message; waits for it. `None` when the channel is gone.
    pub async fn next(&mut self) -> Option<Arc<Posted>> {
        loop {
            self.newest.borrow_and_update();
            if let Some(posted) = self.waiting() {
                self.last = posted.number;
                return Some(posted);
            }
            self.newest.changed().await.ok()?;
        }
    }

    fn waiting(&self) -> Option<Arc<Posted>> {
        let all = self.shelf.lock();
        let kept = &all.channels.get(&self.name)?.kept;
        kept.iter().find(|posted| posted.number > self.last).map(Arc::clone)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut all = self.shelf.lock();
        all.listeners -= 1;
        if let Some(channel) = all.channels.get_mut(&self.name) {
            channel.listeners = channel.listeners.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::rng::TestRng;
    use postrider_core::time::TestClock;

    use super::*;

    fn channels(mode: Mode) -> Channels {
        let clock = TestClock::at(Timestamp::from_seconds(1_800_000_000));
        Channels::new(mode, Arc::new(clock), Arc::new(TestRng::seed(1)))
    }

    fn post(channels: &Channels, name: &str, body: &str) {
        channels.post(name, &[], None, Bytes::copy_from_slice(body.as_bytes())).unwrap();
    }

    async fn body(following: &mut Following) -> String {
        let text = following.next().await.unwrap().text(false);
        text.rsplit_once("\"body\":").unwrap().1.trim_end_matches('}').to_owned()
    }

    #[tokio::test]
    async fn all_get_all_and_who_comes_again_gets_what_came_meanwhile() {
        let channels = channels(Mode::Open);
        post(&channels, "a", "0");
        let (mut one, mut other) = (channels.follow("a", None).unwrap(), channels.follow("a", None).unwrap());
        post(&channels, "b", "9");
        for number in 1..=3 {
            post(&channels, "a", &number.to_string());
        }
        for following in [&mut one, &mut other] {
            assert_eq!((body(following).await, body(following).await), ("1".to_owned(), "2".to_owned()));
        }
        let last = one.position();
        drop(one);
        assert_eq!(body(&mut channels.follow("a", Some(last)).unwrap()).await, "3");
        assert_eq!(body(&mut channels.follow("a", Some(0)).unwrap()).await, "0");
    }

    #[test]
    fn names_that_can_be_guessed_are_for_development() {
        let (open, guarded) = (channels(Mode::Open), channels(Mode::Guarded));
        let name = guarded.name();
        assert_eq!(name.len(), GUARDED_CHARS);
        assert_ne!(name, guarded.name());
        for (name, in_open, in_guarded) in [
            (name.as_str(), true, true),
            ("mine", true, false),
            ("", false, false),
            ("a.b", false, false),
            (&"a".repeat(NAME_CHARS + 1), false, false),
        ] {
            assert_eq!(
                (open.check(name).is_ok(), guarded.check(name).is_ok()),
                (in_open, in_guarded),
                "{name}"
            );
        }
    }

    #[test]
    fn there_are_ceilings() {
        let channels = channels(Mode::Open);
        let held: Vec<_> = (0..OF_CHANNEL).map(|_| channels.follow("a", None).unwrap()).collect();
        assert_eq!(channels.follow("a", None).err(), Some(NoRoom));
        drop(held);
        let _held = channels.follow("a", None).unwrap();
        for number in 0..CHANNELS * 2 {
            post(&channels, &number.to_string(), "1");
        }
        for _ in 0..MESSAGES * 2 {
            post(&channels, "a", &format!("\"{}\"", "x".repeat(BYTES / MESSAGES)));
        }
        let all = channels.shelf.lock();
        assert!(all.channels.len() <= CHANNELS && all.bytes <= BYTES, "{}", all.bytes);
        assert!(all.channels.contains_key("a"), "who is listened to stays");
        let kept = all.channels.values().flat_map(|channel| &channel.kept);
        assert_eq!(all.bytes, kept.map(|kept| kept.cost()).sum::<usize>());
        assert_eq!(all.listeners, 1);
    }
}
