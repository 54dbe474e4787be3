//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::Shared;
use super::activity::{Activity, Streaming, Watched};
use super::answer::{self, Refusal};
use super::cut::{self, Reset};
use super::forwarded;
use super::muted::{self, Muted, Turn};
use super::patience::{Late, Patience};
use super::written::{Notes, Noting};

/// Bytes of a request's head: its line and headers. More is 431.
pub(super) const HEAD_BYTES: usize = 16 * 1024;
/// Bytes that are read ahead on one connection, and of small writes that wait to go out together. Enough for a body of
/// a megabyte to come in a few reads; without a ceiling of ours every sender of large bodies holds some 400 kB.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long a client may take to read the answer that a connection is ended with, and to close its side.
const GOODBYE: Duration = Duration::from_secs(1);
/// Bytes that are read and forgotten while waiting for that.
const LINGER_BYTES: u64 = 1024 * 1024;

/// Where a request came from: the client, or a proxy in front of us that is not trusted to say who that is.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Serves requests until the client closes, is too slow, or the server stops.
pub(super) async fn serve<S>(stream: S, peer: Option<IpAddr>, router: Router, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Reset + Unpin + Send + 'static,
{
    let (activity, turn) = (Arc::new(Activity::default()), Arc::new(Turn::default()));
    let notes = Arc::new(Notes::default());
    let service = service_fn({
        let (activity, turn, notes) = (Arc::clone(&activity), Arc::clone(&turn), Arc::clone(&notes));
        let shared = Arc::clone(&shared);
        move |mut request: Request<Incoming>| {
            if let Some(address) = peer {
                let client = forwarded::client(address, request.headers(), &shared.rules.trusted_proxies);
                request.extensions_mut().insert(Peer(client));
            }
            if let Some(head) = notes.take() {
                request.extensions_mut().insert(head);
            }
            activity.request();
            turn.begin();
            let answering = answer::answer(router.clone(), request);
            let (activity, turn) = (Arc::clone(&activity), Arc::clone(&turn));
            async move {
                let response = answering.await;
                activity.answered();
                let response = cut::unless_cut(response)?;
                if response.extensions().get::<Streaming>().is_some() {
                    activity.streams();
                }
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    turn.end_all();
                }
                Ok::<_, cut::Withheld>(response.map(|body| muted::Answer::new(body, turn)))
            }
        }
    });
    let socket =
        Muted::new(Watched::new(Noting::new(stream, notes), Arc::clone(&activity)), Arc::clone(&turn));
    let mut connection = http1::Builder::new()
        .half_close(false)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();

    let mut stopping = shared.stop.listen();
    let mut patience = Patience::new(&activity, &shared.rules);
    let end = poll_fn(|cx| {
        if let Poll::Ready(served) = Pin::new(&mut connection).poll(cx) {
            return Poll::Ready(match served {
                Err(error) if turn.was_refused() => End::Refused(refusal(&error)),
                Err(error) if cut::is_cause(&error) => End::Cut,
                Ok(()) | Err(_) => End::Done,
            });
        }
        let mut is_done = false;
        if stopping.begins(&shared.stop, cx) {
            Pin::new(&mut connection).graceful_shutdown();
            // hyper ends an idle connection at once, but counts one without any request as busy.
            is_done = activity.read().is_untouched() || Pin::new(&mut connection).poll(cx).is_ready();
        }
        if is_done || stopping.is_cut(cx) {
            return Poll::Ready(End::Stopped);
        }
        patience.poll_late(&activity, &shared.rules, cx).map(|late| match late {
            Late::Head => End::Refused(answer::SLOW_HEAD),
            Late::Idle => End::Idle,
        })
    })
    .await;

    // What was upgraded is another's now, who has limits of its own.
    let Some(parts) = connection.into_parts() else { return };
    let mut stream = parts.io.into_inner().into_inner().into_inner().into_inner();
    let goodbye = async {
        match end {
            End::Done => linger(&mut stream).await,
            End::Refused(refusal) => {
                stream.write_all(refusal.message().as_bytes()).await?;
                linger(&mut stream).await
            }
            End::Cut => {
                stream.reset();
                Ok(())
            }
            End::Idle | End::Stopped => Ok(()),
        }
    };
    // Whoever does not even read our last words gets a closed connection.
    timeout(GOODBYE, goodbye).await.ok();
}

/// How a connection's last exchange ended.
enum End {
    /// As the protocol, or the client, wanted.
    Done,
    /// Because a handler wants the client to see a broken connection.
    Cut,
    /// Because what was to be a request is none.
    Refused(Refusal),
    /// Because the client asked for nothing, or did not read, for too long.
    Idle,
    /// Because the server stops.
    Stopped,
}

/// What is said to a head that hyper refuses.
fn refusal(error: &hyper::Error) -> Refusal {
    if error.is_parse_too_large() { answer::LARGE_HEAD } else { answer::MALFORMED_HEAD }
}

/// Ends our side and reads what the client still sends. Closing with something unread would make the system reset the
/// connection, and the client could lose the answer that says why.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await?;
    Ok(())
}
