//! The server as its users meet it: the real thing on a random port of loopback, with real receivers.
//!
//! One binary, so that it links once. [`support`] has the server, clients and receivers; every other module is a
//! subject. A test starts what it needs and shares nothing, so that all run side by side. Nothing sleeps to wait for
//! something: receivers tell of arrivals, and what can only be asked for is polled up to a deadline that no healthy
//! run meets.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod support;

mod api;
mod idempotency;

mod bad_input;
mod hostile;
mod isolation;

mod authz;
mod dashboard;
mod egress;
mod portal;
mod sign_in;

mod order;
mod rate;
mod receive;

mod listen;
mod replay;
mod search;

mod bins;
mod browser;
mod import;

mod disk;
mod kill;
mod postgres;
mod restart;

mod clients;
mod deploy;
mod dev_command;
mod docs;
mod openapi;
mod tools;
