//! What can happen to several nodes and to the database that they share, and that it costs nothing but time.
//!
//! A [`world`] has all it takes: PostgreSQL servers of its own ([`server`]), so that they can be broken; a [`fleet`] of
//! real processes that reach them through doors ([`proxy`]); and, as in the kill test, publishers that write down what
//! was acknowledged ([`publisher`]), receivers that write down what came ([`receiver`]), and an [`oracle`] that
//! compares the two. A round is one [`fault`], and all that must be true after it.
//!
//! [`torture`] does as many rounds as it is told, with faults by chance; [`failover`] moves to a standby; [`database`]
//! looks closer at what is answered while a database is slow or takes no more connections.

mod fleet;
mod proxy;
mod server;

mod oracle;
mod publisher;
mod receiver;

mod fault;
mod report;
mod world;

mod database;
mod failover;
mod torture;
