//! Commands that endpoints may run: `[exec.NAME]`, one table for each.
//!
//! Only a file can have them. Whoever may set a variable or an argument of the server, or holds a key of its API, cannot
//! make it run anything that the file does not name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use postrider_core::exec::{Allow, Template, check_name};
use postrider_core::limits::RESPONSE_BYTES;

use super::amount::Size;
use super::section::{Section as _, section};
use super::value::{Setting, Value, text};

/// Commands that there may be.
const COMMANDS: usize = 100;
/// Entries of a list.
const ENTRIES: usize = 100;
/// The longest that a command may run.
const TIMEOUT_MAX: Duration = Duration::from_secs(600);
/// Runs of one command at once.
const CONCURRENCY_MAX: usize = 64;

section! {
    /// Commands that endpoints may run: an endpoint whose URL is `exec:NAME` runs the command of the table
    /// `[exec.NAME]`, without a shell, once for each delivery; see [exec.md](exec.md). Only a file can have these tables:
    /// they cannot be set by variables, arguments or the API. In `arguments` and `environment`, `{payload.a.b}`,
    /// `{header.x}`, `{query.x}`, `{form.x}`, `{body}`, `{method}`, `{remote}`, `{headers}` and `{query}` stand for what
    /// the request says, each within its argument.
    Command at "exec.NAME" {
        /// The program: an absolute path. There must be one.
        program: PathBuf = PathBuf::new(),
        /// Its arguments.
        arguments: Texts = Texts::default(),
        /// Its environment, each entry as `NAME=VALUE`. Beside it there are `PATH` and the facts of the delivery, whose
        /// names begin with `POSTRIDER_`, and nothing of the server's own.
        environment: Texts = Texts::default(),
        /// The directory that it runs in: an absolute path.
        directory: PathBuf = PathBuf::from("/"),
        /// What it reads on standard input: `body`, the payload as it came, or `none`.
        input: Input = Input::Body,
        /// How long it may run, from 1s to 10m. After it, and when the server stops, it is killed with all processes of its
        /// group.
        timeout: Duration = Duration::from_secs(30),
        /// How many of it may run at once, from 1 to 64. Further deliveries wait for their turn, as long as `timeout`.
        concurrency: usize = 1,
        /// Bytes of its output (standard output and standard error, as they come) that the attempt keeps, at most 16KiB.
        max_output: Size = Size::kibibytes(16),
        /// Bytes of memory that each of its processes may use. Without it, as much as there is.
        memory: Option<Size> = None,
        /// Seconds of processor time that each of its processes may use. Without it, as much as there is.
        cpu_seconds: Option<u32> = None,
        /// Files that each of its processes may have open.
        open_files: u32 = 1_024,
        /// Whose endpoints may use it: `source:UID` or `source:*`, and `app:UID` for an application; each only in one
        /// environment with `@ENVIRONMENT` behind it. Applications never may unless they are named.
        allow: Texts = Texts(vec!["source:*".to_owned()]),
    }
}

/// A list of text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

/// What a command reads on standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The payload.
    Body,
    /// Nothing.
    None,
}

impl Setting for Texts {
    const FORM: &'static str = "list of text";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::List(list) if list.len() > ENTRIES => Err(format!("has more than {ENTRIES} entries")),
            Value::List(list) => Ok(Self(list.clone())),
            // With commas between them, a comma inside an argument would make two of it.
            Value::Text(_) => Err("takes a list".to_owned()),
        }
    }

    fn show(&self) -> String {
        self.0.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ")
    }
}

impl Setting for Input {
    const FORM: &'static str = "`body` or `none`";

    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "body" => Ok(Self::Body),
            "none" => Ok(Self::None),
            other => Err(format!("{other:?} is neither body nor none")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Body => "body".to_owned(),
            Self::None => "none".to_owned(),
        }
    }
}

/// The commands, by name.
pub type Commands = BTreeMap<String, Command>;

