//! What a transaction adds to rollups and issues: gathered while its jobs run, and written once before it commits.
//!
//! So a thousand attempts at one endpoint cost one row, and the sums are there exactly when what they count is. A
//! transaction that is rolled back takes its tally with it.

use std::collections::{BTreeMap, HashMap, HashSet};

use postrider_core::attempt::Attempt;
use postrider_core::issue::{ENDPOINT_ISSUES, Failures, Fingerprint, Last};
use postrider_core::message::Message;
use postrider_core::rollup::{Counter, Counts, Ended, Width, bucket_of};
use postrider_core::time::Timestamp;

use crate::{Settlement, Then};

pub(crate) mod journal;

/// Endpoints whose issues are remembered.
const KNOWN_MAX: usize = 10_000;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: HashMap<Key, Counts>,
    /// The environments of applications, by their rows.
    environments: HashMap<i64, i64>,
    failures: BTreeMap<FailureKey, Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    app_row: i64,
    bucket: i64,
    endpoint_row: i64,
    event_type: String,
}

/// Whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) environment_row: i64,
    pub(crate) app_row: i64,
}

/// Numbers to be added to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added<'t> {
    pub(crate) owner_row: i64,
    pub(crate) bucket: i64,
    pub(crate) width: Width,
    /// 0 for none.
    pub(crate) endpoint_row: i64,
    pub(crate) event_type: &'t str,
    pub(crate) counts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FailureKey {
    pub(crate) app_row: i64,
    pub(crate) endpoint_row: i64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) hour: i64,
}

/// Failures that look alike, of one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) environment_row: i64,
    /// The row and the id of the first.
    pub(crate) row: i64,
    pub(crate) id: [u8; 20],
    pub(crate) first_seen: i64,
    pub(crate) status_code: u16,
    pub(crate) class: Option<u8>,
    pub(crate) failures: Failures,
    pub(crate) last: Last,
}

impl Tally {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.failures.is_empty()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.counts.clear();
        self.environments.clear();
        self.failures.clear();
    }

    /// Counts a message that was accepted, unless it is [edited](Message::edited_of).
    pub(crate) fn accepted(&mut self, owner: Owner, message: &Message, now: Timestamp) {
        if message.edited_of.is_none() {
            self.counts(owner, 0, &message.event_type, now).add(Counter::Messages, 1);
        }
    }

    /// Counts an attempt that was recorded, if it counts.
    pub(crate) fn settled(&mut self, owner: Owner, settlement: &Settlement) {
        if !settlement.counted {
            return;
        }
        let Settlement { attempt, event_type, then, .. } = settlement;
        let ended = match then {
            Then::Succeeded => Ended::Delivered,
            Then::Failed => Ended::GivenUp,
            Then::Waiting { .. } => Ended::Not,
        };
        self.counts(owner, attempt.endpoint.row(), event_type, attempt.at).count(attempt, ended);
        if !attempt.succeeded {
            self.failed(owner, attempt, ended);
        }
    }

    fn counts(&mut self, owner: Owner, endpoint_row: i64, event_type: &str, at: Timestamp) -> &mut Counts {
        let bucket = bucket_of(at, Width::FiveMinutes).as_micros();
        self.environments.insert(owner.app_row, owner.environment_row);
        let key = Key { app_row: owner.app_row, bucket, endpoint_row, event_type: event_type.to_owned() };
        self.counts.entry(key).or_default()
    }

    fn failed(&mut self, owner: Owner, attempt: &Attempt, ended: Ended) {
        let key = FailureKey {
            app_row: owner.app_row,
            endpoint_row: attempt.endpoint.row(),
            fingerprint: Fingerprint::of(attempt),
            hour: bucket_of(attempt.at, Width::Hour).as_micros(),
        };
        let failures = Failures {
            attempts: 1,
            deliveries: u64::from(attempt.number == 1),
            given_up: u64::from(ended == Ended::GivenUp),
        };
        let failure = Failure {
            environment_row: owner.environment_row,
            row: attempt.id.row(),
            id: *attempt.id.as_bytes(),
            first_seen: attempt.at.as_micros(),
            status_code: attempt.status_code,
            class: attempt.failure.as_ref().map(|failure| failure.class as u8),
            failures,
            last: Last { seen: attempt.at, attempt: attempt.id, message: attempt.message },
        };
        merge(&mut self.failures, key, failure);
    }

    /// What is to be added to which rows, in the order of their key.
    pub(crate) fn added(&self) -> Vec<Added<'_>> {
        let mut sums: BTreeMap<(i64, i64, &str), Counts> = BTreeMap::new();
        let mut all = Vec::with_capacity(self.counts.len() + 1);
        for (key, counts) in &self.counts {
            if let Some(environment_row) = self.environments.get(&key.app_row) {
                sums.entry((*environment_row, key.bucket, &key.event_type)).or_default().merge(counts);
            }
            all.push(Added {
                owner_row: key.app_row,
                bucket: key.bucket,
                width: Width::FiveMinutes,
                endpoint_row: key.endpoint_row,
                event_type: &key.event_type,
                counts: *counts,
            });
        }
        all.extend(sums.into_iter().map(|((owner_row, bucket, event_type), counts)| Added {
            owner_row,
            bucket,
            width: Width::FiveMinutes,
            endpoint_row: 0,
            event_type,
            counts,
        }));
        all.sort_unstable_by_key(|added| {
            (added.owner_row, added.bucket, added.endpoint_row, added.event_type)
        });
        all
    }

    /// The endpoints that have failed, with their applications.
    pub(crate) fn failing(&self) -> HashSet<(i64, i64)> {
        self.failures.keys().map(|key| (key.app_row, key.endpoint_row)).collect()
    }

    /// The failures, each at the issue that it belongs to, in the order of their key.
    pub(crate) fn failures(&self, known: &mut KnownIssues) -> BTreeMap<FailureKey, Failure> {
        let mut placed = BTreeMap::new();
        for (key, failure) in &self.failures {
            let fingerprint = known.place(key.endpoint_row, key.fingerprint);
            let mut failure = failure.clone();
            if fingerprint == Fingerprint::OTHER {
                (failure.status_code, failure.class) = (0, None);
            }
            merge(&mut placed, FailureKey { fingerprint, ..*key }, failure);
        }
        placed
    }
}

