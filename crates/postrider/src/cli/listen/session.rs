//! The loop: connect, take one request after another, send each until it is taken, and move the cursor.

use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use postrider_core::inbound::Draft;
use postrider_core::time::Clock;
use postrider_egress::Target;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::controls::{Controls, Key};
use super::cursor::{Since, State};
use super::events::{Ended, Event, Heard, Ready};
use super::forward::{Forwarder, Sent};
use super::server::{Events, Server, Trouble};
use super::show::{self, Show};
use super::target::Targets;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, OrExit as _};

/// How often a request is sent before it counts as failed.
const TRIES: u32 = 8;
/// The longest wait between two.
const BACKOFF_MAX: Duration = Duration::from_secs(15);
/// The first and the longest wait before the server is asked again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// Acknowledgements are tried this often.
const ACK_TRIES: u32 = 4;
/// Bytes of an answer's body that go back to the server.
const ANSWER_BYTES: usize = 64 * 1024;
/// Headers of an answer that go back.
const ANSWER_HEADERS: usize = 64;

const BACKLOG_HINT: &str = "--max-backlog takes them, --since now leaves them out";
const FAILED_HINT: &str =
    "it was not acknowledged and comes first the next time; --skip-failed leaves such requests out";

/// What holds for the whole session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) max_backlog: u64,
    pub(super) skip_failed: bool,
    pub(super) backoff: Duration,
    pub(super) count: Option<u64>,
    /// Whether the server is told what became of each request.
    pub(super) acknowledges: bool,
    /// Whether the cursor is ours; that of a group is the server's.
    pub(super) has_cursor: bool,
}

/// See the module's documentation.
pub(super) struct Session {
    pub(super) server: Server,
    pub(super) targets: Targets,
    pub(super) forwarder: Forwarder,
    pub(super) state: State,
    pub(super) rules: Rules,
    pub(super) show: Show,
    pub(super) clock: Box<dyn Clock>,
    /// The last request, and what became of it.
    pub(super) last: Option<(Heard, Option<Sent>)>,
    pub(super) handled: u64,
}

/// Whether there is more to do.
enum Then {
    Continue,
    End,
}

