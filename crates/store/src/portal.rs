//! What the verbs of portal sessions take.
//!
//! A session is a key of one application with some rights, and it ends by itself. It comes with a link, whose one-time key
//! can be exchanged once for a session of its own: the token that the operator's server got never has to leave it.

use postrider_core::id::KeyId;
use postrider_core::key::{Key, TokenHash};
use postrider_core::time::Timestamp;

/// A session to be made, whose key is of the application that the scope names.
#[derive(Debug, Clone)]
pub struct NewPortalSession {
    /// The key, which has an end.
    pub key: Key,
    /// Of its token.
    pub hash: TokenHash,
    /// Of the one-time key.
    pub link: TokenHash,
    /// Until when that can be used.
    pub link_expires_at: Timestamp,
}

/// A one-time key that is exchanged for a session with the same rights and the same end.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Of the one-time key.
    pub link: TokenHash,
    /// The id of the new session.
    pub id: KeyId,
    /// Of its token.
    pub hash: TokenHash,
    /// The beginning of its token.
    pub hint: String,
    /// When it is used.
    pub now: Timestamp,
}

/// Which sessions of an application end, and when.
#[derive(Debug, Clone)]
pub struct Expiry {
    /// Those with these names; `None` means all.
    pub sessions: Option<Vec<String>>,
    /// When, if they do not end before.
    pub at: Timestamp,
}
