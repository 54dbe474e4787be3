//! A receiver that does as it likes with its connections.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// A receiver of TCP connections on a random port of loopback.
pub(crate) struct Rude {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    _serving: AbortOnDropHandle<()>,
}

impl Rude {
    /// `serve` gets every connection. It ends when `serve` is done with it.
    pub(crate) async fn start<S, F>(serve: S) -> Self
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                while connections.try_join_next().is_some() {}
                connections.spawn(serve(stream));
            }
        });
        Self { address, accepted, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Answers every request with these bytes and closes.
    pub(crate) async fn answering(bytes: impl AsRef<[u8]>) -> Self {
        Self::repeating(bytes, b"", false).await
    }

    /// Answers every request with `head`, then with `part` again and again for as long as it is read.
    pub(crate) async fn endless(head: impl AsRef<[u8]>, part: impl AsRef<[u8]>) -> Self {
        Self::repeating(head, part, true).await
    }

    async fn repeating(head: impl AsRef<[u8]>, part: impl AsRef<[u8]>, for_ever: bool) -> Self {
        let (head, part): (Arc<[u8]>, Arc<[u8]>) = (head.as_ref().into(), part.as_ref().into());
        Self::start(move |mut stream| {
            let (head, part) = (Arc::clone(&head), Arc::clone(&part));
            async move {
                read_request(&mut stream).await;
                // The other side may have heard enough before the end.
                let mut writes = stream.write_all(&head).await.is_ok();
                while writes && for_ever {
                    writes = stream.write_all(&part).await.is_ok();
                }
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// The URL of this receiver.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

/// Reads one request to the end of its body; `false` when the connection ends before.
pub(crate) async fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return true;
            }
        }
        if !stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
            return false;
        }
    }
}
