//! The tools for whoever receives webhooks: `trigger`, `verify` and `explain`, as a person or a script runs them.

mod clients;
mod examples;
mod explain;
mod run;
mod samples;
mod trigger;
mod verify;

pub(crate) use self::run::{Tool, command};
