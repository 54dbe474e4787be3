//! All bins and what is in them, under one lock, with the ceilings.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use postrider_core::id::EnvironmentId;
use postrider_core::key::TokenHash;
use postrider_core::time::Timestamp;
use tokio::sync::Semaphore;

use super::request::Kept;
use super::script::{Exception, Planned, Script};
use super::share::Share;
use super::window::Window;
use super::{Mode, Settings, held, replay};

/// See the module's documentation.
pub(super) struct Shelf {
    settings: Settings,
    bins: HashMap<String, Bin>,
    // Which bin each request is in, oldest first.
    order: BTreeMap<u64, (Timestamp, String)>,
    // What the requests of each bin that has any take, the most last.
    weights: BTreeSet<(usize, String)>,
    bytes: usize,
    next: u64,
    // No bin goes by its age before then.
    first_end: Timestamp,
    // Which bin each shared link leads to.
    pub(super) links: HashMap<TokenHash, String>,
}

/// One bin.
pub(super) struct Bin {
    pub(super) owner: Option<Owner>,
    pub(super) requests: VecDeque<Arc<Kept>>,
    pub(super) notes: BTreeMap<u64, String>,
    pub(super) script: Arc<Script>,
    // The step that comes next.
    pub(super) step: usize,
    pub(super) shares: Vec<Share>,
    pub(super) replays: Window,
    /// Requests that have left it because of a ceiling.
    pub(super) gone: u64,
    /// Places for answers that are held back.
    pub(super) held: Arc<Semaphore>,
    /// Bytes of its requests.
    bytes: usize,
    /// The number of the newest request when it was last used.
    used: u64,
}

/// Who made a bin, and with what it is read.
pub(super) struct Owner {
    pub(super) environment: EnvironmentId,
    pub(super) view_key: TokenHash,
    pub(super) made_at: Timestamp,
}

impl Shelf {
    pub(super) fn new(settings: Settings, first: u64) -> Self {
        let (bins, order, weights, links) = Default::default();
        let first_end = Timestamp::from_micros(i64::MAX);
        Self { settings, bins, order, weights, bytes: 0, next: first, first_end, links }
    }

