//! `postrider user`: invites, lists, changes and disables who signs in to the dashboard.

use clap::{Subcommand, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use super::environment::{self, text};
use super::exit::Exit;
use super::failure::Failure;
use super::instance::Instance;
use super::key;
use super::output::{self, Output};
use super::settings::Settings;

const PATH: &str = "/api/v1/users";

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List all users, oldest first, disabled ones too
    List {
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Invite a user; the link for them is printed once and works once, for a day
    #[command(after_help = "\
Examples:
  postrider user invite ada@example.com --role admin
  postrider user invite bob@example.com --environment staging")]
    Invite {
        /// Their e-mail address
        email: String,
        /// A name for people
        #[arg(long)]
        name: Option<String>,
        /// What they may do
        #[arg(long, value_enum, default_value_t)]
        role: Role,
        /// Id or name of an environment that they may see; all if not given. May be repeated
        #[arg(long, value_name = "ENVIRONMENT")]
        environment: Vec<String>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Change what a user may do; it takes effect at once
    Role {
        /// Their id or e-mail address
        user: String,
        /// What they may do
        role: Role,
    },
    /// Take a user's password and sessions; the link for another password is printed once
    Reset {
        /// Their id or e-mail address
        user: String,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Keep a user out; their sessions end
    Disable {
        /// Their id or e-mail address
        user: String,
    },
    /// Let a disabled user in again
    Enable {
        /// Their id or e-mail address
        user: String,
    },
    /// End all sessions of a user
    SignOut {
        /// Their id or e-mail address
        user: String,
    },
}

/// What a user may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Sees everything but secrets
    #[default]
    Viewer,
    /// Also sends again, replays, and changes endpoints
    Operator,
    /// Does everything
    Admin,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
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
        Verb::List { output } => {
            let all = list(instance).await?;
            match output {
                Output::Json => output::json(&all)?,
                Output::Table => output::print(&table(&all))?,
            }
            Ok(())
        }
        Verb::Invite { email, name, role, environment, output } => {
            let mut body = json!({ "email": email, "name": name, "role": role.word() });
            if !environment.is_empty() {
                let known = environment::list(instance).await?;
                let ids = environment.iter().map(|wanted| key::find(&known, wanted));
                body["environments"] = ids.collect::<Result<Vec<_>, _>>()?.into();
            }
            print_link(&instance.call(Method::POST, PATH, Some(&body)).await?, output)
        }
        Verb::Role { user, role } => patch(instance, &user, &json!({ "role": role.word() })).await,
        Verb::Reset { user, output } => {
            let path = format!("{PATH}/{}/reset", id(instance, &user).await?);
            print_link(&instance.call(Method::POST, &path, None).await?, output)
        }
        Verb::Disable { user } => patch(instance, &user, &json!({ "disabled": true })).await,
        Verb::Enable { user } => patch(instance, &user, &json!({ "disabled": false })).await,
        Verb::SignOut { user } => {
            let path = format!("{PATH}/{}/sessions", id(instance, &user).await?);
            let answer = instance.call(Method::DELETE, &path, None).await?;
            eprintln!("postrider: {} session(s) of {user} have ended", text(&answer, "ended"));
            Ok(())
        }
    }
}

async fn list(instance: &Instance) -> Result<Value, Failure> {
    Ok(instance.call(Method::GET, PATH, None).await?["data"].take())
}

async fn patch(instance: &Instance, user: &str, body: &Value) -> Result<(), Failure> {
    let path = format!("{PATH}/{}", id(instance, user).await?);
    instance.call(Method::PATCH, &path, Some(body)).await?;
    Ok(())
}

/// The id of the user that is named by id or address.
async fn id(instance: &Instance, wanted: &str) -> Result<String, Failure> {
    find(&list(instance).await?, wanted)
}

fn find(all: &Value, wanted: &str) -> Result<String, Failure> {
    let wanted = wanted.trim();
    let is_wanted = |user: &&Value| user["id"] == wanted || text(user, "email") == wanted.to_lowercase();
    let found = all.as_array().into_iter().flatten().find(is_wanted);
    let missing = || Failure::new(Exit::NotFound, format!("there is no user {wanted:?}"));
    found.map(|user| text(user, "id")).ok_or_else(missing)
}

fn print_link(answer: &Value, output: Output) -> Result<(), Failure> {
    match output {
        Output::Json => output::json(answer)?,
        Output::Table => {
            let (email, end) = (text(&answer["user"], "email"), text(answer, "linkExpiresAt"));
            eprintln!("postrider: hand this link to {email}; it works once, until {end}:");
            output::print(&format!("{}\n", text(answer, "link")))?;
        }
    }
    Ok(())
}

fn table(all: &Value) -> String {
    let row = |user: &Value| {
        let environments = match &user["environments"] {
            Value::Array(some) => some.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            _ => "all".to_owned(),
        };
        let state = match (&user["disabledAt"], &user["hasPassword"], &user["hasIdentity"]) {
            (Value::String(_), ..) => "disabled",
            (_, Value::Bool(false), Value::Bool(false)) => "invited",
            _ => "active",
        };
        [
            text(user, "id"),
            text(user, "email"),
            text(user, "role"),
            environments,
            state.to_owned(),
            text(user, "name"),
        ]
    };
    let rows: Vec<_> = all.as_array().into_iter().flatten().map(row).collect();
    output::table(["ID", "EMAIL", "ROLE", "ENVIRONMENTS", "STATE", "NAME"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_id_and_by_address() {
        let all =
            json!([{"id": "usr_1", "email": "ada@example.com"}, {"id": "usr_2", "email": "bob@example.com"}]);
        assert_eq!(find(&all, "usr_2").unwrap(), "usr_2");
        assert_eq!(find(&all, " Ada@Example.com ").unwrap(), "usr_1");
        assert_eq!(find(&all, "eve@example.com").unwrap_err().exit, Exit::NotFound);
    }

    #[test]
    fn the_table_says_how_users_stand() {
        let user = |state: Value| {
            let mut user = json!({"id": "usr_1", "email": "a@b.c", "role": "viewer", "name": "A", "environments": null,
                "hasPassword": true, "hasIdentity": false, "disabledAt": null});
            user.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
            table(&json!([user]))
        };
        for (state, word) in [
            (json!({}), "active"),
            (json!({"hasPassword": false}), "invited"),
            (json!({"hasPassword": false, "hasIdentity": true}), "active"),
            (json!({"disabledAt": "2026-01-01T00:00:00Z"}), "disabled"),
            (json!({"environments": ["env_1", "env_2"]}), "env_1,env_2"),
        ] {
            assert!(user(state.clone()).contains(word), "{state}");
        }
    }
}