impl Session {
    /// Goes on until the person, the count or a failure ends it.
    pub(super) async fn run(&mut self, controls: &mut Controls) -> Result<Exit, Failure> {
        let mut wait = RECONNECT.0;
        let mut is_first = true;
        loop {
            let since = self.since(is_first);
            let connected = tokio::select! {
                connected = self.server.listen(&since) => connected,
                () = controls.quit() => return Ok(Exit::Ok),
            };
            let why = match connected {
                Err(Trouble::Lasting(failure)) => return Err(failure),
                Err(Trouble::Passing(why)) if is_first => return Err(Failure::new(Exit::Unavailable, why)),
                Err(Trouble::Passing(why)) => why,
                Ok(mut events) => match self.follow(&mut events, controls, is_first).await? {
                    None => return Ok(Exit::Ok),
                    Some(why) => {
                        (wait, is_first) = (RECONNECT.0, false);
                        why
                    }
                },
            };
            show::note(&format!("{why}; connecting again"));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = controls.quit() => return Ok(Exit::Ok),
            }
            wait = (wait * 2).min(RECONNECT.1);
        }
    }

    /// Where to begin, in the server's words.
    fn since(&self, is_first: bool) -> String {
        match (&self.server.since, self.state.cursor()) {
            (Since::Said(said), _) if is_first || !self.rules.has_cursor => said.clone(),
            (_, Some(cursor)) if self.rules.has_cursor => cursor.to_owned(),
            // Nothing is done yet: what waited then waits still.
            (Since::Said(said), _) => said.clone(),
            (Since::Last, _) => "now".to_owned(),
        }
    }

    /// Takes what comes on one connection. `None` when all is done, else why the connection ended.
    async fn follow(
        &mut self,
        events: &mut Events,
        controls: &mut Controls,
        is_first: bool,
    ) -> Result<Option<String>, Failure> {
        let mut listener = None;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                key = controls.next() => {
                    if key == Key::Quit {
                        return Ok(None);
                    }
                    self.press(key).await?;
                    continue;
                }
            };
            let Event { name, data } = match event {
                Ok(event) => event,
                Err(why) => return Ok(Some(why)),
            };
            match (name.as_str(), &listener) {
                ("ready", _) => {
                    let ready: Ready = parse(&data)?;
                    self.begin(&ready, is_first)?;
                    listener = Some(ready.listener);
                }
                ("request", Some(listener)) => {
                    let heard: Heard = parse(&data)?;
                    let then = tokio::select! {
                        then = self.take(listener, heard) => then?,
                        () = controls.quit() => Then::End,
                    };
                    if matches!(then, Then::End) {
                        return Ok(None);
                    }
                }
                ("end", _) => {
                    let ended: Ended = parse(&data)?;
                    return Ok(Some(format!("the server ended the connection ({})", ended.reason)));
                }
                _ => {}
            }
        }
    }

    /// The server is ready: the beginning is where it says, unless we have been here before.
    fn begin(&mut self, ready: &Ready, is_first: bool) -> Result<(), Failure> {
        if !is_first {
            show::note("connected again");
            return Ok(());
        }
        if ready.backlog > self.rules.max_backlog
            || (ready.backlog_more && ready.backlog >= self.rules.max_backlog)
        {
            let more = if ready.backlog_more { "more than " } else { "" };
            let sentence = format!(
                "{more}{} requests wait, which is more than --max-backlog {}: nothing was sent",
                ready.backlog, self.rules.max_backlog
            );
            return Err(Failure::new(Exit::Failure, sentence).with_hint(Some(BACKLOG_HINT)));
        }
        show::ready(ready);
        if !self.rules.has_cursor {
            return Ok(());
        }
        match &self.server.since {
            Since::Last if self.state.cursor().is_some() => {}
            Since::Said(said) if said != "now" => self.state.begin_anew(said),
            // So that nothing is missed if this ends before anything has come.
            Since::Last | Since::Said(_) => self.state.begin(&ready.cursor).or_failed_to(Exit::Failure)?,
        }
        Ok(())
    }

    /// Takes a request: sends it until it is taken, moves the cursor, and tells the server.
    async fn take(&mut self, listener: &str, heard: Heard) -> Result<Then, Failure> {
        if self.rules.has_cursor && self.state.has(&heard.id) {
            return Ok(Then::Continue);
        }
        let target = self.targets.of(&heard.event_type, &heard.path, heard.query.as_deref());
        let sent = match target {
            None => {
                self.show.heard(&heard)?;
                if !self.targets.is_empty() {
                    show::note("  no route fits it");
                }
                None
            }
            Some(Err(refused)) => {
                return Err(Failure::new(Exit::Failure, format!("{}: {refused}", heard.id)));
            }
            Some(Ok(target)) => {
                let Some(body) = heard.body() else {
                    show::note(&format!("  {}: {}; it is left out", heard.id, show::GONE));
                    self.settle(listener, &heard, None).await?;
                    return Ok(Then::Continue);
                };
                Some(self.insist(listener, &heard, body, &target).await?)
            }
        };
        self.settle(listener, &heard, sent.as_ref()).await?;
        self.last = Some((heard, sent));
        self.handled += 1;
        Ok(if self.rules.count.is_some_and(|count| self.handled >= count) {
            Then::End
        } else {
            Then::Continue
        })
    }

    /// Moves the cursor behind a request, and tells the server. In this order, because the person may call off the wait
    /// for the server, and the request must not come twice then.
    async fn settle(&mut self, listener: &str, heard: &Heard, sent: Option<&Sent>) -> Result<(), Failure> {
        if self.rules.has_cursor {
            self.state.done(&heard.id).or_failed_to(Exit::Failure)?;
        }
        if self.rules.acknowledges {
            self.acknowledge(listener, heard, sent, true).await;
        }
        Ok(())
    }

    /// Sends a request until it is taken.
    async fn insist(
        &mut self,
        listener: &str,
        heard: &Heard,
        body: Bytes,
        target: &Target,
    ) -> Result<Sent, Failure> {
        let (mut tried, mut wait, mut awaited) = (0, self.rules.backoff, heard.awaited);
        loop {
            let sent = self.forwarder.send(heard, body.clone(), target, self.clock.now()).await;
            self.show.sent(heard, &sent)?;
            tried += 1;
            // Any answer is the provider's, who asks again if it wants; without one, the provider must not wait.
            if sent.is_accepted() || (awaited && sent.outcome.is_ok()) {
                return Ok(sent);
            }
            if std::mem::take(&mut awaited) {
                self.acknowledge(listener, heard, None, false).await;
            }
            if tried == TRIES {
                if self.rules.skip_failed {
                    show::note(&format!("  {} failed {TRIES} times, and is left out", heard.id));
                    return Ok(sent);
                }
                self.last = Some((heard.clone(), Some(sent)));
                let sentence = format!("{} ({}) failed {TRIES} times", heard.id, heard.event_type);
                return Err(Failure::new(Exit::Failure, sentence).with_hint(Some(FAILED_HINT)));
            }
            show::again(tried, TRIES, wait);
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(BACKOFF_MAX);
        }
    }

    /// Tells the server what became of a request. It may not be had just now: what is not acknowledged comes again.
    async fn acknowledge(&self, listener: &str, heard: &Heard, sent: Option<&Sent>, done: bool) {
        let mut ack = json!({"listener": listener, "id": heard.id, "done": done});
        if let Some(Ok(answer)) = sent.map(|sent| &sent.outcome)
            && (200..=599).contains(&answer.status)
        {
            let fits = answer.body.len() <= ANSWER_BYTES;
            // A type of what does not go along would be wrong.
            let goes = |(name, _): &&(String, String)| fits || name != "content-type";
            let headers: Vec<_> = answer.headers.iter().filter(goes).take(ANSWER_HEADERS).collect();
            ack["status"] = json!(answer.status);
            ack["headers"] = json!(headers);
            if fits {
                ack["bodyBase64"] = json!(STANDARD.encode(&answer.body));
            } else if heard.awaited {
                show::note("  the answer has more than 64 KiB: the provider gets no body");
            }
        }
        let mut wait = RECONNECT.0;
        for tried in 1..=ACK_TRIES {
            match self.server.acknowledge(&ack).await {
                Ok(answered) => {
                    if answered {
                        show::note("  the provider got the answer");
                    }
                    return;
                }
                Err(why) if tried == ACK_TRIES => {
                    show::note(&format!("  failed to acknowledge {}: {why}", heard.id));
                }
                Err(_) => tokio::time::sleep(wait).await,
            }
            wait *= 2;
        }
    }

    /// Does what a key says.
    async fn press(&mut self, key: Key) -> Result<(), Failure> {
        let Some((heard, sent)) = self.last.clone() else {
            show::note("nothing has come yet");
            return Ok(());
        };
        let target = self.targets.of(&heard.event_type, &heard.path, heard.query.as_deref());
        match (key, target, heard.body()) {
            (Key::Details, ..) => show::details(&heard, sent.as_ref())?,
            (Key::Copy | Key::Repeat, _, None) => show::note(show::GONE),
            (Key::Copy, target, Some(body)) => {
                let url = target.and_then(Result::ok).map(|target| target.as_str().to_owned());
                show::command(&Draft {
                    method: heard.method.clone(),
                    url: url.unwrap_or_else(|| "http://localhost:3000/".to_owned()),
                    headers: self.forwarder.headers(&heard, &body, self.clock.now()),
                    body: body.to_vec(),
                })?;
            }
            (Key::Repeat, Some(Ok(target)), Some(body)) => {
                let again = Heard { awaited: false, ..heard };
                let sent = self.forwarder.send(&again, body, &target, self.clock.now()).await;
                self.show.sent(&again, &sent)?;
                self.last = Some((again, Some(sent)));
            }
            (Key::Repeat, ..) => show::note("it goes nowhere: there is no --to"),
            (Key::Quit, ..) => {}
        }
        Ok(())
    }
}

