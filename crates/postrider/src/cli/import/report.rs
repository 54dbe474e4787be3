//! What was done, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::config_text;
use super::plan::Plan;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};

/// Prints it, with the tables of commands if asked for.
pub(super) fn print(plans: &[Plan], output: Output, with_config: bool) -> Result<(), Failure> {
    let config = config_text::of(plans);
    match output {
        Output::Json => {
            let mut report = json!({"entries": plans.iter().map(entry).collect::<Vec<_>>()});
            if with_config {
                report["config"] = config.into();
            }
            output::json(&report)?;
        }
        Output::Table => {
            let mut text: String = plans.iter().map(lines).collect();
            if with_config && !config.is_empty() {
                text.push_str("For the configuration file:\n\n");
                text.push_str(&config);
            }
            output::print(&text)?;
        }
    }
    Ok(())
}

fn entry(plan: &Plan) -> Value {
    json!({
        "name": plan.name,
        "uid": plan.uid,
        "type": plan.source.as_ref().map(|source| &source.kind),
        "secrets": plan.source.as_ref().map(|source| source.config.contains_key("secret")),
        "filter": plan.filter,
        "command": plan.command.as_ref().map(|command| &command.name),
        "ingestUrl": plan.address,
        "notes": plan.notes,
        "left": plan.left,
        "refused": plan.refused,
    })
}

/// The lines of one entry. Names out of a file cannot steer the terminal.
fn lines(plan: &Plan) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        writeln!(text, "{}", output::plain(line)).expect("a string takes every write");
    };
    match &plan.source {
        Some(source) => {
            let command = plan.command.as_ref().map(|command| format!(", runs exec:{}", command.name));
            let filter = if plan.filter.is_some() { ", with a filter" } else { "" };
            let what = format!("source of type {}{}{filter}", source.kind, command.unwrap_or_default());
            line(&format!("{}: {what}", plan.name));
        }
        None => line(&format!("{}: not imported", plan.name)),
    }
    if let Some(address) = &plan.address {
        line(&format!("  address   {address}"));
    }
    for (title, all) in [("different", &plan.notes), ("left to do", &plan.left)] {
        for one in all {
            line(&format!("  {title}  {one}"));
        }
    }
    if let Some(why) = &plan.refused {
        line(&format!("  failed    {why}"));
    }
    text.push('\n');
    text
}
