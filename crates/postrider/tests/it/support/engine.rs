//! Which database the servers under test use: SQLite, unless the whole run is told otherwise.
//!
//! `postgres::both` runs some of the tests a second time, in a process where [`ON_POSTGRES`] is set: there each data
//! directory has a PostgreSQL database, the same for all servers that use the directory in turn. Tests neither know nor
//! care.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use super::database::Place;

/// Set to what the names of the databases begin with. Whoever sets it drops them.
pub(crate) const ON_POSTGRES: &str = "POSTRIDER_TEST_ON_POSTGRES";

/// The database of a data directory; `None` where SQLite is in the directory.
pub(super) fn place(data: &Path) -> Option<Place> {
    static PLACES: LazyLock<Mutex<HashMap<PathBuf, Place>>> = LazyLock::new(Mutex::default);
    let prefix = std::env::var(ON_POSTGRES).ok()?;
    let mut places = PLACES.lock().unwrap();
    if let Some(place) = places.get(data) {
        return Some(place.clone());
    }
    let server = Place::of_server().expect("whoever sets the one sets the other");
    let name = format!("{prefix}_{}", places.len());
    server.run(&format!("CREATE DATABASE {name}"));
    let place = server.named(&name);
    places.insert(data.to_owned(), place.clone());
    Some(place)
}

/// The same as variables for a process.
pub(super) fn variables(data: &Path) -> Vec<(&'static str, String)> {
    place(data).map_or_else(Vec::new, |place| place.variables())
}
