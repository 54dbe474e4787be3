//! Identifiers: a prefix that names the kind, and 27 base62 characters.
//!
//! The characters are a KSUID with millisecond precision, as the client libraries expect: 20 bytes, big-endian,
//! in base62 (`0-9A-Za-z`), so that text order is byte order is time order. The bytes are
//!
//! ```text
//! 4  seconds since 2014-05-13T16:53:20Z (Unix 1,400,000,000)
//! 1  ticks of 4 ms within the second
//! 3  a count within the tick, which starts at a random number
//! 12 random
//! ```
//!
//! The first eight bytes are the id's [row](Id::row). No row is made twice: one process counts them (see
//! [`IdGenerator`]), and where several share a store the last ten bits of the count are the node's slot. So an engine
//! may use it as its primary key, and lists by row are lists by time. The last twelve bytes keep ids unguessable.
//!
//! Source of the layout: the public KSUID format (Segment) and its millisecond variant.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::rng::Rng;
use crate::time::{Clock, Timestamp};

/// Length of an id's text without its prefix.
pub const TEXT_LEN: usize = 27;

const EPOCH_SECONDS: i64 = 1_400_000_000;
const TICK_MICROS: i64 = 4_000;
const TICKS_PER_SECOND: i64 = 250;
const COUNT_BITS: u32 = 24;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The 20 bytes of an identifier of any kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 20]);

/// Text that is not an identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected `{prefix}` and {TEXT_LEN} characters of 0-9, A-Z, a-z")]
pub struct ParseIdError {
    /// The prefix of the kind that was expected.
    pub prefix: &'static str,
}

impl Id {
    /// An id from its stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The bytes, as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The first eight bytes as a number: unique in one process, and in the order of time.
    #[must_use]
    pub fn row(&self) -> i64 {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0[..8]);
        i64::from_be_bytes(head)
    }

    /// When the id was made, to 4 ms.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        row_timestamp(self.row())
    }

    fn text(&self) -> [u8; TEXT_LEN] {
        // Long division of a big-endian number in base 2^32 by 62, one output digit a round.
        let mut words = [0u32; 5];
        for (word, bytes) in words.iter_mut().zip(self.0.as_chunks::<4>().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let mut text = [b'0'; TEXT_LEN];
        for digit in text.iter_mut().rev() {
            let mut remainder = 0u64;
            for word in &mut words {
                let value = (remainder << 32) | u64::from(*word);
                *word = (value / 62) as u32;
                remainder = value % 62;
            }
            *digit = ALPHABET[remainder as usize];
        }
        text
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; TEXT_LEN] = text.try_into().ok()?;
        let mut words = [0u32; 5];
        for byte in text {
            let mut carry = u64::from(match byte {
                b'0'..=b'9' => byte - b'0',
                b'A'..=b'Z' => byte - b'A' + 10,
                b'a'..=b'z' => byte - b'a' + 36,
                _ => return None,
            });
            for word in words.iter_mut().rev() {
                let value = u64::from(*word) * 62 + carry;
                *word = value as u32;
                carry = value >> 32;
            }
            // 62^27 is a little more than 2^160: the largest texts do not fit.
            if carry != 0 {
                return None;
            }
        }
        let mut bytes = [0; 20];
        for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *chunk = word.to_be_bytes();
        }
        Some(Self(bytes))
    }
}

/// The time of a [row](Id::row), to 4 ms.
#[must_use]
pub fn row_timestamp(row: i64) -> Timestamp {
    let ticks = row >> COUNT_BITS;
    // The five time bytes count seconds and ticks separately: 256 values, of which 250 are used.
    let (seconds, tick) = (ticks >> 8, ticks & 0xff);
    Timestamp::from_micros((seconds + EPOCH_SECONDS) * 1_000_000 + tick * TICK_MICROS)
}

/// The smallest row that an id made at `time` can have; a time before 2014 or after 2082 is clamped to those.
#[must_use]
pub fn first_row_at(time: Timestamp) -> i64 {
    let micros = time.as_micros() - EPOCH_SECONDS * 1_000_000;
    let seconds = micros.div_euclid(1_000_000).clamp(0, i64::from(i32::MAX));
    let tick = if micros < 0 { 0 } else { micros.rem_euclid(1_000_000) / TICK_MICROS };
    debug_assert!(tick < TICKS_PER_SECOND);
    ((seconds << 8) | tick) << COUNT_BITS
}

