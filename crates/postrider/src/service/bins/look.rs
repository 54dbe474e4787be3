//! Looking at a bin, and what a viewer may change in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use postrider_core::time::Timestamp;

use super::request::Kept;
use super::script::Script;
use super::share::Share;
use super::{Bins, NOTE_CHARS};

/// A bin at one moment. What is in it is shared, not copied.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// Newest first.
    pub requests: Vec<Arc<Kept>>,
    /// By the number of the request.
    pub notes: BTreeMap<u64, String>,
    /// What it answers.
    pub script: Arc<Script>,
    /// How many requests have been answered by the script.
    pub steps_taken: usize,
    /// Links that are shared.
    pub shares: Vec<Share>,
    /// How full it is.
    pub caps: Caps,
}

/// How full a bin is, and its ceilings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// Requests in it.
    pub requests: usize,
    /// At most.
    pub requests_max: usize,
    /// Bytes of all bins.
    pub bytes: usize,
    /// At most.
    pub bytes_max: usize,
    /// Requests that have left it because of a ceiling.
    pub gone: u64,
    /// When the bin goes, if it was made with a key.
    pub expires_at: Option<Timestamp>,
}

impl Bins {
    /// What is in a bin; nothing where there is none.
    #[must_use]
    pub fn overview(&self, name: &str) -> Overview {
        let settings = *self.settings();
        let locked = self.shelf();
        let empty = Caps {
            requests_max: settings.requests,
            bytes: locked.bytes(),
            bytes_max: settings.bytes,
            ..Caps::default()
        };
        let Some(bin) = locked.peek(name) else { return Overview { caps: empty, ..Overview::default() } };
        let now = self.now();
        Overview {
            requests: bin.requests.iter().rev().map(Arc::clone).collect(),
            notes: bin.notes.clone(),
            script: Arc::clone(&bin.script),
            steps_taken: bin.step,
            shares: bin.shares.iter().filter(|share| now < share.until).cloned().collect(),
            caps: Caps {
                requests: bin.requests.len(),
                gone: bin.gone,
                expires_at: bin.owner.as_ref().map(|owner| owner.made_at.after(settings.max_age)),
                ..empty
            },
        }
    }

    /// One request.
    #[must_use]
    pub fn request(&self, name: &str, number: u64) -> Option<Arc<Kept>> {
        let locked = self.shelf();
        let bin = locked.peek(name)?;
        Some(Arc::clone(&bin.requests[bin.place(number)?]))
    }

    /// At most `most` requests that came after `number`, oldest first, and the number of the oldest that is left.
    #[must_use]
    pub fn after(&self, name: &str, number: u64, most: usize) -> (Vec<Arc<Kept>>, Option<u64>) {
        let locked = self.shelf();
        let Some(bin) = locked.peek(name) else { return (Vec::new(), None) };
        let first = bin.requests.partition_point(|kept| kept.number <= number);
        let newer = bin.requests.range(first..).take(most).map(Arc::clone).collect();
        (newer, bin.requests.front().map(|kept| kept.number))
    }

    /// Sets what a bin answers, from its first step on; `false` when there is no room for it.
    #[must_use]
    pub fn set_script(&self, name: &str, script: Script) -> bool {
        self.shelf().set_script(name, script)
    }

    /// Sets or removes the note of a request.
    pub fn note(&self, name: &str, number: u64, text: &str) {
        let mut locked = self.shelf();
        let Some(bin) = locked.bin(name) else { return };
        let text: String = text.trim().chars().take(NOTE_CHARS).collect();
        if text.is_empty() {
            bin.notes.remove(&number);
        } else if bin.place(number).is_some() {
            bin.notes.insert(number, text);
        }
    }

    /// Removes one request.
    pub fn delete(&self, name: &str, number: u64) {
        self.shelf().delete(name, number);
    }

    /// Removes all requests.
    pub fn clear(&self, name: &str) {
        self.shelf().clear(name);
    }
}
