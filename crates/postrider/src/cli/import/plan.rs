//! What an entry of a file becomes here.

use std::collections::BTreeSet;

use postrider_core::exec::NAME_CHARS;
use postrider_core::id::SourceId;
use postrider_core::names;
use serde_json::{Map, Value};

/// One entry and what becomes of it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Its name in the file.
    pub(super) name: String,
    /// The uid that it has here.
    pub(super) uid: String,
    /// The source; `None` for an entry that is not imported.
    pub(super) source: Option<Source>,
    /// Which requests go to its command.
    pub(super) filter: Option<Value>,
    /// The command that it ran.
    pub(super) command: Option<Command>,
    /// What is different here.
    pub(super) notes: Vec<String>,
    /// What is left for people to do.
    pub(super) left: Vec<String>,
    /// Why it is not imported, or not whole.
    pub(super) refused: Option<String>,
    /// Where its requests go from now on, once it was imported.
    pub(super) address: Option<String>,
}

/// A source as the API takes it.
#[derive(Debug)]
pub(super) struct Source {
    /// Its type.
    pub(super) kind: String,
    /// Its configuration.
    pub(super) config: Map<String, Value>,
}

/// A command as the configuration file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// The name of its table.
    pub(super) name: String,
    /// The program.
    pub(super) program: String,
    /// Its arguments, with places.
    pub(super) arguments: Vec<String>,
    /// Its environment.
    pub(super) environment: Vec<String>,
    /// Where it runs.
    pub(super) directory: Option<String>,
}

impl Plan {
    /// For the entry `name`, with a uid like it.
    pub(super) fn new(name: &str) -> Self {
        let mut plan = Self { name: name.to_owned(), uid: uid(name), ..Self::default() };
        if plan.uid != plan.name {
            plan.note(format!("its uid is {:?}: ids here have other characters", plan.uid));
        }
        plan
    }

    /// Takes note of something that is different here.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Takes note of something that is left to do.
    pub(super) fn leave(&mut self, what: impl Into<String>) {
        self.left.push(what.into());
    }

    /// The same, not to be imported.
    pub(super) fn refuse(self, why: impl Into<String>) -> Self {
        Self { source: None, command: None, filter: None, refused: Some(why.into()), ..self }
    }

    /// Whether nothing is left.
    pub(super) fn is_whole(&self) -> bool {
        self.refused.is_none() && self.left.is_empty()
    }
}

/// A uid like `name`.
fn uid(name: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '-' };
    let like: String = name.chars().take(200).map(plain).collect();
    if names::uid(&like, SourceId::PREFIX).is_ok() {
        like
    } else {
        format!("imported-{}", like.trim_matches('.'))
    }
}

/// The name of a command like a uid.
pub(super) fn command_name(uid: &str) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() || "-_".contains(char) { char } else { '-' };
    uid.chars().take(NAME_CHARS).map(plain).collect::<String>().to_ascii_lowercase()
}

/// Refuses entries that would overwrite one another.
pub(super) fn keep_apart(plans: &mut Vec<Plan>) {
    let (mut uids, mut commands) = (BTreeSet::new(), BTreeSet::new());
    let apart = |plan: Plan| {
        let command = plan.command.as_ref().map(|command| command.name.clone());
        if !uids.insert(plan.uid.clone()) {
            return plan.refuse("another entry has the same id, or one that is the same here");
        }
        if command.is_some_and(|command| !commands.insert(command)) {
            return plan.refuse("the command of another entry has the same name here; rename one of the two");
        }
        plan
    };
    *plans = std::mem::take(plans).into_iter().map(apart).collect();
}