/// Bits of a row that name the node which made it.
const SLOT_BITS: u32 = 10;

/// A node's place among those that share a store: no two that live have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// How many nodes there may be.
    pub const COUNT: u16 = 1 << SLOT_BITS;

    /// The slot with this number; `None` from [`Slot::COUNT`] on.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (number < Self::COUNT).then_some(Self(number))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Makes ids whose rows only grow, over ticks, threads and (with [`IdGenerator::resume`]) restarts.
#[derive(Debug, Default)]
pub struct IdGenerator {
    /// The last row without the bits of the slot.
    last: AtomicU64,
    slot_bits: u32,
    slot: u16,
}

impl IdGenerator {
    /// A generator that never makes a row at or below `last_row`, the highest one known from earlier runs.
    #[must_use]
    pub fn resume(last_row: i64) -> Self {
        Self { last: AtomicU64::new(last_row.max(0) as u64), slot_bits: 0, slot: 0 }
    }

    /// The same for one of several processes that share a store: its rows are those of its slot alone. It makes up to
    /// four million ids a second before their times run ahead of the clock.
    #[must_use]
    pub fn resume_in(slot: Slot, last_row: i64) -> Self {
        let last = last_row.max(0) as u64 >> SLOT_BITS;
        Self { last: AtomicU64::new(last), slot_bits: SLOT_BITS, slot: slot.number() }
    }

