//! Bytes that no client library would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::PATIENCE;

/// A connection to a server, to be misused.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's client, to loopback")]
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Writes; `false` when the server takes no more.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// What the server says up to `end`.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        let mut said = Vec::new();
        let reading = async {
            while !said.ends_with(end.as_bytes())
                && self.0.read_buf(&mut said).await.is_ok_and(|read| read > 0)
            {}
        };
        let done = tokio::time::timeout(PATIENCE, reading).await;
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(done.is_ok() && said.ends_with(end), "{end:?} does not come behind {said}");
        said
    }

    /// Everything that the server says until it closes or resets the connection.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut said = Vec::new();
        let reading = async {
            // What was read before a reset stays in `said`.
            while self.0.read_buf(&mut said).await.is_ok_and(|read| read > 0) {}
        };
        assert!(tokio::time::timeout(PATIENCE, reading).await.is_ok(), "the server does not close");
        String::from_utf8_lossy(&said).into_owned()
    }
}

/// What the server says to `bytes`, until it closes. Ask it to with `connection: close`.
pub(crate) async fn raw(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut raw = Raw::connect(address).await;
    raw.write(bytes).await;
    raw.read_to_end().await
}
