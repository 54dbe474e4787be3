//! `postrider key`: makes, lists and revokes API keys.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use http::Method;
use postrider_core::time::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::environment::{self, text};
use super::exit::Exit;
use super::failure::Failure;
use super::instance::Instance;
use super::output::{self, Output};
use super::settings::Settings;
use crate::config;

pub(super) const PATH: &str = "/api/v1/key";
/// The environment that a first start makes.
const DEFAULT_ENVIRONMENT: &str = "default";

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make a key; it is printed once and cannot be read again
    #[command(after_help = "\
Examples:
  postrider key create --name billing
  postrider key create --scope app --app customer-42 --name portal --expires 30d
  postrider key create --scope instance --name terraform")]
    Create {
        /// What it may reach
        #[arg(long, value_enum, default_value_t)]
        scope: Scope,
        /// Id or name of the environment
        #[arg(long, default_value = DEFAULT_ENVIRONMENT)]
        environment: String,
        /// Id or uid of the application, for `--scope app`
        #[arg(long, required_if_eq("scope", "app"))]
        app: Option<String>,
        /// A name for people
        #[arg(long)]
        name: String,
        /// How long it is valid, such as 12h or 30d; for ever if not given
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<Duration>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// List all keys, oldest first, revoked and expired ones too
    List {
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Revoke a key: it opens nothing any more
    Revoke {
        /// Its id, from `postrider key list`
        id: String,
    },
}

/// What a key may reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Scope {
    /// Everything in one environment
    #[default]
    Environment,
    /// One application
    App,
    /// Environments and keys, but no data
    Instance,
}

fn duration(text: &str) -> Result<Duration, String> {
    config::duration(text).ok_or_else(|| "is not a duration, such as 12h or 30d".to_owned())
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
        Verb::Create { scope, environment, app, name, expires, output } => {
            let mut body = json!({ "scope": scope.word(), "name": name });
            if scope != Scope::Instance {
                body["environment"] = find(&environment::list(instance).await?, &environment)?.into();
            }
            if scope == Scope::App {
                body["app"] = app.into();
            }
            if let Some(expires) = expires {
                body["expiresAt"] = SystemClock::default().now().after(expires).to_string().into();
            }
            let made = instance.call(Method::POST, PATH, Some(&body)).await?;
            match output {
                Output::Json => output::json(&made)?,
                Output::Table => output::print(&format!("{}\n", text(&made, "token")))?,
            }
        }
        Verb::List { output } => {
            let answer = instance.call(Method::GET, PATH, None).await?;
            match output {
                Output::Json => output::json(&answer["data"])?,
                Output::Table => output::print(&table(&answer["data"]))?,
            }
        }
        Verb::Revoke { id } => {
            // An id has no character that a path gives a meaning to.
            if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(Failure::new(Exit::Usage, "this is not the id of a key"));
            }
            instance.call(Method::DELETE, &format!("{PATH}/{id}"), None).await?;
            eprintln!("postrider: revoked {id}");
        }
    }
    Ok(())
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::App => "app",
            Self::Instance => "instance",
        }
    }
}

/// The id of the environment with this id or name.
pub(super) fn find(all: &[Value], wanted: &str) -> Result<String, Failure> {
    let ids: Vec<_> = all
        .iter()
        .filter(|environment| text(environment, "id") == wanted || text(environment, "name") == wanted)
        .map(|environment| text(environment, "id"))
        .collect();
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(Failure::new(Exit::NotFound, format!("there is no environment {wanted:?}"))),
        _ => {
            Err(Failure::new(Exit::Usage, format!("several environments are named {wanted:?}; give the id")))
        }
    }
}

fn table(keys: &Value) -> String {
    let columns = ["id", "scope", "environment", "app", "name", "hint", "expiresAt", "revokedAt"];
    let rows: Vec<_> =
        keys.as_array().into_iter().flatten().map(|key| columns.map(|column| text(key, column))).collect();
    output::table(["ID", "SCOPE", "ENVIRONMENT", "APP", "NAME", "BEGINS", "EXPIRES", "REVOKED"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_found_by_id_or_by_a_name_of_its_own() {
        let all = [
            json!({"id": "env_1", "name": "default"}),
            json!({"id": "env_2", "name": "twin"}),
            json!({"id": "env_3", "name": "twin"}),
        ];
        assert_eq!(find(&all, "default").unwrap(), "env_1");
        assert_eq!(find(&all, "env_3").unwrap(), "env_3");
        assert_eq!(find(&all, "none").unwrap_err().exit, Exit::NotFound);
        assert_eq!(find(&all, "twin").unwrap_err().exit, Exit::Usage);
    }
}
