//! Keys and signals.
//!
//! On a terminal, keys are read one by one (raw but for signals, so that Ctrl-C is one still). The terminal is as it was
//! when this ends.

use std::collections::VecDeque;
use std::io::{self, Read as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

use crate::shutdown::Signals;

/// Keys that wait to be looked at.
const KEYS: usize = 16;

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Send the last request again.
    Repeat,
    /// Show it.
    Details,
    /// Print and copy it as a command.
    Copy,
    /// End.
    Quit,
}

impl Key {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'r' => Some(Self::Repeat),
            b'd' => Some(Self::Details),
            b'c' => Some(Self::Copy),
            b'q' => Some(Self::Quit),
            _ => None,
        }
    }
}

/// What a person says.
pub(super) struct Controls {
    keys: mpsc::Receiver<Key>,
    signals: Option<Signals>,
    pending: VecDeque<Key>,
    _terminal: Option<Terminal>,
}

impl Controls {
    /// Signals, and the keys of a terminal where there is one.
    pub(super) fn new(is_interactive: bool) -> io::Result<Self> {
        let (sender, keys) = mpsc::channel(KEYS);
        let terminal = if is_interactive { Terminal::keys_one_by_one().ok() } else { None };
        if terminal.is_some() {
            // A read of a terminal cannot be called off; the thread ends with the process.
            std::thread::spawn(move || {
                for key in io::stdin().lock().bytes().map_while(Result::ok).filter_map(Key::of) {
                    if sender.blocking_send(key).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { keys, signals: Some(Signals::listen()?), pending: VecDeque::new(), _terminal: terminal })
    }

    #[cfg(test)]
    pub(super) fn of_keys(keys: mpsc::Receiver<Key>) -> Self {
        Self { keys, signals: None, pending: VecDeque::new(), _terminal: None }
    }

    /// The next key; ends are [`Key::Quit`].
    pub(super) async fn next(&mut self) -> Key {
        if let Some(key) = self.pending.pop_front() {
            return key;
        }
        self.read().await
    }

    /// Ends when the person wants to end. Other keys are kept for later.
    pub(super) async fn quit(&mut self) {
        loop {
            match self.read().await {
                Key::Quit => return,
                key if self.pending.len() < KEYS => self.pending.push_back(key),
                _ => {}
            }
        }
    }

    async fn read(&mut self) -> Key {
        let signal = async {
            match &mut self.signals {
                Some(signals) => drop(signals.next().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(key) = self.keys.recv() => key,
            () = signal => Key::Quit,
        }
    }
}

/// A terminal that gives keys one by one, until it is dropped.
struct Terminal(Termios);

impl Terminal {
    fn keys_one_by_one() -> rustix::io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        tcsetattr(io::stdin(), OptionalActions::Now, &self.0).ok();
    }
}
