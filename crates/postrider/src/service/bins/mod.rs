//! Request bins: receivers in the server itself, for people who try webhooks out and have no receiver yet.
//!
//! A bin keeps what is sent to it and answers as its [`Script`] says. Somebody then looks at what came, checks its
//! signature ([`signature`]), compares two requests ([`compare`]), takes them away ([`har`], [`curl`]), or sends one on
//! with changes ([`replay`]).
//!
//! Two ways of being, chosen where the server is put together. *Open*, for development: any name is a bin, and whoever
//! reaches the server may do everything. *Keyed*: a bin is there when a holder of an API key made it; its name, which is
//! random, is all that a sender needs, and reading takes a second secret, the view key, so that who may send may not
//! read. A link that is shared is a third: it reads, until it expires, and changes nothing.
//!
//! Invariants:
//! - Everything is in memory and has a ceiling: bins, requests of each, bytes in all, age; beyond them the oldest go.
//! - What takes most makes room: no environment has more than a quarter of the bins, no bin holds back more than a few of
//!   the answers, and requests leave the bin that has the most bytes.
//! - Answers that are held back ([`Bins::hold`]) and live views ([`Bins::watch`]) are counted, and both end when the server
//!   stops. Exports ([`Bins::export`]) are counted, too.
//! - Keys of viewers are kept as hashes. A secret that is given for a check is used for it and dropped.
//! - What is sent on goes through the egress guard, like every delivery.
//!
//! Deliberately absent: durability, and one view over the bins of several nodes. What must not be lost belongs to a
//! source.

mod request;
mod script;
mod shelf;
mod window;

mod access;
mod held;
mod look;
mod share;

pub mod compare;
pub mod curl;
pub mod har;
pub mod replay;
pub mod signature;
pub mod text;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_core::rng::Rng;
use postrider_core::time::{Clock, Timestamp};
use postrider_egress::Client;
use ring::hmac;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use self::access::{CreateError, Created, Entry, Listed, VIEW_KEY_PREFIX};
pub use self::held::Hold;
pub use self::look::{Caps, Overview};
pub use self::request::{Arrived, Ended, Kept};
pub use self::script::{Act, Answer, Exception, Planned, Script, Step, Then, json, lines};
pub use self::share::{LIFETIME_DEFAULT, LIFETIME_MAX, Share, ShareError};

use self::shelf::Shelf;
use self::window::Window;

/// Characters of a name.
const NAME_CHARS: usize = 64;
/// The one name that no bin has: links that are shared begin with it.
pub const SHARED: &str = "shared";
/// Characters of a note.
pub const NOTE_CHARS: usize = 500;

/// Whether there are bins, and who may use them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// There are none.
    Off,
    /// Those that were made with an API key.
    Keyed,
    /// Any name, without a key.
    Open,
}

/// What the operator chose; the section `[bins]` of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Who may use bins.
    pub mode: Mode,
    /// Bins at once.
    pub bins: usize,
    /// Requests of one bin.
    pub requests: usize,
    /// Bytes of all that is kept.
    pub bytes: usize,
    /// Bytes of one body that are kept.
    pub body_bytes: usize,
    /// How long a bin made with a key lives, and any bin keeps a request.
    pub max_age: Duration,
    /// Whether scripted answers may have any content type.
    pub any_content_type: bool,
}

/// The bins. Cheap to clone.
#[derive(Clone)]
pub struct Bins(Arc<Inner>);

struct Inner {
    settings: Settings,
    shelf: Mutex<Shelf>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    client: Arc<Client>,
    // The number of the newest request of all bins, for live views.
    newest: watch::Sender<u64>,
    held: Arc<Semaphore>,
    viewers: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    replays: Arc<Semaphore>,
    all_replays: Mutex<Window>,
    form_key: hmac::Key,
    closing: CancellationToken,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Off,
            bins: 1_000,
            requests: 100,
            bytes: 32 * 1024 * 1024,
            body_bytes: 256 * 1024,
            max_age: Duration::from_secs(7 * 24 * 3600),
            any_content_type: false,
        }
    }
}

impl Bins {
    /// Empty bins, which send on through `client`.
    #[must_use]
    pub fn new(settings: Settings, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>, client: Arc<Client>) -> Self {
        let mut key = [0; 32];
        rng.fill(&mut key);
        // Numbers go on rising over a restart, so that a view that was open before shows what comes after it.
        let first = u64::try_from(clock.now().as_micros()).unwrap_or_default();
        Self(Arc::new(Inner {
            shelf: Mutex::new(Shelf::new(settings, first)),
            settings,
            clock,
            rng,
            client,
            newest: watch::Sender::new(first),
            held: Arc::new(Semaphore::new(held::HELD)),
            viewers: Arc::new(Semaphore::new(held::VIEWERS)),
            exports: Arc::new(Semaphore::new(held::EXPORTS)),
            replays: Arc::new(Semaphore::new(replay::AT_ONCE)),
            all_replays: Mutex::new(Window::new(replay::ALL, replay::WITHIN)),
            form_key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            closing: CancellationToken::new(),
        }))
    }

    /// What the operator chose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Ends what is held back and what is watched: the server stops.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    /// Ends with [`Bins::close`].
    pub async fn closing(&self) {
        self.0.closing.cancelled().await;
    }

    /// Whether something can be sent to this name.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        match self.0.settings.mode {
            Mode::Off => false,
            Mode::Open => is_name(name),
            Mode::Keyed => self.shelf().has(name),
        }
    }

    /// Keeps a request, and says what it is to be answered; `None` where there is no such bin, or no room for one more.
    #[must_use]
    pub fn keep(&self, name: &str, arrived: Arrived, exception: Option<Exception>) -> Option<Planned> {
        if !self.takes(name) {
            return None;
        }
        let now = self.now();
        let mut locked = self.shelf();
        let number = locked.next_number(now);
        let bin = locked.bin(name)?;
        let planned = bin.plan(exception);
        let kept = Kept::new(number, now, arrived, planned.to_string());
        locked.put(name, kept);
        drop(locked);
        self.0.newest.send_replace(number);
        Some(planned)
    }

    /// The shelf, without what has become too old.
    fn shelf(&self) -> parking_lot::MutexGuard<'_, Shelf> {
        let mut locked = self.0.shelf.lock();
        locked.expire(self.now());
        locked
    }
}

/// Whether it can be the name of a bin.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=NAME_CHARS).contains(&name.len()) && name.bytes().all(plain) && name != SHARED
}
