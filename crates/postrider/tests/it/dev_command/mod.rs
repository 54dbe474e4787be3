//! The commands, as a person or a script runs them.

mod bench;
mod completions;
mod dev;
mod insist;
mod metrics;
mod mistakes;
mod operate;
mod serve;
mod stop;
