//! `postrider environment`: makes and lists environments.

use clap::Subcommand;
use http::Method;
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::instance::Instance;
use super::output::{self, Output};
use super::settings::Settings;

const PATH: &str = "/api/v1/environment";

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make an environment
    #[command(after_help = "\
Examples:
  postrider environment create --name staging
  postrider key create --environment staging --name billing-staging")]
    Create {
        /// A name for people
        #[arg(long)]
        name: String,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// List all environments, oldest first
    List {
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

/// Runs it.
pub(super) async fn run(verb: Verb, settings: &Settings) -> Result<Exit, Failure> {
    let instance = Instance::open(settings).await?;
    let done = act(verb, &instance).await;
    instance.close().await?;
    done.map(|()| Exit::Ok)
}

async fn act(verb: Verb, instance: &Instance) -> Result<(), Failure> {
    match verb {
        Verb::Create { name, output } => {
            let made = instance.call(Method::POST, PATH, Some(&json!({ "name": name }))).await?;
            print(output, &made, std::slice::from_ref(&made))
        }
        Verb::List { output } => {
            let all = list(instance).await?;
            print(output, &Value::Array(all.clone()), &all)
        }
    }
}

/// All environments.
pub(super) async fn list(instance: &Instance) -> Result<Vec<Value>, Failure> {
    let mut answer = instance.call(Method::GET, PATH, None).await?;
    Ok(answer["data"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

fn print(output: Output, value: &Value, rows: &[Value]) -> Result<(), Failure> {
    match output {
        Output::Json => output::json(value)?,
        Output::Table => {
            let rows: Vec<_> =
                rows.iter().map(|row| ["id", "name", "createdAt"].map(|name| text(row, name))).collect();
            output::print(&output::table(["ID", "NAME", "CREATED"], &rows))?;
        }
    }
    Ok(())
}

/// A field as a cell of a table; empty when it has no value.
pub(super) fn text(row: &Value, name: &str) -> String {
    match &row[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
