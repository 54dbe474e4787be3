//! Checks signatures, macs and digests over a message.

use std::borrow::Cow;
use std::time::Duration;

use super::ceiling;
use super::encoding;
use super::key::Key;
use super::message;
use super::place::View;
use super::scheme::{Encoding, Format, Signature, Stamp, StampFormat, StampFrom};
use super::settings::Settings;
use super::verdict::{Proof, Reason};
use crate::time::Timestamp;

/// A key and its place in the source's list.
pub(super) type Numbered<'k> = (usize, &'k Key);

/// A decoded signature, and the timestamp that stands beside it.
struct Candidate {
    signature: Vec<u8>,
    timestamp: Option<Vec<u8>>,
}

/// Signatures over the same timestamp, so over the same message.
struct Group {
    timestamp: Vec<u8>,
    signed_at: Option<Timestamp>,
    signatures: Vec<Vec<u8>>,
}

impl Signature {
    /// The proof that `view` is signed by one of `keys`, none further than `tolerance` from `now`; zero does not
    /// enforce it.
    pub(super) fn check(
        &self,
        view: &View<'_>,
        keys: &[Numbered<'_>],
        tolerance: Duration,
        now: Timestamp,
    ) -> Result<Proof, Reason> {
        let Some(each) = &self.each else { return self.check_one(view, keys, tolerance, now) };
        let items = each.all(view.request.body);
        if items.is_empty() {
            return Err(Reason::EmptyBatch);
        }
        if items.len() > ceiling::SIGNED_ITEMS {
            return Err(Reason::Malformed { place: "batch".to_owned(), what: "has too many items" });
        }
        let mut proof = Proof::default();
        for (index, item) in items.into_iter().enumerate() {
            let view = View { document: item.as_bytes(), ..*view };
            proof = self
                .check_one(&view, keys, tolerance, now)
                .map_err(|reason| Reason::Item { index, reason: Box::new(reason) })?;
        }
        Ok(proof)
    }

    fn check_one(
        &self,
        view: &View<'_>,
        keys: &[Numbered<'_>],
        tolerance: Duration,
        now: Timestamp,
    ) -> Result<Proof, Reason> {
        let groups = self.groups(view)?;
        if let Some(place) = &self.body_hash {
            let hash = place.needed(view)?;
            let expected = message::body_sha256(view.request.body);
            if !hash.eq_ignore_ascii_case(expected.as_bytes()) {
                return Err(Reason::BodyHash { place: place.to_string() });
            }
        }
        let mut refused = None;
        for group in groups {
            if let Err(reason) = fresh(group.signed_at, tolerance, now) {
                refused = Some(reason);
                continue;
            }
            if let Some(secret) = self.matching(view, &group, keys)? {
                return Ok(Proof { secret: Some(secret), timestamp: group.signed_at });
            }
        }
        Err(refused.unwrap_or(Reason::NoMatch { secrets: keys.len() }))
    }

    /// Whether the request would match, time left aside, if it were as `view` says: what probes ask.
    pub(super) fn would_match(&self, view: &View<'_>, keys: &[Numbered<'_>]) -> bool {
        let matches = |view: &View<'_>| {
            let groups = self.groups(view).unwrap_or_default();
            groups.iter().any(|group| matches!(self.matching(view, group, keys), Ok(Some(_))))
        };
        self.each.is_none() && matches(view)
    }

    /// The message that a key signs, in one; `None` if it cannot be built. For short messages.
    pub(super) fn message(&self, view: &View<'_>, timestamp: &[u8], key: &Key) -> Option<Vec<u8>> {
        Some(message::build(&self.message, view, timestamp, key.raw()).ok()?.concat())
    }