fn parse<T: DeserializeOwned>(data: &str) -> Result<T, Failure> {
    let parsed = serde_json::from_str(data).context("the server speaks another version of this protocol");
    parsed.or_exit(Exit::Failure)
}

#[cfg(test)]
mod tests {
    //! The loop with a server and a program that are a few lines each, and keys without a terminal.

    use std::net::SocketAddr;
    use std::path::Path;

    use postrider_core::time::SystemClock;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    use super::super::cursor::Whose;
    use super::super::target::Routes;
    use super::*;

    /// Serves a stream with one request at the API's path, and takes what is sent to any other.
    async fn serve(listener: TcpListener, taken: mpsc::Sender<String>) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, taken.clone()));
        }
    }

    async fn answer(mut stream: TcpStream, taken: mpsc::Sender<String>) {
        let mut said = Vec::new();
        while !said.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            said.push(byte);
        }
        if said.starts_with(b"GET /ingest/") {
            let ready = json!({"listener": "lsn_1", "cursor": "msg_1", "backlog": 0, "backlogMore": false});
            let heard = json!({
                "id": "msg_2", "receivedAt": "2027-01-15T08:00:00Z", "source": "src_1", "sourceUid": "shop",
                "method": "POST", "path": "", "query": null, "headers": [["x-a", "\u{1b}[2J"]],
                "bodyBase64": "e30=", "eventType": "push", "eventId": null, "verification": null,
                "attempt": 1, "awaited": false,
            });
            let events = format!("event: ready\ndata: {ready}\n\nevent: request\ndata: {heard}\n\n");
            let begun = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            stream.write_all(format!("{begun}{events}").as_bytes()).await.unwrap();
            // The stream goes on, and nothing more comes.
            stream.read_u8().await.ok();
            return;
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        taken.send(String::from_utf8_lossy(&said).lines().next().unwrap().to_owned()).await.unwrap();
    }

    /// A session of which server and target are at this address.
    fn session(address: SocketAddr, dir: &Path) -> Session {
        let whose = Whose { server: "", sources: &[], types: &[], name: None };
        Session {
            server: Server::of_test(&format!("http://{address}")),
            targets: Targets::new(Some(&format!("{address}/hook")), Routes::default(), false).unwrap(),
            forwarder: Forwarder::new(false, None),
            state: State::open(Some(dir), &whose).unwrap(),
            rules: Rules {
                max_backlog: 0,
                skip_failed: false,
                backoff: Duration::ZERO,
                count: None,
                acknowledges: false,
                has_cursor: true,
            },
            show: Show::new(false),
            clock: Box::new(SystemClock::default()),
            last: None,
            handled: 0,
        }
    }

    #[tokio::test]
    async fn what_waited_is_asked_for_again_when_the_connection_ended_before_anything_came() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut session = session(listener.local_addr().unwrap(), dir.path());
        session.server.since = Since::Said("beginning".to_owned());
        let (press, keys) = mpsc::channel(1);
        let serving = async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = vec![0; 64];
                stream.read_exact(&mut asked).await.unwrap();
                let asked = String::from_utf8(asked).unwrap();
                assert!(asked.starts_with("GET /ingest/api/v1/listen?since=beginning "), "{asked}");
                let ready =
                    json!({"listener": "lsn_1", "cursor": "msg_1", "backlog": 0, "backlogMore": false});
                let text = format!("HTTP/1.1 200 OK\r\n\r\nevent: ready\ndata: {ready}\n\n");
                stream.write_all(text.as_bytes()).await.unwrap();
            }
            press.send(Key::Quit).await.unwrap();
        };
        let mut controls = Controls::of_keys(keys);
        let running = async { tokio::join!(session.run(&mut controls), serving).0 };
        let ended = tokio::time::timeout(Duration::from_secs(20), running).await.expect("it ends");
        assert_eq!(ended.unwrap(), Exit::Ok);
    }

    #[tokio::test]
    async fn keys_repeat_and_show_the_last_request_and_end_the_loop() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, mut taken) = mpsc::channel(8);
        tokio::spawn(serve(listener, sender));
        let dir = tempfile::tempdir().unwrap();
        let mut session = session(address, dir.path());
        let (press, keys) = mpsc::channel(8);
        let pressing = async move {
            assert_eq!(taken.recv().await.unwrap(), "POST /hook HTTP/1.1");
            for key in [Key::Details, Key::Copy, Key::Repeat] {
                press.send(key).await.unwrap();
            }
            assert_eq!(taken.recv().await.unwrap(), "POST /hook HTTP/1.1", "again");
            press.send(Key::Quit).await.unwrap();
        };
        let mut controls = Controls::of_keys(keys);
        let running = async { tokio::join!(session.run(&mut controls), pressing).0 };
        let ended = tokio::time::timeout(Duration::from_secs(20), running).await.expect("it ends");
        assert_eq!(ended.unwrap(), Exit::Ok);
        assert_eq!((session.handled, session.state.cursor()), (1, Some("msg_2")));
        assert!(session.state.has("msg_2"));
    }
}
