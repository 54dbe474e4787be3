//! Where to look for what a query finds: what its terms say of the rows before any of them is read.

use super::condition::{Condition, Status};
use super::{Query, Term};
use crate::app::Ref;
use crate::id::{AppId, EndpointId, MessageId, SourceId};
use crate::time::Timestamp;

/// What everything that a query finds has in common. A store looks only there, and holds what it finds against the query
/// all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// Messages accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Messages accepted before this time.
    pub until: Option<Timestamp>,
    /// This message.
    pub message: Option<MessageId>,
    /// Deliveries to this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Messages of this application.
    pub app: Option<Ref<AppId>>,
    /// Messages that this source received.
    pub source: Option<Ref<SourceId>>,
    /// Deliveries that are [retrying](Status::Retrying), failed or canceled, in this order: `true` for those that may be
    /// found. `None` where others may be found too.
    pub troubled: Option<[bool; 3]>,
}

/// The statuses of deliveries that are in trouble: few, and what is mostly searched for.
const TROUBLED: [Status; 3] = [Status::Retrying, Status::Failed, Status::Canceled];

impl Query {
    /// See [`Narrowing`].
    #[must_use]
    pub fn narrowing(&self, now: Timestamp) -> Narrowing {
        let mut all = Narrowing {
            since: None,
            until: None,
            message: None,
            endpoint: None,
            app: None,
            source: None,
            troubled: None,
        };
        for Term { is_not, condition } in self.terms() {
            match (condition, is_not) {
                (Condition::Since(moment), false) | (Condition::Until(moment), true) => {
                    all.since = all.since.max(Some(moment.at(now)));
                }
                (Condition::Until(moment), false) | (Condition::Since(moment), true) => {
                    let until = moment.at(now);
                    all.until = Some(all.until.map_or(until, |known| known.min(until)));
                }
                (Condition::Message(refs), false) => {
                    if let [Ref::Id(id)] = refs[..] {
                        all.message = Some(id);
                    }
                }
                (Condition::Endpoint(refs), false) => {
                    if let [Ref::Id(id)] = refs[..] {
                        all.endpoint = Some(id);
                    }
                }
                (Condition::App(refs), false) => {
                    if let [one] = &refs[..] {
                        all.app = Some(one.clone());
                    }
                }
                (Condition::Source(refs), false) => {
                    if let [one] = &refs[..] {
                        all.source = Some(one.clone());
                    }
                }
                _ => {}
            }
            if let Some(allowed) = troubled(condition, *is_not) {
                let known = all.troubled.get_or_insert([true; 3]);
                for (known, allowed) in known.iter_mut().zip(allowed) {
                    *known &= allowed;
                }
            }
        }
        all
    }
}

/// Which of the troubled deliveries can meet the condition; `None` if others can too.
fn troubled(condition: &Condition, is_not: bool) -> Option<[bool; 3]> {
    match (condition, is_not) {
        (Condition::Status(all), false) => {
            let are_all = all.iter().all(|status| TROUBLED.contains(status));
            are_all.then(|| TROUBLED.map(|status| all.contains(&status)))
        }
        // Without 2xx, the last attempt was not the one that arrived. A command that ran well has no status at all.
        (Condition::Code(all), false) => {
            let is_failure = |from: u16, to: u16| from > 0 && (to < 200 || from > 299);
            all.iter().all(|codes| is_failure(codes.from, codes.to)).then_some([true; 3])
        }
        (Condition::Error(_), false) => Some([true; 3]),
        _ => None,
    }
}