    fn matching(
        &self,
        view: &View<'_>,
        group: &Group,
        keys: &[Numbered<'_>],
    ) -> Result<Option<usize>, Reason> {
        let signatures: Vec<&[u8]> = group.signatures.iter().map(Vec::as_slice).collect();
        for (number, key) in keys {
            let message = message::build(&self.message, view, &group.timestamp, key.raw())?;
            if key.matches(self.algorithm, &message, &signatures) {
                return Ok(Some(*number));
            }
        }
        Ok(None)
    }

    /// The well-formed signatures of a request, by timestamp.
    fn groups(&self, view: &View<'_>) -> Result<Vec<Group>, Reason> {
        let candidates = self.candidates(view)?;
        let common = match &self.timestamp {
            Some(Stamp { from: StampFrom::Place(place), .. }) => place.needed(view)?,
            _ => Cow::Borrowed(&[][..]),
        };
        let mut groups: Vec<Group> = Vec::new();
        for Candidate { signature, timestamp } in candidates {
            let timestamp = timestamp.unwrap_or_else(|| common.to_vec());
            if let Some(group) = groups.iter_mut().find(|group| group.timestamp == timestamp) {
                group.signatures.push(signature);
                continue;
            }
            if groups.len() == ceiling::TIMESTAMPS {
                return Err(Reason::Malformed { place: "timestamp".to_owned(), what: "has too many values" });
            }
            let signed_at = match &self.timestamp {
                Some(stamp) => stamp.format.read(&timestamp)?,
                None => None,
            };
            groups.push(Group { timestamp, signed_at, signatures: vec![signature] });
        }
        Ok(groups)
    }

    /// All signatures at all places. Entries of other versions are skipped; what remains must be one at least.
    fn candidates(&self, view: &View<'_>) -> Result<Vec<Candidate>, Reason> {
        let mut candidates = Vec::new();
        let mut malformed = None;
        for place in &self.from {
            for value in place.all(view)? {
                if let Err(what) = self.read(&value, view.settings, &mut candidates) {
                    malformed = Some(Reason::Malformed { place: place.to_string(), what });
                }
            }
        }
        let limit =
            if self.algorithm.is_asymmetric() { ceiling::ASYMMETRIC_SIGNATURES } else { ceiling::SIGNATURES };
        if candidates.len() > limit {
            let place = self.from[0].to_string();
            return Err(Reason::Malformed { place, what: "has more signatures than any rotation makes" });
        }
        if candidates.is_empty() {
            return Err(malformed.unwrap_or_else(|| Reason::Missing { place: self.from[0].to_string() }));
        }
        Ok(candidates)
    }

    /// Adds the signatures of one value; an error says what is wrong with a value that has none.
    fn read(
        &self,
        value: &[u8],
        settings: &Settings,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), &'static str> {
        let before = candidates.len();
        let mut undecodable = false;
        let mut add = |text: &[u8], timestamp: Option<&[u8]>| match self.decode(text) {
            Some(signature) => {
                candidates.push(Candidate { signature, timestamp: timestamp.map(<[u8]>::to_vec) });
            }
            None => undecodable = true,
        };
        match &self.format {
            Format::Plain { prefix } => match value.strip_prefix(prefix.as_bytes()) {
                Some(text) => add(text, None),
                None => return Err("does not begin as this provider's signatures do"),
            },
            Format::Positional { delimiter } => {
                let mut entries = split(value, delimiter);
                let timestamp = entries.next().ok_or("is empty")?;
                entries.for_each(|text| add(text, Some(timestamp)));
            }
            Format::Pairs { delimiter, separator, keys, timestamp, group } => {
                let groups: Vec<&[u8]> = match group {
                    Some(group) => split(value, group).collect(),
                    None => vec![value],
                };
                for group in groups.into_iter().take(ceiling::TIMESTAMPS + 1) {
                    let entries = || {
                        split(group, delimiter).filter_map(|entry| {
                            let at = find(entry, separator.as_bytes())?;
                            Some((entry[..at].trim_ascii(), &entry[at + separator.len()..]))
                        })
                    };
                    let signed_at = match timestamp {
                        Some(key) => {
                            let mut found = entries().filter(|(name, _)| *name == key.as_bytes());
                            let first = found.next().ok_or("has no timestamp")?.1;
                            if found.next().is_some() {
                                return Err("has more than one timestamp");
                            }
                            Some(first)
                        }
                        None => None,
                    };
                    let wanted = |name: &[u8]| {
                        keys.iter().filter_map(|key| key.get(settings)).any(|key| key.as_bytes() == name)
                    };
                    entries().filter(|(name, _)| wanted(name)).for_each(|(_, text)| add(text, signed_at));
                }
            }
        }
        match (candidates.len() > before, undecodable) {
            (true, _) => Ok(()),
            (false, true) => Err("has no signature of the right length and encoding"),
            (false, false) => Err("has no signature of a version that is checked"),
        }
    }

    fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        let bytes = match self.encoding {
            Encoding::Hex => encoding::hex(text),
            Encoding::Base64 => encoding::base64(text),
        }?;
        let right = match self.algorithm.signature_len() {
            Some(length) => bytes.len() == length,
            None => !bytes.is_empty(),
        };
        right.then_some(bytes)
    }
}

fn split<'v>(value: &'v [u8], delimiter: &str) -> impl Iterator<Item = &'v [u8]> {
    let delimiter = delimiter.as_bytes().to_vec();
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let current = rest?;
        match find(current, &delimiter) {
            Some(at) => {
                rest = Some(&current[at + delimiter.len()..]);
                Some(&current[..at])
            }
            None => rest.take(),
        }
    })
    // One more than any request may have, so that the ceiling is seen to be passed.
    .take(ceiling::SIGNATURES * 2)
    .map(<[u8]>::trim_ascii)
}

fn find(value: &[u8], part: &[u8]) -> Option<usize> {
    value.windows(part.len()).position(|window| window == part)
}

impl StampFormat {
    /// The time that a timestamp is; `None` for one that is no time.
    pub(super) fn read(self, text: &[u8]) -> Result<Option<Timestamp>, Reason> {
        let malformed = |what| Reason::Malformed { place: "timestamp".to_owned(), what };
        let digits = |text: &[u8]| -> Option<i64> {
            let valid =
                (1..=ceiling::TIMESTAMP_DIGITS).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
            if valid { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
        };
        match self {
            Self::Nonce => Ok(None),
            Self::UnixS => {
                let time = digits(text).and_then(unix_time);
                time.map(Some).ok_or_else(|| malformed("is not a number of seconds"))
            }
            Self::UnixMs => {
                let time = digits(text).and_then(|millis| in_range(millis.checked_mul(1_000)?));
                time.map(Some).ok_or_else(|| malformed("is not a number of milliseconds"))
            }
            Self::Rfc3339 => {
                let time = std::str::from_utf8(text).ok().filter(|text| text.len() <= 64);
                let time = time.and_then(|text| text.parse().ok());
                time.map(Some).ok_or_else(|| malformed("is not a time such as 2026-01-31T12:00:00Z"))
            }
        }
    }

    /// A timestamp as the provider writes it.
    pub(super) fn write(self, now: Timestamp) -> String {
        match self {
            Self::UnixS | Self::Nonce => now.as_seconds().to_string(),
            Self::UnixMs => now.as_micros().div_euclid(1_000).to_string(),
            Self::Rfc3339 => now.to_string(),
        }
    }
}

/// The last moment that RFC 3339 can write, in seconds since 1970.
const END_OF_TIME_S: i64 = 253_402_300_799;

/// A time of whole seconds since 1970, if it can be shown.
pub(super) fn unix_time(seconds: i64) -> Option<Timestamp> {
    in_range(seconds.checked_mul(1_000_000)?)
}

fn in_range(micros: i64) -> Option<Timestamp> {
    (0..=END_OF_TIME_S * 1_000_000).contains(&micros).then(|| Timestamp::from_micros(micros))
}

/// Whether `signed_at` is within `tolerance` of `now`, ends included, in whole seconds; nothing is enforced with a
/// tolerance of zero.
pub(super) fn fresh(signed_at: Option<Timestamp>, tolerance: Duration, now: Timestamp) -> Result<(), Reason> {
    let Some(signed_at) = signed_at.filter(|_| !tolerance.is_zero()) else { return Ok(()) };
    let age = now.as_seconds().saturating_sub(signed_at.as_seconds());
    let (seconds, tolerance) = (age.unsigned_abs(), tolerance.as_secs());
    if seconds <= tolerance {
        Ok(())
    } else if age > 0 {
        Err(Reason::TooOld { seconds, tolerance })
    } else {
        Err(Reason::InFuture { seconds, tolerance })
    }
}
