//! What the server promises with a commit.

use super::connection::Connection;
use super::open::OpenError;

/// What an acknowledged commit stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Durability {
    /// It is on the disk of this server and has reached these standbys, as `synchronous_standby_names` says.
    Standbys(String),
    /// It is on the disk of this server only.
    Local,
    /// The server does not wait for its disk (`fsync = off`): right where storage is replicated below it, and a risk
    /// everywhere else.
    Unsynced,
}

/// Refuses a database that acknowledges before anything is written.
pub(super) async fn check(conn: &Connection) -> Result<Durability, OpenError> {
    let row = conn
        .row(
            "-- durability::check
             SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
                    current_setting('fsync')",
            &[],
        )
        .await?
        .expect("a SELECT without FROM gives one row");
    let (commit, standbys, fsync): (&str, String, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    match (commit, fsync) {
        ("off", _) => Err(OpenError::NotDurable),
        (_, "off") => Ok(Durability::Unsynced),
        ("local", _) => Ok(Durability::Local),
        _ if standbys.is_empty() => Ok(Durability::Local),
        _ => Ok(Durability::Standbys(standbys)),
    }
}
