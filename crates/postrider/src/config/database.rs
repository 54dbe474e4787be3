//! Which database, as it is written in settings.
//!
//! A URL with a password is refused wherever it stands. It would show in lists of processes, in `config show` and in
//! whatever repeats a setting; as a secret of its own it does not.

use percent_encoding::percent_decode_str;

use super::value::{Setting, Value, text};

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite in the data directory.
    Sqlite,
    /// PostgreSQL at this URL, which holds no password.
    Postgres(String),
}

const SQLITE: &str = "sqlite";
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl Database {
    /// Reads `sqlite` or a URL. What is wrong is said without the text, which may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == SQLITE {
            return Ok(Self::Sqlite);
        }
        let Some(rest) = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) else {
            return Err("is neither sqlite nor a URL such as postgres://user@host:5432/name".to_owned());
        };
        if has_password(rest) {
            return Err("must not hold a password: set store.password, or store.password_file".to_owned());
        }
        Ok(Self::Postgres(text.to_owned()))
    }
}

impl Setting for Database {
    const FORM: &'static str = "`sqlite` or a URL";

    fn read(value: &Value) -> Result<Self, String> {
        Self::parse(text(value)?)
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite => SQLITE.to_owned(),
            Self::Postgres(url) => url.clone(),
        }
    }
}

/// Whether the driver would find a password, before the first `@` or among the parameters.
fn has_password(rest: &str) -> bool {
    let before_host = rest.split_once('@').is_some_and(|(user, _)| user.contains(':'));
    let parameters = rest.split_once('?').map_or("", |(_, query)| query);
    let mut names = parameters.split('&').filter_map(|pair| pair.split('=').next());
    before_host || names.any(|name| percent_decode_str(name).decode_utf8_lossy() == "password")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Database, String> {
        Database::read(&Value::Text(text.to_owned()))
    }

    #[test]
    fn what_is_read_shows_as_it_was_written() {
        for text in [
            "sqlite",
            "postgres://postrider@db.example/postrider?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgresql://u@one.example:5432,two.example:5433/db",
            "postgres://localhost:5432/db",
        ] {
            assert_eq!(read(text).unwrap().show(), text);
        }
    }

    #[test]
    fn passwords_are_refused_and_not_repeated() {
        for text in [
            "postgres://u:hush@localhost/db",
            "postgres://u:hu/sh@localhost/db",
            "postgres://u@localhost/db?sslmode=disable&password=hush",
            "postgres://u@localhost/db?p%61ssword=hush",
            "postgresql://:hush@localhost/db",
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains("store.password") && !refused.contains("hush"), "{text}: {refused}");
        }
    }

    #[test]
    fn nothing_else_is_a_database() {
        for text in ["", "SQLite", "mysql://hush@localhost/db", "host=localhost password=hush"] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains("neither") && !refused.contains("hush"), "{text}: {refused}");
        }
    }
}
