//! Server-sent events, out of the pieces of an answer.
//!
//! Of the format only what our server writes is understood: lines that end in a line feed, one `data` for each event, and
//! comments, which are signs of life.

use serde::Deserialize;

/// Bytes of one event: a body of the largest size in Base64, and what stands around it.
const EVENT_BYTES: usize = 40 * 1024 * 1024;

/// An event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
}

/// What comes, put together.
#[derive(Debug, Default)]
pub(super) struct Parser {
    pending: Vec<u8>,
    /// Bytes of `pending` that have no line end.
    searched: usize,
    name: String,
    data: String,
}

/// An event that is larger than any of ours.
#[derive(Debug, thiserror::Error)]
#[error("the server sends an event without end")]
pub(super) struct Endless;

impl Parser {
    /// Takes a piece.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), Endless> {
        if self.pending.len() + self.data.len() + piece.len() > EVENT_BYTES {
            return Err(Endless);
        }
        self.pending.extend_from_slice(piece);
        Ok(())
    }

    /// The next whole event.
    pub(super) fn next(&mut self) -> Option<Event> {
        loop {
            let end = self.pending[self.searched..].iter().position(|byte| *byte == b'\n');
            let Some(end) = end else {
                self.searched = self.pending.len();
                return None;
            };
            let line: Vec<u8> = self.pending.drain(..=self.searched + end).collect();
            self.searched = 0;
            if let Some(event) = self.line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])) {
                return Some(event);
            }
        }
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            return (!name.is_empty()).then_some(Event { name, data });
        }
        let (field, value) = line.split_once(':')?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => value.clone_into(&mut self.data),
            _ => {}
        }
        None
    }
}

/// The beginning of a stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ready {
    pub(super) listener: String,
    pub(super) cursor: String,
    pub(super) backlog: u64,
    pub(super) backlog_more: bool,
}

/// A received request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Heard {
    pub(super) id: String,
    pub(super) received_at: String,
    pub(super) source: String,
    pub(super) source_uid: Option<String>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body_base64: Option<String>,
    pub(super) event_type: String,
    pub(super) event_id: Option<String>,
    pub(super) verification: Option<Verification>,
    pub(super) attempt: u32,
    pub(super) awaited: bool,
}

/// What the check of a request came to.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Verification {
    pub(super) verdict: String,
    pub(super) reason: Option<String>,
}

/// Why a stream has ended.
#[derive(Debug, Deserialize)]
pub(super) struct Ended {
    pub(super) reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_whole_however_they_are_cut() {
        let text = "retry: 2000\n\nevent: ready\ndata: {}\n\n: beat\n\nid: a\r\nevent: request\r\ndata: {\"x\":\": \"}\r\n\r\nevent: end\n";
        for size in 1..text.len() {
            let (mut parser, mut found) = (Parser::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                parser.feed(piece).unwrap();
                found.extend(std::iter::from_fn(|| parser.next()));
            }
            let found: Vec<_> =
                found.iter().map(|event| (event.name.as_str(), event.data.as_str())).collect();
            assert_eq!(found, [("ready", "{}"), ("request", "{\"x\":\": \"}")], "pieces of {size}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = Parser::default();
        let piece = vec![b'x'; 1024 * 1024];
        let fed = (0..100).take_while(|_| parser.feed(&piece).is_ok()).count();
        assert_eq!(fed, EVENT_BYTES / piece.len());
    }
}
