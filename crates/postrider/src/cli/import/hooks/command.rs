//! The command of a hook.

use std::path::Path;

use super::super::plan::{Command, command_name};
use super::hook::{Argument, Hook};
use super::value::given;

/// What the names of variables begin with that a hook does not name itself.
const PREFIX: &str = "HOOK_";

/// A command, and what is to be said of it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) command: Command,
    pub(super) notes: Vec<String>,
    pub(super) left: Vec<String>,
}

/// The command of `hook`, whose source has this uid; `None` if it has none. The error says why it cannot be run here.
pub(super) fn of(hook: &Hook, uid: &str) -> Result<Option<Found>, String> {
    if hook.execute_command.is_empty() {
        return Ok(None);
    }
    let mut found = Found::default();
    found.command.name = command_name(uid);
    found.command.program = program(hook, &mut found);
    let directory = &hook.command_working_directory;
    if Path::new(directory).is_absolute() {
        found.command.directory = Some(directory.clone());
    } else if !directory.is_empty() {
        found.left.push(format!("command-working-directory {directory:?} is not absolute: set `directory`"));
    }
    let arguments = hook.pass_arguments_to_command.iter();
    found.command.arguments =
        arguments.map(|argument| Ok(given(argument)?.template())).collect::<Result<_, String>>()?;
    for argument in &hook.pass_environment_to_command {
        let variable = format!("{}={}", name(argument), given(argument)?.template());
        crate::config::exec::variable(&variable)
            .map_err(|what| format!("its variable {variable:?} {what}"))?;
        found.command.environment.push(variable);
    }
    for argument in &hook.pass_file_to_command {
        found.left.push(file(argument));
    }
    found
        .notes
        .push("the command is tried again until it ends with 0, so it must bear to run twice".to_owned());
    Ok(Some(found))
}

/// An absolute path: here no other is run.
fn program(hook: &Hook, found: &mut Found) -> String {
    let (command, directory) = (Path::new(&hook.execute_command), Path::new(&hook.command_working_directory));
    if command.is_absolute() {
        return hook.execute_command.clone();
    }
    let is_path = command.components().count() > 1 || hook.execute_command.starts_with("./");
    if is_path && directory.is_absolute() {
        let path = directory.join(command.strip_prefix(".").unwrap_or(command));
        found.notes.push(format!("execute-command is taken to be {}", path.display()));
        return path.display().to_string();
    }
    found.left.push(format!(
        "execute-command {:?} is not an absolute path: correct `program` in its table",
        hook.execute_command
    ));
    format!("/path/to/{}", hook.execute_command.trim_start_matches("./"))
}

fn name(argument: &Argument) -> String {
    if argument.envname.is_empty() { format!("{PREFIX}{}", argument.name) } else { argument.envname.clone() }
}

/// Files are not made here: the body is on standard input.
fn file(argument: &Argument) -> String {
    let decode = if argument.base64decode { ", and decode it" } else { "" };
    match argument.source.as_str() {
        "entire-payload" | "raw-request-body" => format!(
            "pass-file-to-command: no file is made of {:?}; read the body from standard input{decode}",
            argument.source
        ),
        source => format!(
            "pass-file-to-command: no file is made of {source} {:?}; pass it as an argument, or take it out of the \
             body on standard input{decode}",
            argument.name
        ),
    }
}
