//! The protocol of the `svix` command's relay: one WebSocket, on which requests go out and answers come back.
//!
//! The client says which token it wants; a token that is another's is told by closing, and the client takes a new one. A
//! listener that says nothing for long, not even to a ping, is gone.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::told;
use crate::context::Context;
use crate::service::listen::LocalAnswer;
use crate::service::relay::{Call, is_token};

/// How long a client may take to say which token it wants.
const START_MAX: Duration = Duration::from_secs(10);
/// How often it is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// How long it may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(65);
/// How long it may take to read what is sent.
const SEND_MAX: Duration = Duration::from_secs(20);
/// Bytes of one message of a client: an answer in Base64.
const MESSAGE_BYTES: usize = 2 * 1024 * 1024;
/// Requests that wait for an answer.
const PENDING: usize = 64;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
enum Said {
    Start { token: String },
    Event { id: String, status: u16, headers: Map<String, Value>, body: String },
}

/// Begins a socket, where relays are on. It has its place from the start: one that never asks for a token counts too.
pub(super) async fn listen(State(context): State<Context>, upgrade: WebSocketUpgrade) -> Response {
    let place = match context.relay.sockets.place() {
        Ok(place) => place,
        Err(error) => return told(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES).on_upgrade(
        move |socket| async move {
            serve(&context, socket).await;
            drop(place);
        },
    )
}

async fn serve(context: &Context, mut socket: WebSocket) {
    let stop = context.listeners.stopping();
    let started = tokio::select! {
        () = stop.cancelled() => return,
        started = timeout(START_MAX, start(&mut socket)) => started,
    };
    let Ok(Some(token)) = started else { return };
    let Ok((_socket, mut calls)) = context.relay.sockets.claim(&token) else {
        let reason = "This socket is already in use".into();
        let close = Message::Close(Some(CloseFrame { code: close_code::POLICY, reason }));
        send(&mut socket, close).await;
        return;
    };
    let started = json!({"type": "start", "version": 1, "data": {"token": token}});
    if !send(&mut socket, Message::Text(started.to_string().into())).await {
        return;
    }
    let mut pending: HashMap<String, oneshot::Sender<LocalAnswer>> = HashMap::new();
    let mut pings = interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        let goes_on = tokio::select! {
            () = stop.cancelled() => false,
            said = socket.recv() => match said {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    take(&message, &mut pending)
                }
                Some(Err(_)) | None => false,
            },
            call = calls.recv(), if pending.len() < PENDING => match call {
                Some(call) => ask(&mut socket, call, &mut pending).await,
                None => false,
            },
            _ = pings.tick() => {
                pending.retain(|_, answer| !answer.is_closed());
                heard.elapsed() < SILENCE_MAX && send(&mut socket, Message::Ping(Bytes::new())).await
            }
        };
        if !goes_on {
            return;
        }
    }
}

/// The token that a client asks for.
async fn start(socket: &mut WebSocket) -> Option<String> {
    loop {
        match parse(&socket.recv().await?.ok()?) {
            Some(Said::Start { token }) if is_token(&token) => return Some(token),
            Some(_) => return None,
            None => {}
        }
    }
}

fn parse(message: &Message) -> Option<Said> {
    match message {
        Message::Text(text) => serde_json::from_str(text.as_str()).ok(),
        Message::Binary(bytes) => serde_json::from_slice(bytes).ok(),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => None,
    }
}

/// Takes what a client says; whether it goes on.
fn take(message: &Message, pending: &mut HashMap<String, oneshot::Sender<LocalAnswer>>) -> bool {
    if let Some(Said::Event { id, status, headers, body }) = parse(message)
        && let Some(waiting) = pending.remove(&id)
        && (200..=599).contains(&status)
        && let Ok(body) = STANDARD.decode(body)
    {
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        let headers = headers.into_iter().filter_map(text).collect();
        // Who asked may have gone meanwhile.
        waiting.send(LocalAnswer { status, headers, body: body.into() }).ok();
    }
    !matches!(message, Message::Close(_))
}

async fn ask(
    socket: &mut WebSocket,
    call: Call,
    pending: &mut HashMap<String, oneshot::Sender<LocalAnswer>>,
) -> bool {
    let Call { id, method, headers, body, answer } = call;
    // The protocol has one value for each name.
    let headers: Map<String, Value> = headers.into_iter().map(|(name, value)| (name, json!(value))).collect();
    let data = json!({"id": id, "method": method, "headers": headers, "body": STANDARD.encode(&body)});
    let event = json!({"type": "event", "version": 1, "data": data});
    pending.insert(id, answer);
    send(socket, Message::Text(event.to_string().into())).await
}

/// Whether the client took it.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SEND_MAX, socket.send(message)).await, Ok(Ok(())))
}