    /// A number above all others, near the time in microseconds.
    pub(super) fn next_number(&mut self, now: Timestamp) -> u64 {
        let clock = u64::try_from(now.as_micros()).unwrap_or_default();
        self.next = (self.next + 1).max(clock);
        self.next
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.bins.contains_key(name)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn peek(&self, name: &str) -> Option<&Bin> {
        self.bins.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Bin)> {
        self.bins.iter()
    }

    /// The bin of this name, which is made where every name is one; `None` where it is not there, or there is no room.
    pub(super) fn bin(&mut self, name: &str) -> Option<&mut Bin> {
        if !self.has(name) && (self.settings.mode != Mode::Open || !self.insert(name, None)) {
            return None;
        }
        let used = self.next;
        let bin = self.bins.get_mut(name)?;
        bin.used = used;
        Some(bin)
    }

    /// Makes a bin; `false` when there is no room, or its owner has a quarter of all. One that nobody owns makes room for
    /// another.
    pub(super) fn insert(&mut self, name: &str, owner: Option<Owner>) -> bool {
        if owner.as_ref().is_some_and(|owner| self.has_its_share(owner.environment)) {
            return false;
        }
        if self.bins.len() >= self.settings.bins {
            let unowned = self.bins.iter().filter(|(_, bin)| bin.owner.is_none());
            let Some(idle) = unowned.min_by_key(|(_, bin)| bin.used).map(|(name, _)| name.clone()) else {
                return false;
            };
            self.remove(&idle);
        }
        if let Some(owner) = &owner {
            self.first_end = self.first_end.min(owner.made_at.after(self.settings.max_age));
        }
        self.bins.insert(name.to_owned(), Bin::new(owner, self.next));
        true
    }

    fn has_its_share(&self, environment: EnvironmentId) -> bool {
        let owners = self.bins.values().filter_map(|bin| bin.owner.as_ref());
        let own = owners.filter(|owner| owner.environment == environment).count();
        own >= (self.settings.bins / 4).max(1)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.clear(name);
        let Some(bin) = self.bins.remove(name) else { return };
        self.bytes -= bin.script.cost();
        for share in &bin.shares {
            self.links.remove(&TokenHash::of(&share.token));
        }
    }

    /// Puts a request into a bin. Where there is no room, the oldest leave the bin that has most.
    pub(super) fn put(&mut self, name: &str, kept: Kept) {
        let Some(bin) = self.bins.get(name) else { return };
        if bin.requests.len() >= self.settings.requests {
            self.drop_oldest_of(name);
        }
        self.weigh(name, |bytes| bytes + kept.cost());
        self.order.insert(kept.number, (kept.at, name.to_owned()));
        if let Some(bin) = self.bins.get_mut(name) {
            bin.requests.push_back(Arc::new(kept));
        }
        while self.bytes > self.settings.bytes {
            let Some(heaviest) = self.heaviest(name) else { return };
            self.drop_oldest_of(&heaviest);
        }
    }

    /// The bin whose requests take most. The request that has just come into `name` goes for no other, whatever it takes.
    fn heaviest(&self, name: &str) -> Option<String> {
        let is_new_alone = self.bins.get(name).is_some_and(|bin| bin.requests.len() == 1);
        let mut heaviest = self.weights.iter().rev().map(|(_, heavy)| heavy);
        heaviest
            .find(|heavy| !is_new_alone || *heavy != name)
            .or_else(|| self.weights.last().map(|(_, last)| last))
            .cloned()
    }

    /// Changes what the requests of a bin take.
    fn weigh(&mut self, name: &str, change: impl FnOnce(usize) -> usize) {
        let Some(bin) = self.bins.get_mut(name) else { return };
        let (before, after) = (bin.bytes, change(bin.bytes));
        bin.bytes = after;
        self.bytes = self.bytes - before + after;
        self.weights.remove(&(before, name.to_owned()));
        if after > 0 {
            self.weights.insert((after, name.to_owned()));
        }
    }

    fn drop_oldest_of(&mut self, name: &str) {
        if let Some(number) = self.bins.get(name).and_then(|bin| bin.requests.front()).map(|kept| kept.number)
        {
            self.delete(name, number);
            if let Some(bin) = self.bins.get_mut(name) {
                bin.gone += 1;
            }
        }
    }

    /// Takes one request out.
    pub(super) fn delete(&mut self, name: &str, number: u64) {
        let Some(bin) = self.bins.get_mut(name) else { return };
        let Some(place) = bin.place(number) else { return };
        let Some(kept) = bin.requests.remove(place) else { return };
        bin.notes.remove(&number);
        self.weigh(name, |bytes| bytes - kept.cost());
        self.order.remove(&number);
    }

    /// Takes all requests out.
    pub(super) fn clear(&mut self, name: &str) {
        let Some(bin) = self.bins.get_mut(name) else { return };
        bin.notes.clear();
        bin.gone = 0;
        for kept in std::mem::take(&mut bin.requests) {
            self.order.remove(&kept.number);
        }
        self.weigh(name, |_| 0);
    }

    /// Sets what a bin answers; `false` when there is no room: scripts may have half of the memory.
    pub(super) fn set_script(&mut self, name: &str, script: Script) -> bool {
        let scripts: usize = self.bins.values().map(|bin| bin.script.cost()).sum();
        if scripts + script.cost() > self.settings.bytes / 2 {
            return false;
        }
        let Some(bin) = self.bin(name) else { return false };
        let (before, after) = (bin.script.cost(), script.cost());
        (bin.script, bin.step) = (Arc::new(script), 0);
        self.bytes = self.bytes - before + after;
        true
    }

    /// Drops what has become too old.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let max_age = self.settings.max_age;
        while let Some((_, (at, name))) = self.order.first_key_value() {
            if now.since(*at) < max_age {
                break;
            }
            let name = name.clone();
            self.drop_oldest_of(&name);
        }
        if now < self.first_end {
            return;
        }
        let end = |bin: &Bin| bin.owner.as_ref().map(|owner| owner.made_at.after(max_age));
        let over = self.bins.iter().filter(|(_, bin)| end(bin).is_some_and(|end| end <= now));
        for name in over.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.remove(&name);
        }
        self.first_end = self.bins.values().filter_map(end).min().unwrap_or(Timestamp::from_micros(i64::MAX));
    }
}

impl Bin {
    fn new(owner: Option<Owner>, used: u64) -> Self {
        Self {
            owner,
            requests: VecDeque::new(),
            notes: BTreeMap::new(),
            script: Arc::default(),
            step: 0,
            shares: Vec::new(),
            replays: Window::new(replay::EACH, replay::WITHIN),
            gone: 0,
            held: Arc::new(Semaphore::new(held::HELD_EACH)),
            bytes: 0,
            used,
        }
    }

    /// Where the request of this number is.
    pub(super) fn place(&self, number: u64) -> Option<usize> {
        self.requests.binary_search_by_key(&number, |kept| kept.number).ok()
    }

    /// What the next request is answered. One that asks for something else takes no step of the script.
    pub(super) fn plan(&mut self, exception: Option<Exception>) -> Planned {
        if let Some(exception) = exception {
            return exception.planned();
        }
        let planned = self.script.planned(self.step);
        self.step += 1;
        planned
    }
}