fn merge(failures: &mut BTreeMap<FailureKey, Failure>, key: FailureKey, failure: Failure) {
    failures
        .entry(key)
        .and_modify(|known| {
            known.failures.add(failure.failures);
            if failure.first_seen < known.first_seen {
                (known.row, known.id, known.first_seen) = (failure.row, failure.id, failure.first_seen);
            }
            if failure.last.seen >= known.last.seen {
                known.last = failure.last;
            }
        })
        .or_insert(failure);
}

/// Which issues endpoints have, as far as it is known, so that none gets more than
/// [`ENDPOINT_ISSUES`]. Where several nodes count failures of one endpoint there may be a few more.
#[derive(Debug, Default)]
pub(crate) struct KnownIssues(HashMap<i64, HashSet<Fingerprint>>);

impl KnownIssues {
    /// Whether nothing is known of the endpoint.
    pub(crate) fn lacks(&self, endpoint_row: i64) -> bool {
        !self.0.contains_key(&endpoint_row)
    }

    /// Notes the issues that an endpoint has.
    pub(crate) fn learn(&mut self, endpoint_row: i64, issues: impl IntoIterator<Item = Fingerprint>) {
        if self.0.len() >= KNOWN_MAX {
            self.0.clear();
        }
        self.0.entry(endpoint_row).or_default().extend(issues);
    }

    /// Forgets everything: issues have been removed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The issue that failures with this fingerprint belong to.
    fn place(&mut self, endpoint_row: i64, fingerprint: Fingerprint) -> Fingerprint {
        // Forgotten since it was learned, to make room: it is asked for anew the next time.
        let Some(issues) = self.0.get_mut(&endpoint_row) else { return fingerprint };
        let has_room = issues.len() < ENDPOINT_ISSUES;
        if has_room {
            issues.insert(fingerprint);
        }
        if has_room || issues.contains(&fingerprint) { fingerprint } else { Fingerprint::OTHER }
    }
}

#[cfg(test)]
mod tests;
