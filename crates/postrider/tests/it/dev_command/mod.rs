//! The commands, as a person or a script runs them.

mod dev;
mod operate;
mod serve;
mod stop;
