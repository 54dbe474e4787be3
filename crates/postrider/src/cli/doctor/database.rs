//! The database: SQLite here, PostgreSQL in [`postgres`](super::postgres).

use std::fs;

use postrider_store::sqlite::{self, DATABASE_FILE};

use super::checks::existing;
use super::{Finding, postgres};
use crate::app::database::About;
use crate::config::{Config, Database};

/// What is to be said of the configured database, of which a running server says `about`.
pub(super) async fn all(config: &Config, about: Option<&About>) -> Vec<Finding> {
    match &config.store.database {
        Database::Sqlite => vec![space(config), sqlite(), file(config)],
        Database::Postgres(url) => postgres::all(config, url, about).await,
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