/// The name of the command and the key in it, where `key` is one of a command.
pub(super) fn split(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("exec.")?.rsplit_once('.')
}

/// Sets one key of one command, which there is from then on. The error is a sentence without the key's name.
pub(super) fn set(
    commands: &mut Commands,
    name: &str,
    key: &str,
    value: Option<&Value>,
) -> Result<(), Wrong> {
    check_name(name)
        .map_err(|_| Wrong::Value("has a name with other characters than a-z, 0-9, - and _".to_owned()))?;
    let fresh = Command::default();
    let keys = fresh.keys();
    let index = keys.iter().position(|known| known.name == key).ok_or_else(|| {
        let close = keys.iter().map(|known| (strsim::damerau_levenshtein(known.name, key), known.name)).min();
        let close = close.filter(|(distance, name)| distance * 3 <= name.len());
        Wrong::Unknown(close.map(|(_, close)| format!("exec.{name}.{close}")))
    })?;
    let value = value.ok_or_else(|| Wrong::Value("takes text, a number, or a list of text".to_owned()))?;
    commands.entry(name.to_owned()).or_insert(fresh).set(index, value).map_err(Wrong::Value)
}

/// What is wrong with a key.
pub(super) enum Wrong {
    /// There is none of this name; perhaps this one was meant.
    Unknown(Option<String>),
    /// Its value is.
    Value(String),
}

/// Every key of every command with its value.
pub(super) fn rows(commands: &Commands) -> impl Iterator<Item = (String, String)> {
    commands.iter().flat_map(|(name, command)| {
        let keys = command.keys().iter().enumerate();
        keys.map(move |(index, key)| (format!("exec.{name}.{}", key.name), command.show(index)))
    })
}

/// The keys with unusable values, and why.
pub(super) fn check(commands: &Commands) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for (name, command) in commands {
        let mut note = |key: &str, what: String| wrong.push((format!("exec.{name}.{key}"), what));
        let rules = [
            (command.program.is_absolute(), "program", "must be an absolute path"),
            (command.directory.is_absolute(), "directory", "must be an absolute path"),
            (
                (Duration::from_secs(1)..=TIMEOUT_MAX).contains(&command.timeout),
                "timeout",
                "must be from 1s to 10m",
            ),
            ((1..=CONCURRENCY_MAX).contains(&command.concurrency), "concurrency", "must be from 1 to 64"),
            (command.max_output.len() <= RESPONSE_BYTES, "max_output", "must be at most 16KiB"),
            (command.open_files >= 16, "open_files", "must be at least 16"),
        ];
        for (_, key, what) in rules.iter().filter(|(holds, ..)| !holds) {
            note(key, (*what).to_owned());
        }
        for text in &command.arguments.0 {
            if let Err(invalid) = text.parse::<Template>() {
                note("arguments", format!("has {text:?}, which {invalid}"));
            }
        }
        for text in &command.environment.0 {
            if let Err(what) = variable(text) {
                note("environment", format!("has {text:?}, which {what}"));
            }
        }
        for text in &command.allow.0 {
            if let Err(invalid) = text.parse::<Allow>() {
                note("allow", format!("has {text:?}, which {invalid}"));
            }
        }
    }
    if commands.len() > COMMANDS {
        wrong.push(("exec".to_owned(), format!("has more than {COMMANDS} commands")));
    }
    wrong
}

/// The name and the value of an entry of the environment.
pub(crate) fn variable(text: &str) -> Result<(String, Template), String> {
    let (name, value) = text.split_once('=').ok_or("is not NAME=VALUE")?;
    if name.is_empty() || name.contains('\0') {
        return Err("has no name".to_owned());
    }
    if name.starts_with("POSTRIDER_") {
        return Err(
            "has a name of ours: those that begin with POSTRIDER_ say what the delivery is".to_owned()
        );
    }
    let value =
        value.parse().map_err(|invalid: postrider_core::exec::InvalidTemplate| invalid.to_string())?;
    Ok((name.to_owned(), value))
}
