//! What listeners say back.

use std::fmt::Write as _;

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_store::listen::{GroupKey, MemberKey};

use super::Error;
use crate::context::Context;
use crate::service::fields::{Checks, InvalidFields};

/// Bytes of an answer's body that goes back to a provider.
const ANSWER_BYTES: usize = 64 * 1024;
/// Headers of an answer.
const ANSWER_HEADERS: usize = 64;
/// What the name of a listener begins with.
const PREFIX: &str = "lsn_";

/// A listener: the name of one connection, by which its acknowledgements are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// Who.
    pub member: MemberKey,
    /// Where it is a member.
    pub group: Option<GroupKey>,
}

/// What became of a message at a listener.
#[derive(Debug, Clone)]
pub struct Ack {
    /// Whose.
    pub listener: Listener,
    /// Which.
    pub message: MessageId,
    /// Whether it is done: it will not be given to another of the group.
    pub done: bool,
    /// What answered there.
    pub answer: Option<LocalAnswer>,
}

/// An answer at the listener's.
#[derive(Debug, Clone)]
pub struct LocalAnswer {
    /// The status.
    pub status: u16,
    /// Headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// Takes an acknowledgement. Says whether a provider got the answer.
pub async fn ack(context: &Context, identity: Identity, ack: Ack) -> Result<bool, Error> {
    let scope = identity.environment(Right::Send)?;
    if let Some(answer) = &ack.answer {
        check(answer)?;
    }
    if let (true, Some(group)) = (ack.done, ack.listener.group) {
        context.store.finish_in_group(scope, group, ack.message).await?;
        context.listeners.acknowledged(ack.listener.member);
    }
    if let Some(answer) = ack.answer {
        return Ok(context.listeners.answer(scope.environment(), ack.message, answer));
    }
    context.listeners.no_answer(scope.environment(), ack.message);
    Ok(false)
}

fn check(answer: &LocalAnswer) -> Result<(), InvalidFields> {
    let mut checks = Checks::default();
    if !(200..=599).contains(&answer.status) {
        checks.check::<()>("status", Err(Invalid::value("must be from 200 to 599")));
    }
    if answer.headers.len() > ANSWER_HEADERS {
        checks.check::<()>("headers", Err(Invalid::too_long(format!("at most {ANSWER_HEADERS} headers"))));
    }
    if answer.body.len() > ANSWER_BYTES {
        let message = format!("must have at most {ANSWER_BYTES} bytes");
        checks.check::<()>("bodyBase64", Err(Invalid::too_long(message)));
    }
    checks.finish()
}

impl Listener {
    /// Its name as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = PREFIX.to_owned();
        let bytes = self.member.0.iter().chain(self.group.iter().flat_map(|group| &group.0));
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// The listener that `text` names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let (member, group) = digits.split_at_checked(32)?;
        let group = if group.is_empty() { None } else { Some(GroupKey(bytes(group)?)) };
        Some(Self { member: MemberKey(bytes(member)?), group })
    }
}

/// The 16 bytes of 32 hexadecimal digits.
fn bytes(digits: &str) -> Option<[u8; 16]> {
    let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(digits, 16).ok()).flatten().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listeners_name_is_read_back_and_nothing_else_is() {
        for group in [None, Some(GroupKey([0xab; 16]))] {
            let listener = Listener { member: MemberKey([7; 16]), group };
            assert_eq!(Listener::parse(&listener.text()), Some(listener));
        }
        let digits = "0".repeat(32);
        for text in
            ["", "lsn_", "lsn_07", &digits, &format!("lsn_{digits}0"), &format!("lsn_+{}", "0".repeat(31))]
        {
            assert_eq!(Listener::parse(text), None, "{text}");
        }
    }
}
