//! What the tests are made of: a server, clients of it, and receivers.

mod binary;
mod clock;
mod command;
mod http;
mod memory;
mod names;
mod neighbour;
mod quiet;
mod raw;
mod receiver;
mod rude;
mod scene;
mod server;
mod sink;
mod state;
mod tools;
mod wait;

pub(crate) use binary::{Binary, free_port};
pub(crate) use clock::SkewClock;
pub(crate) use command::run;
pub(crate) use http::{Client, Reply};
pub(crate) use memory::resident_bytes;
pub(crate) use names::{Names, Tripwire};
pub(crate) use neighbour::{Latencies, Neighbour};
pub(crate) use quiet::{alone, quiet};
pub(crate) use raw::{Raw, raw};
pub(crate) use receiver::{Answer, Gate, Received, Receiver};
pub(crate) use rude::{Rude, read_request};
pub(crate) use scene::{Scene, new_app, new_endpoint, publish};
pub(crate) use server::{DataDir, KEY, Server};
pub(crate) use sink::Sink;
pub(crate) use state::state;
pub(crate) use tools::{skip, tool};
pub(crate) use wait::{PATIENCE, await_until};
