//! Postrider, the server and its commands.
//!
//! In reading order:
//!
//! - [`intake`]: a message comes in, is matched with endpoints and made durable;
//! - [`dispatch`]: its deliveries are attempted, and what came of them is settled;
//! - [`upkeep`]: retention and background tasks;
//! - [`service`]: the use cases that every face shares;
//! - [`api`], [`inlet`], [`relay`], [`bins`], [`cli`]: the faces, and `ui`, what their pages are made of. Faces call `service`;
//!   nothing calls a face;
//! - [`context`], [`directory`]: what they all share; [`watch`]: what other nodes have changed in it; [`config`], [`telemetry`], [`server`], [`app`], [`shutdown`]: how
//!   it is put together and taken down.

pub mod intake;

pub mod dispatch;

pub mod upkeep;

pub mod service;

pub mod api;
pub mod bins;
pub mod cli;
pub mod inlet;
pub mod relay;

mod ui;

mod body;
mod edit;

pub mod context;
pub mod directory;
pub mod watch;

pub mod app;
pub mod config;
pub mod server;
pub mod shutdown;
pub mod telemetry;
