//! How heavy a row of a list is, in bytes of what has no small ceiling of its own.
//!
//! A page ends at [`PAGE_BYTES`](crate::list::PAGE_BYTES): 250 of the largest messages would be hundreds of megabytes,
//! read by whoever may read one. Fixed columns and short names are not counted.

use std::collections::BTreeMap;

use postrider_core::app::App;
use postrider_core::attempt::Attempt;
use postrider_core::audit::Entry;
use postrider_core::delivery::Delivery;
use postrider_core::endpoint::Endpoint;
use postrider_core::event_type::EventType;
use postrider_core::issue::Issue;
use postrider_core::message::Message;
use postrider_core::source::Source;
use postrider_core::task::{Job, Task};

/// A row of a list.
pub(crate) trait Weigh {
    /// About how many bytes it has.
    fn bytes(&self) -> usize;
}

impl Weigh for App {
    fn bytes(&self) -> usize {
        pairs(&self.metadata)
    }
}

impl Weigh for Source {
    fn bytes(&self) -> usize {
        let code = |one: &postrider_core::source::Transformation| one.code.as_ref().map_or(0, String::len);
        let cron = self.settings.cron.as_ref().map_or(0, |cron| cron.payload.len());
        pairs(&self.metadata) + cron + self.settings.transformations.values().map(code).sum::<usize>()
    }
}

impl Weigh for EventType {
    fn bytes(&self) -> usize {
        self.description.len() + self.schemas.as_ref().map_or(0, String::len)
    }
}

impl Weigh for Endpoint {
    fn bytes(&self) -> usize {
        let filters = self.event_types.iter().chain(&self.channels).map(String::len).sum::<usize>();
        self.description.len() + filters + pairs(&self.metadata) + pairs(&self.headers)
    }
}

impl Weigh for Issue {
    fn bytes(&self) -> usize {
        0
    }
}

impl Weigh for Message {
    fn bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, |payload| payload.body.len())
    }
}

impl Weigh for Attempt {
    fn bytes(&self) -> usize {
        let answer = self.response_headers.len() + self.response.as_ref().map_or(0, bytes::Bytes::len);
        self.url.len() + self.request_headers.len() + answer
    }
}

impl Weigh for Task {
    fn bytes(&self) -> usize {
        let event_types = match &self.job {
            Job::BulkReplay(_, selection) => &selection.event_types[..],
            Job::ReplaySource(replay) => &replay.event_types,
            Job::Recover(_) | Job::ReplayMissing(_) | Job::ReplaySearch(_) => &[],
        };
        event_types.iter().map(String::len).sum()
    }
}

impl Weigh for Entry {
    fn bytes(&self) -> usize {
        let value =
            |value: &Option<serde_json::Value>| value.as_ref().map_or(0, |value| value.to_string().len());
        self.changes.iter().map(|changed| value(&changed.old) + value(&changed.new)).sum()
    }
}

impl Weigh for Delivery {
    fn bytes(&self) -> usize {
        0
    }
}

impl Weigh for (Delivery, Message) {
    fn bytes(&self) -> usize {
        self.0.bytes() + self.1.bytes()
    }
}

fn pairs(map: &BTreeMap<String, String>) -> usize {
    map.iter().map(|(name, value)| name.len() + value.len()).sum()
}
