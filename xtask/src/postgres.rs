//! A PostgreSQL server for the tests: the one that `POSTRIDER_TEST_POSTGRES_URL` names, else one that is made here and
//! thrown away.
//!
//! The one made here listens on a free port of loopback, wants a password that only this run knows, and waits for the
//! disk as in production. A shell holds it and reads from a pipe whose other end is in this process: however this
//! process ends, the pipe ends with it, the shell stops the server and removes its files.
//!
//! PostgreSQL refuses to run as root: then it runs as the user `postgres`, whom Debian's package makes.
//!
//! Tests that break a server start one of their own, from the programs that [`PROGRAMS`] tells them.

use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::{debian, process, workspace};

/// Names the server for the tests.
pub(crate) const VARIABLE: &str = "POSTRIDER_TEST_POSTGRES_URL";
/// Names the folder of the programs, for tests that start servers of their own.
pub(crate) const PROGRAMS: &str = "POSTRIDER_TEST_POSTGRES_PROGRAMS";
/// The account that the server runs under where this process is root's.
const ACCOUNT: &str = "postgres";
/// Where Debian has the servers, by version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The longest that each step of making and starting may take.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Holds a server until its standard input ends. A terminal sends signals to all that run in it: they are left to
/// the end of the pipe, so that nothing stays behind. Arguments: program, folder, port.
const HOLD: &str = r#"
    trap "" INT TERM HUP
    "$1" -D "$2" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 \
        </dev/null >"$2/log" 2>&1 &
    cat >/dev/null
    kill -INT $!
    wait
    rm -rf "$2"
"#;

/// A server. One that was made here ends with this value.
pub(crate) struct Server {
    url: String,
    programs: Option<PathBuf>,
    holder: Option<Child>,
}

impl Server {
    /// Finds or makes one.
    pub(crate) fn start() -> Result<Self> {
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Self { url, programs: newest(), holder: None });
        }
        let programs = programs()?;
        let account = Account::choose()?;
        let data = account.folder()?;
        let password = password()?;
        init(&programs, &account, &data, &password)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut holding = account.command("sh");
        holding.args(["-c", HOLD, "sh"]).arg(programs.join("postgres")).arg(&data).arg(port.to_string());
        let holder =
            holding.stdin(Stdio::piped()).spawn().context("start the shell that holds PostgreSQL")?;
        let url = format!("postgres://postrider:{password}@127.0.0.1:{port}/postgres");
        let server = Self { url, programs: Some(programs.clone()), holder: Some(holder) };
        await_ready(&programs, port, &data.join("log"))?;
        Ok(server)
    }

    /// Tells a test run of it: where it is, with the password, and which programs others can be started from.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env(VARIABLE, &self.url);
        if let Some(programs) = &self.programs {
            command.env(PROGRAMS, programs);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Waiting closes the pipe first.
        if let Some(Err(error)) = self.holder.as_mut().map(Child::wait) {
            eprintln!("failed to wait for the end of PostgreSQL: {error}");
        }
    }
}

/// The folder of the newest server's programs, installed first if there is none and this process may.
pub(crate) fn programs() -> Result<PathBuf> {
    if let Some(found) = newest() {
        return Ok(found);
    }
    let help = "install PostgreSQL 15 or newer (on Debian the package postgresql), or name a server in";
    let help = format!("{help} {VARIABLE}");
    debian::install("postgresql", &help)?;
    newest().with_context(|| format!("find what apt-get has installed: {help}"))
}

/// In Debian's folders, else in the search path.
fn newest() -> Option<PathBuf> {
    let is_whole = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready"].iter().all(|program| folder.join(program).is_file())
    };
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<_> =
        fs::read_dir(DEBIAN).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.sort_by_key(version);
    let debian = versions.into_iter().rev().map(|version| version.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let searched: Vec<_> = std::env::split_paths(&path).collect();
    debian.chain(searched).find(is_whole)
}

/// Who the server runs as: this process's user, or another one.
struct Account(Option<(u32, u32)>);

impl Account {
    fn choose() -> Result<Self> {
        if !debian::is_root()? {
            return Ok(Self(None));
        }
        let number = |flag| -> Result<u32> {
            let text = process::output(Command::new("id").args([flag, ACCOUNT]))?;
            String::from_utf8(text)?.trim().parse().context("read the output of `id`")
        };
        Ok(Self(Some((number("-u")?, number("-g")?))))
    }

    /// A command that runs as the account.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let Some((user, group)) = self.0 else { return Command::new(program) };
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}"));
        command.arg("--clear-groups").arg(program);
        command
    }

    /// A new path for the server's files, in a folder of the account.
    fn folder(&self) -> Result<PathBuf> {
        let home = workspace::target().join("test-postgres");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&home)
            .with_context(|| format!("make {}", home.display()))?;
        if let Self(Some((user, group))) = self {
            chown(&home, Some(*user), Some(*group))
                .with_context(|| format!("give away {}", home.display()))?;
        }
        Ok(home.join(std::process::id().to_string()))
    }
}

/// From the system's randomness, in hexadecimal digits.
fn password() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("read randomness")?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Makes the files of a server whose owner is `postrider`.
fn init(programs: &Path, account: &Account, data: &Path, password: &str) -> Result<()> {
    let file = data.with_extension("password");
    fs::write(&file, password).with_context(|| format!("write {}", file.display()))?;
    if let Account(Some((user, group))) = account {
        chown(&file, Some(*user), Some(*group)).context("give the password away")?;
    }
    let mut initdb = account.command(programs.join("initdb"));
    initdb
        .args([
            "--username=postrider",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ])
        .arg("--pwfile")
        .arg(&file)
        .arg("--pgdata")
        .arg(data);
    let made = process::run_within(START_LIMIT, initdb.stdout(Stdio::null()));
    fs::remove_file(&file).ok();
    made.context("make a PostgreSQL database")
}

/// Waits until it takes connections.
fn await_ready(programs: &Path, port: u16, log: &Path) -> Result<()> {
    let began = Instant::now();
    let port = port.to_string();
    loop {
        let mut asking = Command::new(programs.join("pg_isready"));
        if process::succeeds(asking.args(["--host=127.0.0.1", "--port", &port])) {
            return Ok(());
        }
        if began.elapsed() > START_LIMIT {
            bail!("start PostgreSQL:\n{}", fs::read_to_string(log).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