    /// The next id. When the clock stands still or goes back, the count goes on from the last id.
    pub fn next(&self, clock: &dyn Clock, rng: &dyn Rng) -> Id {
        let mut random = [0u8; 16];
        rng.fill(&mut random);
        let start = u64::from(u32::from_be_bytes([0, 0, random[12], random[13]]));
        let fresh = (first_row_at(clock.now()) as u64 | start) >> self.slot_bits;
        let count = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(fresh.max(last + 1)))
            .map_or(fresh, |last| fresh.max(last + 1));
        let row = count << self.slot_bits | u64::from(self.slot);
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&row.to_be_bytes());
        bytes[8..].copy_from_slice(&random[..12]);
        Id(bytes)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! id_kind {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Id);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// An id of this kind from the next free row of `ids`.
            pub fn make(ids: &IdGenerator, clock: &dyn Clock, rng: &dyn Rng) -> Self {
                Self(ids.next(clock, rng))
            }

            /// An id from its stored bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 20]) -> Self {
                Self(Id::from_bytes(bytes))
            }

            /// The bytes, as stored.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 20] {
                self.0.as_bytes()
            }

            /// The id's row: see [`Id::row`].
            #[must_use]
            pub fn row(&self) -> i64 {
                self.0.row()
            }

            /// When the id was made, to 4 ms.
            #[must_use]
            pub fn timestamp(&self) -> Timestamp {
                self.0.timestamp()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix($prefix)
                    .and_then(|rest| Id::parse(rest.as_bytes()))
                    .map(Self)
                    .ok_or(ParseIdError { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id_kind! {
    /// An environment.
    EnvironmentId "env_";
    /// An API key (its public part; the token itself is never stored).
    KeyId "key_";
    /// An application.
    AppId "app_";
    /// An endpoint.
    EndpointId "ep_";
    /// An event type. Clients name event types by name; the id orders and dates them.
    EventTypeId "evtype_";
    /// A message. It is the `webhook-id` of all its deliveries.
    MessageId "msg_";
    /// An attempt.
    AttemptId "atmpt_";
    /// A background task.
    TaskId "qtask_";
    /// A source.
    SourceId "src_";
    /// A received request that was refused.
    RefusalId "rfsl_";
    /// An issue.
    IssueId "iss_";
    /// An entry of the audit log.
    AuditId "adt_";
    /// A person who signs in to the dashboard.
    PersonId "usr_";
    /// A session of a person.
    SessionId "sess_";
    /// A saved search.
    SavedSearchId "srch_";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rng::TestRng;
    use crate::time::TestClock;

    const TIME: Timestamp = Timestamp::from_micros(1_800_000_000_123_000);

    #[test]
    fn text_has_the_published_ksuid_form() {
        // The example of the KSUID README: these bytes are this text.
        let hex = "0669F7EFB5A1CD34B5F99D1154FB6853345C9735";
        let mut bytes = [0; 20];
        for (byte, at) in bytes.iter_mut().zip((0..40).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        }
        let id = MessageId::from_bytes(bytes);
        assert_eq!(id.to_string(), "msg_0ujtsYcgvSTl8PAuAdqWYSMnLOv");
        assert_eq!("msg_0ujtsYcgvSTl8PAuAdqWYSMnLOv".parse(), Ok(id));
    }

    #[test]
    fn text_of_another_kind_or_length_or_size_is_refused() {
        let error = Err(ParseIdError { prefix: "app_" });
        for text in [
            "msg_0ujtsYcgvSTl8PAuAdqWYSMnLOv",
            "0ujtsYcgvSTl8PAuAdqWYSMnLOv",
            "app_0ujtsYcgvSTl8PAuAdqWYSMnLO",
            "app_0ujtsYcgvSTl8PAuAdqWYSMnLOvv",
            "app_0ujtsYcgvSTl8PAuAdqWYSMnL-v",
            "app_zzzzzzzzzzzzzzzzzzzzzzzzzzz",
            "",
        ] {
            assert_eq!(text.parse::<AppId>(), error, "{text}");
        }
    }

    #[test]
    fn ids_carry_their_time_and_order_by_it() {
        let (ids, clock, rng) = (IdGenerator::default(), TestClock::at(TIME), TestRng::seed(1));
        let first = MessageId::make(&ids, &clock, &rng);
        assert!(first.timestamp() <= TIME && TIME.as_micros() - first.timestamp().as_micros() < 4_000);
        clock.advance_micros(4_000);
        let second = MessageId::make(&ids, &clock, &rng);
        assert!(first.to_string() < second.to_string() && first.row() < second.row());
        assert!(first_row_at(TIME) <= first.row() && first.row() < first_row_at(clock.now()));
    }

    #[test]
    fn rows_grow_when_the_clock_stands_still_or_goes_back() {
        let (clock, rng) = (TestClock::at(TIME), TestRng::seed(7));
        let ids = IdGenerator::default();
        let mut last = 0;
        for step in 0..10_000 {
            if step == 5_000 {
                clock.set(Timestamp::from_micros(TIME.as_micros() - 3_600_000_000));
            }
            let row = MessageId::make(&ids, &clock, &rng).row();
            assert!(row > last, "step {step}");
            last = row;
        }
        assert!(MessageId::make(&IdGenerator::resume(last), &clock, &rng).row() > last);
    }

    #[test]
    fn nodes_that_share_a_store_never_make_the_same_row() {
        let (clock, rng) = (TestClock::at(TIME), TestRng::seed(3));
        let slots = [0, 1, 513, Slot::COUNT - 1].map(|number| Slot::new(number).unwrap());
        let mut rows = std::collections::BTreeSet::new();
        for slot in slots {
            let ids = IdGenerator::resume_in(slot, 0);
            let mut last = 0;
            for _ in 0..2_000 {
                let id = MessageId::make(&ids, &clock, &rng);
                assert!(id.row() > last && rows.insert(id.row()));
                assert_eq!(id.row() as u64 % u64::from(Slot::COUNT), u64::from(slot.number()));
                assert!(id.timestamp() <= TIME);
                last = id.row();
            }
            assert!(MessageId::make(&IdGenerator::resume_in(slot, last), &clock, &rng).row() > last);
        }
        assert_eq!(Slot::new(Slot::COUNT), None);
    }

    #[test]
    fn times_out_of_range_are_clamped() {
        assert_eq!(first_row_at(Timestamp::from_micros(i64::MIN / 2)), 0);
        assert!(first_row_at(Timestamp::from_micros(i64::MAX)) > 0);
    }

    proptest! {
        #[test]
        fn every_id_reads_back_and_texts_order_like_bytes(a: [u8; 20], b: [u8; 20]) {
            let ids = [a, b].map(MessageId::from_bytes);
            let texts = ids.map(|id| id.to_string());
            prop_assert_eq!(texts[0].parse(), Ok(ids[0]));
            prop_assert_eq!(texts[0].cmp(&texts[1]), a.cmp(&b));
        }

        #[test]
        fn no_other_text_is_an_id(text in "msg_[0-9A-Za-z]{27}|.{0,40}") {
            // What is accepted is the one text of its id: no second spelling reaches the same object.
            if let Ok(id) = text.parse::<MessageId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
