//! Commands: an endpoint whose URL is `exec:NAME` runs the command that the configuration file has under that name.
//!
//! Who may do so, and how values fill arguments, are rules of [`postrider_core::exec`]. Here a command is run: without a
//! shell, with an environment of its own, in a group of processes of its own, which is killed at the deadline, when the
//! server stops, and when the command has ended, so that nothing of it is left.
//!
//! The lane and the slots are those of any endpoint. What is special is that a command has a ceiling for how often it
//! runs at once over all endpoints ([`Command::turn`]).
//!
//! Deliberately absent: another user for a command (that takes privileges that the server should not have), and what
//! escapes into a session of its own, which only a supervisor with control groups can catch.

mod attempt;
mod command;
mod group;
mod output;
mod permission;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config;

pub(super) use attempt::attempt;
pub use command::Command;
pub use permission::{Refused, check_url};

/// The commands that there are.
#[derive(Default)]
pub struct Commands {
    all: BTreeMap<String, Arc<Command>>,
    stop: CancellationToken,
}

impl Commands {
    /// Those of the configuration, which was checked when it was read.
    #[must_use]
    pub fn new(config: &config::Commands) -> Self {
        let all = config.iter().map(|(name, command)| (name.clone(), Arc::new(Command::new(command))));
        Self { all: all.collect(), stop: CancellationToken::new() }
    }

    /// Kills what runs. What comes later does not run.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
