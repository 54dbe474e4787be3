//! The nodes: real processes, each with doors of its own to the database, and a supervisor that starts those again
//! that have ended.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::proxy::{Proxy, Way};
use super::server::{DATABASE, Postgres, USER};
use crate::support::{Binary, Client, DataDir, KEY, free_port};

/// All nodes need the same.
const SEAL_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// Parts of the endpoints.
const PARTITIONS: u64 = 1_024;
/// How long a node may be silent before the others take what it has. It stops by itself a fifth earlier.
pub(super) const LEASE: Duration = Duration::from_secs(5);
/// Deadline of an attempt: the longest that one can be under way, if nothing happens to its node.
pub(super) const ATTEMPT_MAX: Duration = Duration::from_secs(3);
/// The longest that the nodes may take to agree who owns what, after the last thing that has happened.
const SETTLE_MAX: Duration = Duration::from_secs(40);
/// The exit code of a node that the others have taken for dead.
const FENCED: i32 = 75;
/// The longest that a node may take to stop in good order.
const STOP_MAX: Duration = Duration::from_secs(30);

/// Where one node is called.
pub(super) struct Seat {
    pub(super) client: Client,
    /// Nobody needs to try: it is dead or stopped.
    away: AtomicBool,
    /// How often it was stopped: a call that meets it says nothing about its patience.
    stops: AtomicU64,
}

/// All nodes, as publishers know them.
pub(super) type Roster = Arc<Vec<Seat>>;

/// One node.
struct Node {
    doors: Vec<Proxy>,
    address: SocketAddr,
    data: DataDir,
    variables: Vec<(&'static str, String)>,
    binary: Option<Binary>,
}

/// All nodes.
pub(super) struct Fleet {
    nodes: Vec<Node>,
    pub(super) roster: Roster,
}

impl Seat {
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    pub(super) fn stops(&self) -> u64 {
        self.stops.load(Ordering::SeqCst)
    }
}

impl Node {
    /// A node that is to use the first of these servers that takes writes. It is not started.
    async fn new(servers: &[Postgres]) -> Self {
        let mut doors = Vec::new();
        for server in servers {
            doors.push(Proxy::start(server.authority()).await);
        }
        let hosts: Vec<_> = doors.iter().map(|door| door.authority.as_str()).collect();
        let variables = vec![
            ("POSTRIDER_STORE__DATABASE", format!("postgres://{USER}@{}/{DATABASE}", hosts.join(","))),
            ("POSTRIDER_STORE__PASSWORD", servers[0].password().to_owned()),
            ("POSTRIDER_SEAL_KEY", SEAL_KEY.to_owned()),
            ("POSTRIDER_BOOTSTRAP_KEY", KEY.to_owned()),
            ("POSTRIDER_DISPATCH__TIMEOUT", format!("{}s", ATTEMPT_MAX.as_secs())),
        ];
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let data = Arc::new(tempfile::tempdir().unwrap());
        Self { doors, address, data, variables, binary: None }
    }

    fn start(&mut self) {
        let variables: Vec<_> = self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let arguments = ["serve", "--set", "egress.allow=127.0.0.0/8"];
        self.binary = Some(Binary::spawn(&arguments, &variables, Arc::clone(&self.data), self.address));
    }

    /// What it says of itself; `None` while it does not answer.
    async fn report(&self) -> Option<Value> {
        let client = Client::of(self.address);
        let asked = client.ask(Method::GET, "/readyz?verbose").try_send().await.ok()?;
        (asked.status == 200).then(|| asked.json())
    }
}

impl Fleet {
    /// So many nodes, which share all endpoints.
    pub(super) async fn start(servers: &[Postgres], count: usize) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..count {
            let mut node = Node::new(servers).await;
            node.start();
            node.binary.as_mut().unwrap().ready().await;
            nodes.push(node);
        }
        let seat = |node: &Node| Seat {
            client: Client::of(node.address).with_key(KEY),
            away: AtomicBool::new(false),
            stops: AtomicU64::new(0),
        };
        let roster = Arc::new(nodes.iter().map(seat).collect());
        let mut fleet = Self { nodes, roster };
        fleet.settle().await;
        fleet
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn client(&self, node: usize) -> Client {
        self.roster[node].client.clone()
    }

    pub(super) fn data(&self, node: usize) -> DataDir {
        Arc::clone(&self.nodes[node].data)
    }

