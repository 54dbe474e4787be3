//! A door between a store and its database that a test can slam, even in the middle of a COMMIT.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Plan {
    /// They pass.
    Open,
    /// The next COMMIT does not reach the server, and its connection breaks. Others pass.
    LoseCommit,
    /// The next COMMIT reaches the server, and its answer is lost. Others pass.
    LoseAnswer,
    /// The same, and nobody gets through afterwards.
    LoseAnswerAndShut,
    /// Nobody gets through.
    Shut,
    /// Nobody listens for notifications; everything else passes.
    Deaf,
    /// Nothing passes, and nobody is told: connections stay, and hang.
    Hang,
}

impl Plan {
    const ALL: [Self; 7] = [
        Self::Open,
        Self::LoseCommit,
        Self::LoseAnswer,
        Self::LoseAnswerAndShut,
        Self::Shut,
        Self::Deaf,
        Self::Hang,
    ];
}

/// What a COMMIT looks like on the wire: a simple query.
const COMMIT: &[u8] = b"COMMIT\0";
const LISTEN: &[u8] = b"LISTEN \"";
/// What asks the server for an answer: the end of a statement's messages.
const SYNC: &[u8] = b"S\0\0\0\x04";

pub(crate) struct Proxy {
    pub(crate) port: u16,
    plan: Arc<AtomicU8>,
    asked: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy in front of the server at `authority` (host and port).
    pub(crate) fn start(authority: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let plan = Arc::new(AtomicU8::new(Plan::Open as u8));
        let asked = Arc::<AtomicUsize>::default();
        let (shared, counter, server) = (Arc::clone(&plan), Arc::clone(&asked), authority.to_owned());
        // The thread ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if read(&shared) == Plan::Shut {
                    continue;
                }
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a test connects to its database on this machine"
                )]
                let server = TcpStream::connect(&server).unwrap();
                join(client, server, (&shared, &counter));
            }
        });
        Self { port, plan, asked }
    }

    /// Statements that were sent through it.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, plan: Plan) {
        self.plan.store(plan as u8, Ordering::SeqCst);
    }

    pub(crate) fn plan(&self) -> Plan {
        read(&self.plan)
    }
}

fn read(plan: &AtomicU8) -> Plan {
    Plan::ALL[usize::from(plan.load(Ordering::SeqCst))]
}

/// Carries bytes both ways until one side ends.
fn join(client: TcpStream, server: TcpStream, (plan, asked): (&Arc<AtomicU8>, &Arc<AtomicUsize>)) {
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
        // A server whose answers cannot be sent gives up what it is doing. Nobody reads them, but they are taken.
        let _ = std::io::copy(&mut from_server, &mut std::io::sink());
    });
    let (plan, asked) = (Arc::clone(plan), Arc::clone(asked));
    thread::spawn(move || {
        carry(client, server, &plan, &asked);
    });
}

fn carry(mut client: TcpStream, mut server: TcpStream, plan: &AtomicU8, asked: &AtomicUsize) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let bytes = &buffer[..length];
        let count = |what: &[u8]| bytes.windows(what.len()).filter(|window| *window == what).count();
        let commits = count(COMMIT) > 0;
        asked.fetch_add(count(SYNC), Ordering::SeqCst);
        while read(plan) == Plan::Hang {
            thread::sleep(Duration::from_millis(5));
        }
        let then = match read(plan) {
            Plan::LoseCommit if commits => {
                plan.store(Plan::Open as u8, Ordering::SeqCst);
                break;
            }
            Plan::LoseAnswer if commits => Plan::Open,
            Plan::LoseAnswerAndShut if commits => Plan::Shut,
            Plan::Shut => break,
            Plan::Deaf if count(LISTEN) > 0 => break,
            _ => {
                if server.write_all(bytes).is_err() {
                    break;
                }
                continue;
            }
        };
        // First the client is cut off, and then the server gets what it commits.
        let _ = client.shutdown(Shutdown::Both);
        server.write_all(bytes).unwrap();
        plan.store(then as u8, Ordering::SeqCst);
        // The server reads it to the end before it learns that nobody waits for the answer.
        let _ = server.shutdown(Shutdown::Write);
        return;
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
