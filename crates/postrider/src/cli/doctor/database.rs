//! The database, as far as it can be looked at without entering it.
//!
//! A node that opens PostgreSQL brings its schema forward and takes a place among the others, which looking must not
//! do: so what is to be known of that one comes from the running server.

use std::fs;

use postrider_store::sqlite::{self, DATABASE_FILE};

use super::Finding;
use super::checks::existing;
use crate::app::database::{About, Promise};
use crate::config::{Config, Database};

/// What is to be said of the configured database, of which a running server says `about`.
pub(super) fn all(config: &Config, about: Option<&About>) -> Vec<Finding> {
    match &config.store.database {
        Database::Sqlite => vec![space(config), sqlite(), file(config)],
        Database::Postgres(url) => vec![postgres(url, about)],
    }
}

fn postgres(url: &str, about: Option<&About>) -> Finding {
    const CHECK: &str = "database";
    let Some(about) = about else {
        return Finding::warn(CHECK, format!("{url}: only a running server looks at it"));
    };
    let About::Postgres { slot, durability } = about else {
        return Finding::fail(CHECK, "the running server uses SQLite: it was started with other settings");
    };
    let place = format!("{url}, node {slot}");
    match durability {
        Promise::Standbys(names) => {
            Finding::ok(CHECK, format!("{place}; commits wait for the standbys {names}"))
        }
        Promise::Local => {
            Finding::ok(CHECK, format!("{place}; commits are on one server's disk, and on no standby"))
        }
        Promise::Unsynced => Finding::warn(
            CHECK,
            format!("{place}; fsync is off: what was acknowledged is lost when the server's machine fails"),
        ),
    }
}

fn space(config: &Config) -> Finding {
    const CHECK: &str = "free space";
    let path = existing(&config.general.data_dir);
    match rustix::fs::statvfs(&path) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let shown = format!("{} MiB free", free >> 20);
            if free < config.store.min_free.bytes() {
                let floor = config.store.min_free.bytes() >> 20;
                Finding::fail(
                    CHECK,
                    format!("{shown}, below store.min_free of {floor} MiB: messages are refused"),
                )
            } else if free < 4 * config.store.min_free.bytes() {
                Finding::warn(CHECK, shown)
            } else {
                Finding::ok(CHECK, shown)
            }
        }
        Err(error) => Finding::warn(CHECK, format!("{}: {error}", path.display())),
    }
}

fn sqlite() -> Finding {
    const CHECK: &str = "SQLite";
    let (version, min) = (sqlite::version(), sqlite::VERSION_MIN);
    if sqlite::is_safe() {
        Finding::ok(CHECK, format!("{version}; at least {min} is needed"))
    } else {
        Finding::fail(
            CHECK,
            format!("{version} is older than {min} and can lose data: the server does not start"),
        )
    }
}

fn file(config: &Config) -> Finding {
    const CHECK: &str = "database";
    match fs::metadata(config.general.data_dir.join(DATABASE_FILE)) {
        Ok(file) => Finding::ok(CHECK, format!("{} MiB", file.len().div_ceil(1 << 20))),
        Err(_) => Finding::ok(CHECK, "does not exist yet; the first start makes it"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn what_a_commit_of_postgres_stands_for_is_judged() {
        let of = |durability| About::Postgres { slot: 3, durability };
        for (about, verdict, says) in [
            (None, Verdict::Warn, "running server"),
            (Some(About::Sqlite), Verdict::Fail, "other settings"),
            (Some(of(Promise::Standbys("1 (a, b)".to_owned()))), Verdict::Ok, "1 (a, b)"),
            (Some(of(Promise::Local)), Verdict::Ok, "no standby"),
            (Some(of(Promise::Unsynced)), Verdict::Warn, "fsync is off"),
        ] {
            let finding = postgres("postgres://u@h/d", about.as_ref());
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.detail.contains(says), "{finding:?}");
        }
    }
}