    /// What a node says of itself. It is well.
    pub(super) async fn report(&self, node: usize) -> Value {
        self.nodes[node].report().await.expect("a node that is well")
    }

    /// Kills a node.
    pub(super) fn kill(&mut self, node: usize) {
        self.nodes[node].binary.take().unwrap().kill();
        self.roster[node].away.store(true, Ordering::SeqCst);
    }

    /// Starts a node that has ended, and does not wait for it.
    pub(super) fn start_again(&mut self, node: usize) {
        self.nodes[node].start();
        self.roster[node].away.store(false, Ordering::SeqCst);
    }

    /// Stops a node in good order, and starts it again.
    pub(super) async fn restart(&mut self, node: usize) {
        let leaving = self.nodes[node].binary.as_mut().unwrap();
        leaving.terminate();
        let code = leaving.ended(STOP_MAX).await;
        assert_eq!(code, Some(0), "a node that was asked to stop:\n{}", leaving.log());
        self.start_again(node);
        self.nodes[node].binary.as_mut().unwrap().ready().await;
    }

    /// Stops all processing in a node, until [`Fleet::resume`].
    pub(super) fn freeze(&mut self, node: usize) {
        self.signal(node, Signal::STOP);
        self.roster[node].stops.fetch_add(1, Ordering::SeqCst);
        self.roster[node].away.store(true, Ordering::SeqCst);
    }

    pub(super) fn resume(&mut self, node: usize) {
        self.signal(node, Signal::CONT);
        self.roster[node].away.store(false, Ordering::SeqCst);
    }

    fn signal(&self, node: usize, signal: Signal) {
        let process = self.nodes[node].binary.as_ref().unwrap().id();
        kill_process(Pid::from_raw(i32::try_from(process).unwrap()).unwrap(), signal).unwrap();
    }

    /// The way of one node to all databases.
    pub(super) fn set_way(&self, node: usize, way: Way) {
        for door in &self.nodes[node].doors {
            door.set(way);
        }
    }

    /// The way of all nodes.
    pub(super) fn set_ways(&self, way: Way) {
        for node in 0..self.len() {
            self.set_way(node, way);
        }
    }

    /// Starts those nodes that ended because the others had taken them for dead, until all work and each has what it
    /// should have. Gives how many were started.
    pub(super) async fn settle(&mut self) -> u32 {
        let mut started = 0;
        let settling = async {
            loop {
                for node in 0..self.len() {
                    started += u32::from(self.supervise(node).await);
                }
                if self.is_settled().await {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let settled = tokio::time::timeout(SETTLE_MAX, settling).await;
        if settled.is_err() {
            let mut told = Vec::new();
            for node in &self.nodes {
                told.push(node.report().await.unwrap_or_default().to_string());
            }
            panic!("the nodes do not agree after {SETTLE_MAX:?}:\n{}", told.join("\n"));
        }
        started
    }

    async fn supervise(&mut self, node: usize) -> bool {
        let binary = self.nodes[node].binary.as_mut().expect("whoever kills a node starts it again");
        // Whether it has ended is looked at before the time is.
        let Ok(code) = tokio::time::timeout(Duration::ZERO, binary.ended(STOP_MAX)).await else {
            return false;
        };
        assert_eq!(code, Some(FENCED), "a node ended by itself:\n{}", binary.log());
        self.start_again(node);
        true
    }

    async fn is_settled(&self) -> bool {
        let mut owned = 0;
        for node in &self.nodes {
            let Some(report) = node.report().await else { return false };
            let (cluster, parts) = (&report["cluster"], &report["cluster"]["partitions"]);
            let is_settled = cluster["inLease"] == true
                && parts["owned"] == parts["wanted"]
                && parts["leaving"] == 0
                && parts["owned"] != 0;
            if !is_settled {
                return false;
            }
            owned += parts["owned"].as_u64().unwrap();
        }
        owned == PARTITIONS
    }

    /// Stops all nodes in good order.
    pub(super) async fn stop(mut self) {
        for node in &self.nodes {
            node.binary.as_ref().unwrap().terminate();
        }
        for node in &mut self.nodes {
            let binary = node.binary.as_mut().unwrap();
            let code = binary.ended(STOP_MAX).await;
            assert_eq!(code, Some(0), "a node that was asked to stop:\n{}", binary.log());
        }
    }
}
