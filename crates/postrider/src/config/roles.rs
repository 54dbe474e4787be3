//! What a server does among those that share a database, as it is written in settings.

use super::value::{Setting, Value};

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// It serves the API: it accepts messages and answers questions.
    pub api: bool,
    /// It sends: it owns its share of the endpoints.
    pub dispatch: bool,
}

const API: &str = "api";
const DISPATCH: &str = "dispatch";

impl Roles {
    /// Everything: what a server that is alone does.
    pub const ALL: Self = Self { api: true, dispatch: true };
    /// Nothing: what a command does that opens the database for a moment. Cannot be set.
    pub const NONE: Self = Self { api: false, dispatch: false };

    /// Their names.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let named = [(self.api, API), (self.dispatch, DISPATCH)];
        named.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect()
    }
}

impl Setting for Roles {
    const FORM: &'static str = "list of roles";

    fn read(value: &Value) -> Result<Self, String> {
        let parts: Vec<&str> = match value {
            Value::Text(text) => text.split(',').collect(),
            Value::List(list) => list.iter().map(String::as_str).collect(),
        };
        let mut roles = Self::NONE;
        for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
            match part {
                API => roles.api = true,
                DISPATCH => roles.dispatch = true,
                _ => return Err(unknown(part)),
            }
        }
        if roles == Self::NONE {
            return Err(format!("is empty: a server has at least one role, {API} or {DISPATCH}"));
        }
        Ok(roles)
    }

    fn show(&self) -> String {
        self.names().join(", ")
    }
}

fn unknown(part: &str) -> String {
    let nearest =
        [API, DISPATCH].map(|name| (strsim::damerau_levenshtein(name, part), name)).into_iter().min();
    // Half of the letters wrong is another word.
    let close = nearest.filter(|(distance, name)| distance * 2 <= name.len());
    let suggestion = close.map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"));
    format!("{part:?} is no role: there are {API} and {DISPATCH}{suggestion}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Roles, String> {
        Roles::read(&Value::Text(text.to_owned()))
    }

    #[test]
    fn what_is_read_shows_as_it_is_written() {
        for (text, roles, shown) in [
            ("api", Roles { dispatch: false, ..Roles::ALL }, "api"),
            (" dispatch ,", Roles { api: false, ..Roles::ALL }, "dispatch"),
            ("dispatch,api,api", Roles::ALL, "api, dispatch"),
        ] {
            assert_eq!(read(text), Ok(roles));
            assert_eq!(roles.show(), shown);
            assert_eq!(read(shown), Ok(roles));
        }
        let list = Value::List(vec!["api".to_owned(), "dispatch".to_owned()]);
        assert_eq!(Roles::read(&list), Ok(Roles::ALL));
    }

    #[test]
    fn what_is_no_role_is_told_with_what_was_probably_meant() {
        for (text, told) in [
            ("", "is empty"),
            (" , ", "is empty"),
            ("api,dispach", "did you mean dispatch?"),
            ("apis", "did you mean api?"),
            ("worker", "\"worker\" is no role: there are api and dispatch"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(told), "{text:?}: {error}");
        }
        assert!(!read("worker").unwrap_err().contains("did you mean"));
    }
}
