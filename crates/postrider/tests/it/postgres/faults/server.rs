//! A PostgreSQL server of a test's own, which the test may stop, restart and promote.
//!
//! It is made from the programs in the folder that `POSTRIDER_TEST_POSTGRES_PROGRAMS` names, and listens on loopback
//! with a password that only this process knows. PostgreSQL refuses to run as root: then it runs as the user
//! `postgres`. A shell reads from a pipe whose other end is in this process: however this process ends, the shell then
//! stops the server and removes its files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use postrider_core::rng::{Rng as _, SystemRng};
use tokio_postgres::NoTls;

use crate::support::{free_port, skip};

/// Names the folder with the programs.
const PROGRAMS: &str = "POSTRIDER_TEST_POSTGRES_PROGRAMS";
/// Who owns everything, and whom nodes come as: a user who may not use the connections that are kept for owners.
const OWNER: &str = "postrider";
pub(super) const USER: &str = "app";
/// The name of the database.
pub(super) const DATABASE: &str = "postrider";
/// Enough for the nodes of a test, and few enough to be filled from outside.
const CONNECTIONS: u32 = 80;

/// Stops the server when its input ends, whatever signals a terminal sends. Arguments: `pg_ctl`, data.
const CLEAN_UP: &str = r#"
    trap "" INT TERM HUP
    cat >/dev/null
    "$1" stop --silent --pgdata "$2" --mode immediate >/dev/null 2>&1
    rm -rf "$2"
"#;

/// Makes a server's files; its input is the owner's password, which no list of processes may show. Arguments: `initdb`,
/// data, owner.
const INIT: &str = r#"
    umask 077
    cat >"$2.password"
    "$1" --username="$3" --auth=scram-sha-256 --pwfile="$2.password" --encoding=UTF8 --locale=C --no-instructions \
        --pgdata="$2"
    made=$?
    rm -f "$2.password"
    exit $made
"#;

/// How a server stops.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// It breaks all connections, and leaves everything in order.
    Fast,
    /// As if it had crashed: it recovers when it starts.
    Immediate,
}

/// A server. It ends with this value.
pub(super) struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    name: &'static str,
    port: u16,
    password: String,
    cleaner: Child,
}

impl Postgres {
    /// A new server with an empty database; `None`, after saying that the test was skipped, where there are no
    /// programs.
    pub(super) async fn start() -> Option<Self> {
        let Some(programs) = std::env::var_os(PROGRAMS).map(PathBuf::from) else {
            skip(&format!("{PROGRAMS} names no programs of PostgreSQL; `cargo xtask test` finds them"));
            return None;
        };
        let mut bytes = [0; 16];
        SystemRng::new().fill(&mut bytes);
        let password = format!("{:032x}", u128::from_be_bytes(bytes));
        let server = Self::new(programs, "primary", password);
        let mut init = as_account("sh");
        init.args(["-c", INIT, "sh"]).arg(server.programs.join("initdb")).arg(&server.data).arg(OWNER);
        succeed_with(init, &server.password).await;
        server.start_again().await;
        let password = &server.password;
        server.run("postgres", &format!("CREATE ROLE {USER} LOGIN PASSWORD '{password}'")).await;
        server.run("postgres", &format!("CREATE DATABASE {DATABASE} OWNER {USER}")).await;
        Some(server)
    }

    /// A new server that copies this one, and goes on copying what is committed here.
    pub(super) async fn standby(&self) -> Self {
        let standby = Self::new(self.programs.clone(), "standby", self.password.clone());
        let mut copy = standby.command("pg_basebackup");
        copy.args(["--host=127.0.0.1", "--username", OWNER, "--port", &self.port.to_string()]);
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--pgdata"]);
        copy.arg(&standby.data).env("PGPASSWORD", &self.password);
        succeed(copy).await;
        standby.start_again().await;
        standby
    }

    fn new(programs: PathBuf, name: &'static str, password: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("postrider-faults-{}-{number}", std::process::id());
        let data = std::env::temp_dir().join(folder);
        let mut clean_up = as_account("sh");
        clean_up.args(["-c", CLEAN_UP, "sh"]).arg(programs.join("pg_ctl")).arg(&data);
        let cleaner = clean_up.stdin(Stdio::piped()).spawn().unwrap();
        Self { programs, data, name, port: free_port(), password, cleaner }
    }

    /// Host and port.
    pub(super) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// As it is written in settings.
    pub(super) fn url(&self) -> String {
        format!("postgres://{USER}@{}/{DATABASE}", self.authority())
    }

    /// What is asked of whoever comes as [`USER`].
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) async fn stop(&self, how: Stop) {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        self.control(&["stop", "--mode", mode]).await;
    }

    /// Starts it on the data that it left.
    pub(super) async fn start_again(&self) {
        let Self { port, name, .. } = self;
        let settings = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c cluster_name={name} \
             -c max_connections={CONNECTIONS}"
        );
        let log = self.data.join("log");
        self.control(&["start", "--log", log.to_str().unwrap(), "--options", &settings]).await;
    }

    /// Makes a standby take writes.
    pub(super) async fn promote(&self) {
        self.control(&["promote"]).await;
    }

    /// Whether commits wait for [`Self::standby`].
    pub(super) async fn wait_for_standby(&self, waits: bool) {
        let names = if waits { "standby" } else { "" };
        self.run("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")).await;
        self.run("postgres", "SELECT pg_reload_conf()").await;
    }

    /// A connection of the owner's to the nodes' database.
    pub(super) async fn client(&self) -> tokio_postgres::Client {
        self.connect(OWNER, DATABASE).await.unwrap()
    }

    /// A connection of the kind that nodes have.
    pub(super) async fn client_as_user(&self) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        self.connect(USER, DATABASE).await
    }

    async fn connect(
        &self,
        user: &str,
        database: &str,
    ) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        let Self { port, password, .. } = self;
        let url = format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}?connect_timeout=5");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    async fn run(&self, database: &str, sql: &str) {
        self.connect(OWNER, database).await.unwrap().batch_execute(sql).await.unwrap();
    }

    async fn control(&self, arguments: &[&str]) {
        let mut command = self.command("pg_ctl");
        command.args(arguments).args(["--silent", "--wait", "--timeout=60", "--pgdata"]).arg(&self.data);
        succeed(command).await;
    }

    fn command(&self, program: &str) -> Command {
        as_account(self.programs.join(program))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.data.join("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(50)..];
            eprintln!("--- end of the log of the database at port {}\n{}", self.port, last.join("\n"));
        }
        // Waiting closes the pipe first.
        let _ = self.cleaner.wait();
    }
}

/// A command that runs as whoever may run PostgreSQL.
fn as_account(program: impl AsRef<OsStr>) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // The server must not keep what the test runner reads from, nor a folder that its user may not enter.
    command.current_dir(Path::new("/")).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

async fn succeed(command: Command) {
    let status = tokio::process::Command::from(command).status().await.unwrap();
    assert!(status.success(), "a program of PostgreSQL ended with {status}");
}

async fn succeed_with(mut command: Command, input: &str) {
    let (input, mut child) = (format!("{input}\n"), command.stdin(Stdio::piped()).spawn().unwrap());
    let ended = tokio::task::spawn_blocking(move || {
        use std::io::Write as _;
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait().unwrap()
    });
    assert!(ended.await.unwrap().success(), "PostgreSQL cannot be set up");
}
