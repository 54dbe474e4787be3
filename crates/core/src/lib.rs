//! The rules of Postrider, and nothing else.
//!
//! No runtime, no SQL, no HTTP server: what is here takes the clock and the randomness as arguments and can be
//! tested as a table. In reading order:
//!
//! - the vocabulary: [`id`], [`time`], [`rng`], [`limits`], [`secret`], [`rights`], [`scope`];
//! - the things: [`environment`], [`key`], [`app`], [`event_type`], [`endpoint`], [`message`], [`delivery`],
//!   [`attempt`], [`task`], [`source`], [`reception`], [`replay`];
//! - what many of them come to: [`rollup`], [`issue`];
//! - who did what: [`audit`];
//! - who signs in: [`person`], [`role`], [`password`], [`session`], [`oidc`];
//! - the rules: [`names`], [`json`], [`headers`], [`route`], [`sign`], [`verify`], [`retry`], [`retry_after`], [`schedule`];
//! - what a request says, and what follows from it: [`facts`], [`filter`], [`exec`];
//! - what people look for: [`query`];
//! - the other direction: [`inbound`].

pub mod app;
pub mod attempt;
pub mod audit;
pub mod delivery;
pub mod endpoint;
pub mod environment;
pub mod event_type;
pub mod exec;
pub mod facts;
pub mod filter;
pub mod headers;
pub mod id;
pub mod inbound;
pub mod issue;
pub mod json;
pub mod key;
pub mod limits;
pub mod message;
pub mod names;
pub mod oidc;
pub mod password;
pub mod person;
pub mod query;
pub mod reception;
pub mod replay;
pub mod retry;
pub mod retry_after;
pub mod rights;
pub mod rng;
pub mod role;
pub mod rollup;
pub mod route;
pub mod saved;
pub mod schedule;
pub mod scope;
pub mod secret;
pub mod session;
pub mod sign;
pub mod source;
pub mod task;
pub mod time;
pub mod verify;
