//! Measuring tools: a load generator, a receiver, and the relay that other senders are compared with.
//!
//! Purpose: the same load, the same receiver and the same arithmetic for every sender under test. Nothing
//! here knows Postrider from inside: it publishes to a URL, answers deliveries and recognises its own
//! messages by a mark in the body. Only the binary `compare` speaks Postrider's REST interface, to set up
//! what it measures.
//!
//! Invariants: connections go to loopback and nowhere else (`target`), every wait and every buffer has a
//! ceiling, and a delivery is counted once per message and endpoint however often it arrives.
//!
//! Deliberately absent: the crates of the server. Signatures are made and checked by code of our own, so that
//! a mistake in the server's cannot hide behind itself. Also absent: HTTP/2 and TLS, which would measure
//! other people's libraries.
//!
//! In reading order:

pub mod measure;

pub mod load;
pub mod receiver;
pub mod relay;

pub mod marker;
pub mod report;
pub mod signature;
pub mod target;
pub mod timings;
pub mod wire;
