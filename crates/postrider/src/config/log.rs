//! What is logged, and how. Logs go to stderr.

use super::section::section;
use super::value::{Setting, Value};

section! {
    /// What is logged, and how. Logs go to stderr and never hold payloads or secrets.
    Log at "log" {
        /// `json`, `text`, or `auto`: text on a terminal, JSON elsewhere.
        format: Format = Format::Auto,
        /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or a filter by module such as
        /// `info,postrider::dispatch=debug`.
        level: String = "info".to_owned(),
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Setting for Format {
    const FORM: &'static str = "`auto`, `json` or `text`";

    fn read(value: &Value) -> Result<Self, String> {
        match String::read(value)?.as_str() {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            other => Err(format!("{other:?} is none of auto, json and text")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Text => "text",
        }
        .to_owned()
    }
}
