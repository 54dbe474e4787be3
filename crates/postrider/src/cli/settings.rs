//! Arguments that set configuration keys, the same for all commands.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use crate::config::{self, Config, Loaded, Sources};

// Their variables and defaults are those of the configuration, which clap does not know.
const DATA_DIR: &str = "Directory of the database, the sealing key and the control socket \
    [env: POSTRIDER_DATA_DIR] [default: /var/lib/postrider; dev: ./postrider-data]";
const DATABASE: &str = "`sqlite`, or the URL of a PostgreSQL database, without its password \
    [env: POSTRIDER_STORE__DATABASE; the password: POSTRIDER_STORE__PASSWORD] [default: sqlite]";
const ROLES: &str = "What the server does: `api`, `dispatch` or both, with commas \
    [env: POSTRIDER_NODE__ROLES] [default: api,dispatch]";
const LISTEN: &str = "Address and port of the API [env: POSTRIDER_LISTEN] [default: 127.0.0.1:8071]";
const LOG_LEVEL: &str = "What is logged: a level, or a filter such as info,postrider=debug \
    [env: POSTRIDER_LOG__LEVEL] [default: info]";

/// See the module's documentation.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// Configuration file [default: /etc/postrider/postrider.toml if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "POSTRIDER_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    #[arg(long, global = true, value_name = "DIR", help = DATA_DIR)]
    data_dir: Option<PathBuf>,
    #[arg(long, global = true, value_name = "URL", help = DATABASE)]
    database: Option<String>,
    #[arg(long, global = true, value_name = "ADDRESS", help = LISTEN, value_parser = address)]
    listen: Option<SocketAddr>,
    #[arg(long, global = true, value_name = "ROLES", help = ROLES)]
    roles: Option<String>,
    #[arg(long, global = true, value_name = "LEVEL", help = LOG_LEVEL)]
    log_level: Option<String>,
    /// Any key of the configuration; see `postrider config reference`
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "is not an IP address with a port, such as 127.0.0.1:8071 or [::1]:8071".to_owned())
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("is not KEY=VALUE, such as dispatch.timeout=30s")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl Settings {
    /// Reads the configuration over `base`, which has the defaults.
    pub(super) fn load(&self, base: Config) -> Result<Loaded, Failure> {
        base.load(&self.sources()).or_exit(Exit::Config)
    }

    fn sources(&self) -> Sources {
        let text = |value: &Option<PathBuf>| value.as_ref().map(|path| path.display().to_string());
        let named = [
            ("--data-dir", "data_dir", text(&self.data_dir)),
            ("--database", "store.database", self.database.clone()),
            ("--listen", "listen", self.listen.map(|listen| listen.to_string())),
            ("--roles", "node.roles", self.roles.clone()),
            ("--log-level", "log.level", self.log_level.clone()),
        ];
        let set = self.set.iter().map(|(key, value)| ("--set", key.as_str(), Some(value.clone())));
        let flags = set
            .chain(named)
            .filter_map(|(flag, key, value)| Some((flag.to_owned(), key.to_owned(), value?)))
            .collect();
        // A name or value that is not Unicode cannot be a setting of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Sources {
            file: self.config.clone(),
            default_file: Some(PathBuf::from(config::DEFAULT_FILE)),
            variables,
            flags,
        }
    }
}
