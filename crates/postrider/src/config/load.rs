//! Putting one layer over another, and finding everything that is wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::layer::{self, Entry};
use super::value::Value;
use super::{Config, Loaded, Origin, Place, Problem, Problems, check, exec};

/// A configuration while layer after layer is put over it.
pub(super) struct Loading {
    config: Config,
    origins: BTreeMap<String, Origin>,
    problems: Vec<Problem>,
}

impl Loading {
    /// Begins with the defaults.
    pub(super) fn over(config: Config) -> Self {
        Self { config, origins: BTreeMap::new(), problems: Vec::new() }
    }

    /// Notes something that is wrong.
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Puts one source over what was read so far.
    pub(super) fn layer(&mut self, entries: Vec<Entry>) {
        let places = self.config.keys();
        let mut seen = Vec::new();
        for Entry { key, value, origin } in entries {
            if let Some((name, inner)) = exec::split(&key) {
                self.command(name, inner, &key, value.as_ref(), origin);
                continue;
            }
            let in_file =
                |place: &&Place| place.key.secret && key.strip_suffix("_file") == Some(place.name.as_str());
            let named = places.iter().find(|place| place.name == key).or_else(|| places.iter().find(in_file));
            let Some(place) = named else {
                self.problems.push(unknown(&places, key, origin));
                continue;
            };
            if seen.contains(&&place.name) {
                self.problems.push(Problem::Twice { origin, key: place.name.clone() });
                continue;
            }
            seen.push(&place.name);
            let value = if place.name == key { Ok(value) } else { secret_file(value).map(Some) };
            match value {
                Ok(value) => self.set(place, value, origin),
                Err(problem) => self.problems.push(problem),
            }
        }
    }

    /// Sets a key of a command, which only a file may do.
    fn command(&mut self, name: &str, inner: &str, key: &str, value: Option<&Value>, origin: Origin) {
        let key = key.to_owned();
        if !matches!(origin, Origin::File { .. }) {
            let what = "can be set in the configuration file alone".to_owned();
            return self.problems.push(Problem::Invalid { origin, key, what });
        }
        match exec::set(&mut self.config.exec, name, inner, value) {
            Ok(()) => drop(self.origins.insert(key, origin)),
            Err(exec::Wrong::Unknown(suggestion)) => {
                self.problems.push(Problem::Unknown { origin, key, suggestion });
            }
            Err(exec::Wrong::Value(what)) => self.problems.push(Problem::Invalid { origin, key, what }),
        }
    }

    fn set(&mut self, place: &Place, value: Option<Value>, origin: Origin) {
        let section = &mut self.config.sections_mut()[place.section];
        let done = match value {
            Some(value) => section.set(place.index, &value),
            None => Err("takes text, a number, true or false, or a list of them".to_owned()),
        };
        match done {
            Ok(()) => {
                self.origins.insert(place.name.clone(), origin);
            }
            // What is wrong with a secret is said without the secret.
            Err(_) if place.key.secret => {
                let what = "is not usable".to_owned();
                self.problems.push(Problem::Invalid { origin, key: place.name.clone(), what });
            }
            Err(what) => self.problems.push(Problem::Invalid { origin, key: place.name.clone(), what }),
        }
    }

    /// What was read, if nothing is wrong with it.
    pub(super) fn finish(mut self) -> Result<Loaded, Problems> {
        for (key, what) in check::check(&self.config) {
            let origin = self.origins.get(key).cloned().unwrap_or(Origin::Default);
            self.problems.push(Problem::Invalid { origin, key: key.to_owned(), what });
        }
        for (key, what) in exec::check(&self.config.exec) {
            // What is missing stands nowhere; its command does.
            let table = format!("{}.", key.rsplit_once('.').map_or(&*key, |(table, _)| table));
            let near =
                || self.origins.iter().find(|(known, _)| known.starts_with(&table)).map(|(_, near)| near);
            let origin = self.origins.get(&key).or_else(near).cloned().unwrap_or(Origin::Default);
            self.problems.push(Problem::Invalid { origin, key, what });
        }
        if self.problems.is_empty() {
            Ok(Loaded { config: self.config, origins: self.origins })
        } else {
            Err(Problems(self.problems))
        }
    }
}

/// The first line of the file that `value` names.
fn secret_file(value: Option<Value>) -> Result<Value, Problem> {
    let path = match value {
        Some(Value::Text(path)) => PathBuf::from(path),
        Some(Value::List(_)) | None => PathBuf::new(),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Value::Text(text.lines().next().unwrap_or_default().to_owned())),
        Err(source) => Err(Problem::Unreadable { path, source }),
    }
}

fn unknown(places: &[Place], key: String, origin: Origin) -> Problem {
    let spelled = |name: &str| match origin {
        Origin::Variable(_) => layer::variable(name),
        Origin::Default | Origin::File { .. } | Origin::Flag(_) => name.to_owned(),
    };
    let given = match &origin {
        Origin::Variable(name) => name.clone(),
        Origin::Default | Origin::File { .. } | Origin::Flag(_) => key.clone(),
    };
    let suggestion = places
        .iter()
        .map(|place| spelled(&place.name))
        .map(|name| (strsim::damerau_levenshtein(&name, &given), name))
        .min()
        // A third of the letters wrong is another word.
        .filter(|(distance, name)| distance * 3 <= name.len())
        .map(|(_, name)| name);
    Problem::Unknown { origin, key, suggestion }
}
