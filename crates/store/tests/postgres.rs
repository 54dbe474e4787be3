//! The PostgreSQL engine, in a database that `POSTRIDER_TEST_POSTGRES_URL` names; without it, nothing is tested.
//!
//! The database may be shared: every test has a schema of its own, which it drops. The role must be allowed to make one,
//! to end its own connections, and to set `synchronous_commit`.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

#[path = "postgres/away.rs"]
mod away;
#[path = "postgres/changes.rs"]
mod changes;
#[path = "postgres/cluster.rs"]
mod cluster;
#[path = "postgres/conformance.rs"]
mod conformance;
#[path = "postgres/cut_off.rs"]
mod cut_off;
#[path = "postgres/database.rs"]
mod database;
#[path = "postgres/days.rs"]
mod days;
#[path = "postgres/nodes.rs"]
mod nodes;
#[path = "postgres/opening.rs"]
mod opening;
#[path = "postgres/proxy.rs"]
mod proxy;
#[path = "postgres/quiet.rs"]
mod quiet;
#[path = "postgres/refused.rs"]
mod refused;
#[path = "postgres/sender.rs"]
mod sender;
#[path = "postgres/things.rs"]
mod things;
#[path = "postgres/transfer.rs"]
mod transfer;
