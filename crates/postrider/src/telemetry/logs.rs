//! Logs, to stderr: JSON for machines, text on a terminal.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Format, Log};

/// Starts logging. Whoever was first in this process stays.
pub fn install(log: &Log) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&log.level)?;
    let is_terminal = stderr().is_terminal();
    let is_json = match log.format {
        Format::Json => true,
        Format::Text => false,
        Format::Auto => !is_terminal,
    };
    let lines = fmt().with_env_filter(filter).with_writer(stderr);
    let installed = if is_json {
        lines.json().flatten_event(true).with_current_span(false).with_span_list(false).finish().try_init()
    } else {
        let colours = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        lines.with_ansi(colours).with_target(false).finish().try_init()
    };
    if installed.is_ok() {
        log_panics();
    }
    Ok(())
}

/// A panic is a bug of ours: it goes where the other errors go, with its place.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<String>().map(String::as_str);
        let message =
            text.or_else(|| panic.payload().downcast_ref::<&str>().copied()).unwrap_or("no message");
        tracing::error!(panic.location = location, panic.message = message, "a task panicked");
    }));
}
