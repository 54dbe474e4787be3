//! The server on PostgreSQL.
//!
//! [`both`] runs tests that were written for any database a second time; the others are about what PostgreSQL alone
//! can do to a server: [`restart`] without a data directory, [`mistakes`] on the way in, [`commands`] beside it, and
//! several [`nodes`] on one database. [`faults`] are what can happen to those and to the database.
//!
//! What the engine itself promises is proved by the store's own tests, which run the conformance suite on it.

mod both;
mod commands;
mod faults;
mod migrate_store;
mod mistakes;
mod nodes;
mod restart;
