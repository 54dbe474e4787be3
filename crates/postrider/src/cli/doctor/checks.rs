//! What is looked at, one function each.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postrider_core::time::{Clock as _, SystemClock, Timestamp};
use postrider_egress::{Dns as _, SystemDns, system_roots};
use rustix::fs::Access;
use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;

use super::{Finding, database};
use crate::app::control::About;
use crate::app::{SEAL_KEY_FILE, health};
use crate::config::Config;

/// Before this the program did not exist: a clock that says so is wrong.
const PROGRAM_EXISTS: Timestamp = Timestamp::from_seconds(1_767_225_600);
/// How long the name lookup may take.
const LOOKUP: Duration = Duration::from_secs(5);
/// File descriptors beside those of connections: the database, logs, idle connections to endpoints.
const OTHER_FILES: u64 = 2_300;

/// Everything except the configuration and the server.
pub(super) async fn all(config: &Config, running: Option<&About>) -> Vec<Finding> {
    let mut findings = vec![directory(&config.general.data_dir), sealing_key(config)];
    findings.extend(database::all(config, running.map(|about| &about.database)).await);
    findings.extend([
        listen(config, running.is_some()).await,
        files(config),
        clock(),
        resolver().await,
        roots(),
        egress(config),
        metrics(config),
    ]);
    findings
}

fn directory(path: &Path) -> Finding {
    const CHECK: &str = "data directory";
    let shown = path.display();
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Finding::fail(CHECK, format!("{shown} is not a directory")),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let mode = found.permissions().mode() & 0o777;
            Finding::warn(CHECK, format!("others may enter {shown} (mode {mode:04o}); `chmod 700` it"))
        }
        Ok(_) if !is_writable(path) => {
            Finding::fail(CHECK, format!("this user may not write in {shown}; see --data-dir"))
        }
        Ok(_) => Finding::ok(CHECK, shown.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let above = existing(path);
            if is_writable(&above) {
                Finding::ok(CHECK, format!("{shown} does not exist yet; the first start makes it"))
            } else {
                let above = above.display();
                Finding::fail(
                    CHECK,
                    format!("{shown} cannot be made: this user may not write in {above}; see --data-dir"),
                )
            }
        }
        Err(error) => Finding::fail(CHECK, format!("{shown}: {error}")),
    }
}

/// For the user of this process, who should be that of the server.
fn is_writable(dir: &Path) -> bool {
    rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

fn sealing_key(config: &Config) -> Finding {
    const CHECK: &str = "sealing key";
    if config.general.seal_key.is_some() {
        return Finding::ok(CHECK, "is in the configuration");
    }
    let path = config.general.data_dir.join(SEAL_KEY_FILE);
    match fs::metadata(&path).map(|found| found.permissions().mode() & 0o777) {
        Ok(mode) if mode & 0o077 != 0 => Finding::fail(
            CHECK,
            format!("others can reach {} (mode {mode:04o}); `chmod 600` it", path.display()),
        ),
        Ok(_) => Finding::ok(CHECK, format!("{}; keep a copy apart from the backups", path.display())),
        Err(_) => Finding::ok(CHECK, "does not exist yet; the first start makes it"),
    }
}

/// The directory or, before it is made, the one that it will be made in.
pub(super) fn existing(path: &Path) -> PathBuf {
    let above = path.ancestors().find(|above| above.exists() && !above.as_os_str().is_empty());
    above.unwrap_or(Path::new(".")).to_owned()
}

async fn listen(config: &Config, is_running: bool) -> Finding {
    const CHECK: &str = "address";
    let address = config.general.listen;
    if is_running {
        return Finding::ok(CHECK, "is that of the running server");
    }
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(CHECK, format!("{address} is free")),
        Err(error) => Finding::fail(CHECK, format!("{address}: {error}")),
    }
}

fn files(config: &Config) -> Finding {
    const CHECK: &str = "open files";
    let wanted =
        config.server.max_connections as u64 + config.dispatch.concurrency as u64 * 3 / 2 + OTHER_FILES;
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < wanted => Finding::warn(
            CHECK,
            format!(
                "{limit} may be open, {wanted} are needed under full load; raise the limit (ulimit -n, LimitNOFILE=)"
            ),
        ),
        Some(limit) => {
            Finding::ok(CHECK, format!("{limit} may be open, {wanted} are needed under full load"))
        }
        None => Finding::ok(CHECK, "any number may be open"),
    }
}

fn clock() -> Finding {
    const CHECK: &str = "clock";
    let now = SystemClock::default().now();
    if now < PROGRAM_EXISTS {
        return Finding::fail(CHECK, format!("says {now}: receivers will refuse the signatures"));
    }
    Finding::ok(CHECK, format!("{now}"))
}

async fn resolver() -> Finding {
    const CHECK: &str = "name lookup";
    if !Path::new("/etc/resolv.conf").exists() {
        return Finding::warn(
            CHECK,
            "there is no /etc/resolv.conf: only endpoints with addresses can be reached",
        );
    }
    match tokio::time::timeout(LOOKUP, SystemDns::default().resolve("localhost")).await {
        Ok(Ok(found)) if found.iter().all(IpAddr::is_loopback) => {
            Finding::ok(CHECK, "/etc/resolv.conf and /etc/hosts can be used")
        }
        Ok(Ok(_)) => Finding::warn(CHECK, "localhost is not this machine"),
        Ok(Err(error)) => Finding::warn(CHECK, error.to_string()),
        Err(_) => Finding::warn(CHECK, format!("no answer within {} s", LOOKUP.as_secs())),
    }
}

fn roots() -> Finding {
    const CHECK: &str = "root certificates";
    match system_roots().len() {
        0 => Finding::fail(CHECK, "none: no endpoint with https can be reached"),
        count => Finding::ok(CHECK, format!("{count}")),
    }
}

fn egress(config: &Config) -> Finding {
    const CHECK: &str = "egress";
    match config.egress.allow.as_slice() {
        [] => Finding::ok(CHECK, "public addresses only"),
        open => {
            let open: Vec<_> = open.iter().map(ToString::to_string).collect();
            Finding::warn(CHECK, format!("endpoints may also be in {}", open.join(", ")))
        }
    }
}

fn metrics(config: &Config) -> Finding {
    const CHECK: &str = "metrics";
    match health::metrics_are_open(config, config.general.listen) {
        true => Finding::warn(CHECK, health::OPEN_METRICS),
        false if config.metrics.token.is_some() => Finding::ok(CHECK, "are read with metrics.token"),
        false => Finding::ok(CHECK, "are read from this machine only"),
    }
}
