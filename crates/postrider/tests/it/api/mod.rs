//! The API by noun: what each operation does and answers when it is used as documented.
//!
//! What it answers to nonsense is in [`crate::bad_input`], who may use it in [`crate::authz`].

mod applications;
mod audit;
mod endpoints;
mod environment;
mod event_types;
mod headers;
mod keys;
mod portal;
mod secrets;

mod messages;
mod payload;
mod routing;
mod scheduled;

mod again;
mod analytics;
mod attempts;
mod retries;
mod stats;

mod lists;
mod protocol;
