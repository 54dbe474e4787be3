//! `postrider dev`: everything on one machine, ready to be tried.
//!
//! Its own defaults: a data directory beside you, loopback endpoints, request bins. Its key is kept in the data
//! directory, so that what is printed works as printed on every start.

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use http::Method;
use postrider_core::key::Token;
use postrider_core::rng::SystemRng;
use postrider_core::scope::Identity;
use serde_json::json;

use super::exit::Exit;
use super::failure::{Failure, OrExit as _};
use super::instance;
use super::output;
use super::serve::{start_failure, until_stopped};
use super::settings::Settings;
use crate::app::{self, Overrides, Running};
use crate::config::{Config, Readers, Secret, Size};
use crate::service::people::links;
use crate::shutdown::Signals;
use crate::telemetry::logs;

/// The file of the development key in the data directory.
const KEY_FILE: &str = "dev.key";
/// The sample's application, and its endpoint.
const SAMPLE: (&str, &str) = ("sample", "sample-bin");

/// At the end of its `--help`.
pub(super) const EXAMPLES: &str = "\
Everything is kept in `postrider-data` in the current directory, the key too; remove the directory to begin anew.

Examples:
  postrider dev
  postrider dev --listen 127.0.0.1:9000 --data-dir /tmp/postrider
  postrider key list --data-dir postrider-data    other commands, beside it";

/// Runs it.
pub(super) async fn run(settings: &Settings) -> Result<Exit, Failure> {
    let mut config = settings.load(defaults())?.config;
    logs::install(&config.log)?;
    let mut signals = Signals::listen()?;
    app::data_dir::make(&config.general.data_dir).map_err(start_failure)?;
    let key = match config.general.bootstrap_key.clone() {
        Some(key) => key,
        None => key(&config.general.data_dir.join(KEY_FILE))
            .context("use the development key")
            .or_failed_to(Exit::Failure)?,
    };
    config.general.bootstrap_key = Some(key.clone());
    let data_dir = config.general.data_dir.clone();
    let overrides = Overrides { bins: true, own_names_only: true, ..Overrides::default() };
    let running = tokio::select! {
        running = app::start(config, overrides) => running.map_err(start_failure)?,
        _ = signals.next() => return Ok(Exit::Interrupted),
    };
    let url = format!("http://{}", reachable(running.address));
    sample(&running, &url).await?;
    let link = dashboard(&running).await?;
    output::print(&greeting(&url, &link, key.expose(), &data_dir))?;
    until_stopped(running, signals).await
}

/// What holds here unless it is set.
pub(super) fn defaults() -> Config {
    let mut config = Config::default();
    config.general.data_dir = PathBuf::from("postrider-data");
    config.egress.allow = vec![
        ipnet::Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
        ipnet::Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into(),
    ];
    config.store.min_free = Size::mebibytes(16);
    config.relay.enabled = true;
    config.docs.events = Readers::Public;
    config.portal.origins = ["http://localhost:*", "http://127.0.0.1:*"].map(str::to_owned).to_vec();
    config
}

/// The key in the file, which is made if it is not there.
fn key(path: &Path) -> io::Result<Secret> {
    match fs::read_to_string(path) {
        Ok(text) if Token::from_operator(text.trim()).is_ok() => return Ok(text.trim().to_owned().into()),
        Ok(_) => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} holds no key", path.display()),
            ));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    let token = Token::generate(&SystemRng::new());
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(path)?, "{}", token.expose())?;
    Ok(token.expose().to_owned().into())
}

/// How this machine reaches a server that may listen on all its addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

/// Makes the sample, or brings it up to date with the address.
async fn sample(running: &Running, url: &str) -> Result<(), Failure> {
    let (app, endpoint) = SAMPLE;
    let api = running.local(Identity::environment_key(running.environment));
    let body = json!({ "name": "Sample", "uid": app });
    instance::accept(api.call(Method::POST, "/api/v1/app?get_if_exists=true", Some(&body)).await)?;
    let body = json!({ "url": format!("{url}/bin/{app}"), "uid": endpoint, "description": "A bin of `postrider dev`" });
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    instance::accept(api.call(Method::PUT, &path, Some(&body)).await)?;
    Ok(())
}

/// The link that signs whoever runs this in to the dashboard. There is a person for that, unless there are others.
async fn dashboard(running: &Running) -> Result<String, Failure> {
    let link = links::for_developer(&running.context).await.or_failed_to(Exit::Failure)?;
    Ok(link.map_or_else(|| format!("{}/dashboard", running.context.public_url()), |link| link.url))
}

fn greeting(url: &str, link: &str, key: &str, data_dir: &Path) -> String {
    let (app, endpoint) = SAMPLE;
    let data_dir = data_dir.display();
    format!(
        "\
Postrider is running.

  dashboard  {link}
  API        {url}
  key        {key}
  data       {data_dir}

The link to the dashboard signs you in, once; each start prints another.

Publish a message to the sample application:

  curl -sS {url}/api/v1/app/{app}/msg \\
    -H 'Authorization: Bearer {key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{\"eventType\":\"invoice.paid\",\"payload\":{{\"id\":\"in_1\",\"amount\":4200}}}}'

See its attempt at the sample endpoint:

  curl -sS {url}/api/v1/app/{app}/attempt/endpoint/{endpoint} \\
    -H 'Authorization: Bearer {key}'

See what the endpoint received, here or in a browser:

  curl -sS {url}/bin/{app}

Ctrl-C stops it.

"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY_FILE);
        let first = key(&path).unwrap();
        assert_eq!(key(&path).unwrap(), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "nonsense").unwrap();
        assert!(key(&path).is_err());
    }

    #[test]
    fn an_open_address_is_shown_as_one_that_can_be_called() {
        for (listen, shown) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("192.0.2.1:1", "192.0.2.1:1")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), shown);
        }
    }
}
