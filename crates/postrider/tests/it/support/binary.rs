//! The real program, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::command::program;
use super::{Client, DataDir, KEY, await_until, engine};

/// A server process. It is killed with the test.
pub(crate) struct Binary {
    pub(crate) address: SocketAddr,
    pub(crate) data: DataDir,
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: PathBuf,
}

/// A port that nobody listens on. From below the range that systems give to clients, so that nobody gets it meanwhile.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 8_000).unwrap();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Binary {
    /// `postrider serve` with loopback open and the tests' key.
    pub(crate) async fn serve() -> Self {
        Self::serve_in(tempfile::tempdir().unwrap()).await
    }

    /// The same with its data in memory where the system has such a place, for tests of what receivers do to others'
    /// times: a disk that stalls would say nothing of that.
    pub(crate) async fn serve_beside_no_disk() -> Self {
        let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self::serve_in(memory.unwrap()).await
    }

    async fn serve_in(data: tempfile::TempDir) -> Self {
        let arguments = ["serve", "--set", "egress.allow=127.0.0.0/8"];
        Self::start(&arguments, &[("POSTRIDER_BOOTSTRAP_KEY", KEY)], Arc::new(data)).await
    }

    /// Starts with these arguments and variables, besides the address and the data directory, and waits until it is
    /// ready.
    pub(crate) async fn start(arguments: &[&str], variables: &[(&str, &str)], data: DataDir) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut binary = Self::spawn(arguments, variables, data, address);
        binary.ready().await;
        binary
    }

    /// Starts at `address` and does not wait.
    pub(crate) fn spawn(
        arguments: &[&str],
        variables: &[(&str, &str)],
        data: DataDir,
        address: SocketAddr,
    ) -> Self {
        let stderr = data.path().with_extension(format!("{}.log", address.port()));
        let log = std::fs::File::options().create(true).append(true).open(&stderr).unwrap();
        let has_limit = arguments.iter().any(|argument| argument.starts_with("store.min_free="));
        let no_limit: &[&str] = if has_limit { &[] } else { &["--set", "store.min_free=0"] };
        let mut child = program(arguments)
            .args(["--listen", &address.to_string(), "--data-dir"])
            .arg(data.path())
            .args(no_limit)
            .envs(engine::variables(data.path()))
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdout = Arc::new(Mutex::new(String::new()));
        let (pipe, text) = (child.stdout.take().unwrap(), Arc::clone(&stdout));
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let mut text = text.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
            }
        });
        Self { address, data, child, stdout, stderr }
    }

    /// Waits until `/readyz` says so.
    pub(crate) async fn ready(&mut self) {
        let client = Client::of(self.address);
        await_until("the server to be ready", async || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            let reply = client.ask(http::Method::GET, "/readyz").try_send().await.ok()?;
            (reply.status == 200).then_some(())
        })
        .await;
    }

    /// A client with the tests' key.
    pub(crate) fn client(&self) -> Client {
        Client::of(self.address).with_key(KEY)
    }

    /// What it has written to stdout.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// What it has written to stderr.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Asks it to stop, as an orchestrator does.
    pub(crate) fn terminate(&self) {
        let id = i32::try_from(self.child.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its exit code, once it has ended by itself; `None` when a signal ended it.
    pub(crate) async fn ended(&mut self, within: Duration) -> Option<i32> {
        let waiting = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let code = tokio::time::timeout(within, waiting).await;
        code.unwrap_or_else(|_| panic!("still running after {within:?}:\n{}", self.log()))
    }

    /// Kills it, as a loss of power would, and leaves the data.
    pub(crate) fn kill(mut self) -> DataDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Arc::clone(&self.data)
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the server at {}\n{}", self.address, self.log());
        }
        let _ = std::fs::remove_file(&self.stderr);
    }
}
