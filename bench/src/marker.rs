//! The mark by which the receiver knows a message again, and the body template that carries it.
//!
//! A mark is plain ASCII without quotes or backslashes, so it survives being put inside JSON, or inside JSON
//! inside a JSON string, as long as the sender delivers the text. Its time is counted from an [`Epoch`] of
//! this process: the latency is only meaningful where generator and receiver are one process.

use std::{
    fmt::{self, Write as _},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use memchr::memmem::Finder;

const PREFIX: &str = "hookload.";
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));

/// The zero of a process's marks.
#[derive(Debug, Clone, Copy)]
pub struct Epoch(Instant);

impl Epoch {
    /// Starts counting now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn now_ns(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A number that tells the messages of one run from stragglers of another, even of another process.
#[must_use]
pub fn fresh_run() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    (u64::from(std::process::id()) << 20) | (NEXT.fetch_add(1, Ordering::Relaxed) & 0xf_ffff)
}

/// What a message says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The run that it belongs to, from [`fresh_run`].
    pub run: u64,
    /// Its number in the run, from zero.
    pub number: u64,
    /// When its publishing began, in nanoseconds of the generator's [`Epoch`].
    pub sent_ns: u64,
}

impl Mark {
    /// The first mark in a body; `None` where there is none, or one that is cut or garbled.
    #[must_use]
    pub fn find(body: &[u8]) -> Option<Self> {
        let rest = &body[FINDER.find(body)? + PREFIX.len()..];
        let (run, rest) = number(rest)?;
        let (number_, rest) = number(rest)?;
        let (sent_ns, _) = number(rest)?;
        Some(Self { run, number: number_, sent_ns })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}.{}.{}.", self.run, self.number, self.sent_ns)
    }
}

/// Decimal digits up to a dot, and what follows the dot.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = memchr::memchr(b'.', text.get(..21.min(text.len()))?)?;
    let digits = std::str::from_utf8(&text[..end]).ok()?;
    Some((digits.parse().ok()?, &text[end + 1..]))
}

/// A request body with `{MARK}` where the mark goes and `{PAD}` where the filling goes.
#[derive(Debug, Clone)]
pub struct Template {
    /// The text between marks; one more than there are marks.
    literals: Vec<String>,
}

/// The template has no place for the mark.
#[derive(Debug, thiserror::Error)]
#[error("the body template needs {{MARK}} inside the part that is delivered")]
pub struct NoMark;

impl Template {
    /// The body of the publish call of Postrider, and of every server with the same interface.
    pub const PUBLISH: &str = r#"{"eventType":"order.created","payload":{"mark":"{MARK}","pad":"{PAD}"}}"#;

    /// An event as a provider sends it to a source.
    pub const EVENT: &str = r#"{"type":"order.created","mark":"{MARK}","pad":"{PAD}"}"#;

    /// Reads a template; `{PAD}` becomes `pad` bytes of filling.
    pub fn new(text: &str, pad: usize) -> Result<Self, NoMark> {
        let padded = text.replace("{PAD}", &"x".repeat(pad));
        let literals: Vec<String> = padded.split("{MARK}").map(str::to_owned).collect();
        if literals.len() < 2 { Err(NoMark) } else { Ok(Self { literals }) }
    }

    /// Replaces what `out` holds with the body for one message.
    pub fn render(&self, mark: Mark, out: &mut String) {
        out.clear();
        for (index, literal) in self.literals.iter().enumerate() {
            if index > 0 {
                write!(out, "{mark}").expect("a string takes every write");
            }
            out.push_str(literal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_mark_is_found_again() {
        let mark = Mark { run: u64::MAX, number: 0, sent_ns: 123_456_789 };
        let mut body = String::new();
        Template::new(Template::PUBLISH, 40).unwrap().render(mark, &mut body);
        assert_eq!(Mark::find(body.as_bytes()), Some(mark));
        assert!(body.contains(&"x".repeat(40)));
    }

    #[test]
    fn garbled_marks_are_not_found() {
        for body in [
            "",
            "hookload.",
            "hookload.1.2.3",
            "hookload.1..3.",
            "hookload.1.x.3.",
            "hookload.1.2.99999999999999999999999.",
        ] {
            assert_eq!(Mark::find(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_template_without_mark_is_refused() {
        assert!(Template::new("{}", 0).is_err());
    }

    #[test]
    fn runs_differ() {
        assert_ne!(fresh_run(), fresh_run());
    }
}
