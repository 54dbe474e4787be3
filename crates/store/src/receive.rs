//! What [`Store::receive`](crate::Store::receive) and its relatives take and give, and how it is sealed.

use bytes::Bytes;
use postrider_core::id::{MessageId, RefusalId};
use postrider_core::reception::{Octets, Received, Reception, Refusal, Sameness};
use postrider_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::corrupt;
use crate::seal::{Place, Sealer};
use crate::{Acceptance, Accepted, Error};

/// What a source received in one request, or what its schedule makes: all of it becomes messages, or nothing.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The messages, in the order of the request.
    pub arrivals: Vec<Arrival>,
    /// How far back repetitions are recognised.
    pub since: Timestamp,
    /// The firing of the schedule that this is.
    pub firing: Option<Firing>,
}

/// One message of an [`Intake`].
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The message and where it goes, unless it is a repetition. It has no idempotency record.
    pub acceptance: Acceptance,
    /// What is known of it. Whether it is a repetition is for the store to say.
    pub reception: Reception,
    /// What it has in common with its repetitions.
    pub sameness: Sameness,
}

/// A due time of a schedule. Of all who see it come, one fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firing {
    /// When it was due, which is what the source must say still.
    pub due: Timestamp,
    /// When the next one is.
    pub next: Option<Timestamp>,
}

/// What became of an [`Arrival`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Where its deliveries were put; a repetition has none.
    pub accepted: Accepted,
    /// The message that it repeats.
    pub duplicate_of: Option<MessageId>,
}

impl Arrival {
    /// The same as a repetition of `original`: kept, and sent nowhere.
    pub(crate) fn repeating(&self, original: Option<MessageId>) -> Self {
        let mut arrival = self.clone();
        if original.is_some() {
            arrival.acceptance.deliveries.clear();
            arrival.reception.duplicate_of = original;
        }
        arrival
    }
}

/// About how much memory arrivals keep while they wait.
pub(crate) fn size(arrivals: &[Arrival]) -> usize {
    const FIXED: usize = 2_048;
    let payload =
        |arrival: &Arrival| arrival.acceptance.message.payload.as_ref().map_or(0, |it| it.body.len());
    arrivals.iter().map(|arrival| FIXED + payload(arrival)).sum()
}

/// Seals a value as JSON.
pub(crate) fn seal(sealer: &Sealer, place: Place, value: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_vec(value).expect("its maps have string keys, and its numbers are whole");
    sealer.seal(place, &Zeroizing::new(text))
}

/// Opens what [`seal`] has sealed. The error does not say where the parser stopped: that would repeat a part of it.
pub(crate) fn open<T: DeserializeOwned>(sealer: &Sealer, place: Place, stored: &[u8]) -> Result<T, Error> {
    let Place { table, row, column } = place;
    let text = sealer.open(place, stored).map_err(|error| corrupt(table, column, row, &error))?;
    serde_json::from_slice(&Zeroizing::new(text))
        .map_err(|_| corrupt(table, column, row, &"is not what was sealed"))
}

/// Where the private part of a source is.
pub(crate) const fn private_at(row: i64) -> Place {
    Place { table: "source", row, column: "private" }
}

/// Where the detail of a reception is.
pub(crate) const fn detail_at(row: i64) -> Place {
    Place { table: "reception", row, column: "detail" }
}

const fn refusal_at(row: i64) -> Place {
    Place { table: "refusal", row, column: "detail" }
}

/// A refusal as it is sealed.
#[derive(Serialize, Deserialize)]
struct StoredRefusal {
    at: Timestamp,
    request: Received,
    code: String,
    reason: String,
    body_bytes: u64,
    body: Octets,
}

pub(crate) fn seal_refusal(sealer: &Sealer, refusal: &Refusal) -> Vec<u8> {
    let stored = StoredRefusal {
        at: refusal.at,
        request: refusal.request.clone(),
        code: refusal.code.clone(),
        reason: refusal.reason.clone(),
        body_bytes: refusal.body_bytes,
        body: Octets(refusal.body.clone()),
    };
    seal(sealer, refusal_at(refusal.id.row()), &stored)
}

pub(crate) fn open_refusal(sealer: &Sealer, id: RefusalId, stored: &[u8]) -> Result<Refusal, Error> {
    let StoredRefusal { at, request, code, reason, body_bytes, body: Octets(body) } =
        open(sealer, refusal_at(id.row()), stored)?;
    let body = Bytes::copy_from_slice(&body);
    Ok(Refusal { id, at, request, code, reason, body_bytes, body })
}
