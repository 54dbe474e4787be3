//! A door between a node and a database, which can be shut, and can be slow.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Pieces that are under way in one direction. Beyond that the sender waits, as with any network.
const PIECES: usize = 64;
const PIECE_BYTES: usize = 64 * 1024;

/// How the way to the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    /// Connections break, and new ones too.
    Shut,
    /// Nothing passes, and nobody is told: connections stay, and hang.
    Hanging,
    /// What is asked arrives so much later; answers come at once.
    Slow(Duration),
}

/// The door.
pub(super) struct Proxy {
    pub(super) authority: String,
    way: watch::Sender<Way>,
    _serving: AbortOnDropHandle<()>,
}

impl Proxy {
    /// A door to `server`, open.
    pub(super) async fn start(server: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let (way, watched) = watch::channel(Way::Open);
        let serving = AbortOnDropHandle::new(tokio::spawn(serve(listener, server, watched)));
        Self { authority, way, _serving: serving }
    }

    pub(super) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn serve(listener: TcpListener, server: String, way: watch::Receiver<Way>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (server, way) = (server.clone(), way.clone());
        connections.spawn(async move {
            let mut shut = way.clone();
            tokio::select! {
                biased;
                _ = shut.wait_for(|way| *way == Way::Shut) => {}
                _ = join(client, &server, &way) => {}
            }
        });
    }
}

/// Carries both ways until one side ends.
async fn join(client: TcpStream, server: &str, way: &watch::Receiver<Way>) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a test connects to its database on this machine")]
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        done = carry(from_client, to_server, way.clone(), true) => done,
        done = carry(from_server, to_client, way.clone(), false) => done,
    }
}

/// Carries one way. What is on its way when the delay changes keeps its place.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    is_delayed: bool,
) -> io::Result<()> {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Bytes)>(PIECES);
    let now = way.clone();
    let reading = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        while let length @ 1.. = from.read(&mut buffer).await? {
            let delay = match *now.borrow() {
                Way::Slow(delay) if is_delayed => delay,
                _ => Duration::ZERO,
            };
            let piece = (Instant::now() + delay, Bytes::copy_from_slice(&buffer[..length]));
            if sender.send(piece).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    let writing = async move {
        while let Some((due, bytes)) = pieces.recv().await {
            tokio::time::sleep_until(due.into()).await;
            let _ = way.wait_for(|way| *way != Way::Hanging).await;
            to.write_all(&bytes).await?;
        }
        Ok(())
    };
    tokio::try_join!(reading, writing).map(|((), ())| ())
}
