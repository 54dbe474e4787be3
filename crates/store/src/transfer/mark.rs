//! What a database says of a move that it takes part in, and why it is not served meanwhile.
//!
//! The mark is a row of the table `meta`. Where rows arrive it is written in the transaction of each batch, and says
//! which row was the last: whoever goes on after a crash begins behind that one.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::value::Key;

/// The row of `meta` that holds the mark.
pub(crate) const NAME: &str = "transfer";

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Mark {
    /// An installation is being moved into this database.
    Arriving { from: Origin, position: Position },
    /// The installation was moved from this database.
    Gone { place: String, to: String },
}

/// The installation that is being moved, and as of when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// Where it is, for people.
    pub(crate) place: String,
    #[serde(flatten)]
    pub(crate) state: State,
}

/// Which installation a database holds, and how often it was opened. Between two looks with the same answer nobody
/// served it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) installation: String,
    pub(crate) openings: i64,
}

/// How far a move has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Position {
    /// Everything before this kind is there, and of this one the rows up to the key.
    Copying { kind: Kind, after: Option<Key> },
    /// Everything is there and has to be compared.
    Copied,
    /// It is not what it should be: it must be emptied.
    Spoilt,
}

impl State {
    /// Of a database with this sealed value, which no other installation has.
    pub(crate) fn of(seal_check: &[u8], openings: i64) -> Self {
        let hash = digest(&SHA256, seal_check);
        let head = hash.as_ref().first_chunk().expect("a SHA-256 has 32 bytes");
        Self { installation: format!("{:016x}", u64::from_be_bytes(*head)), openings }
    }
}

impl Mark {
    pub(crate) fn read(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("it has no keys but strings")
    }
}

/// Why a database cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unserved {
    /// It was moved away.
    #[error(
        "serve a database that was moved to {to}; to go back to it, and leave behind what the other one has \
         accepted since: `postrider migrate-store --undo {place}`"
    )]
    Gone {
        /// What it is called itself.
        place: String,
        /// Where everything is now.
        to: String,
    },
    /// It is not complete yet.
    #[error(
        "serve a database that is not complete yet: `postrider migrate-store` is moving everything into it from \
         {from}; if that was interrupted, the same command goes on"
    )]
    Arriving {
        /// Where everything still is.
        from: String,
    },
}

impl From<Mark> for Unserved {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Gone { place, to } => Self::Gone { place, to },
            Mark::Arriving { from, .. } => Self::Arriving { from: from.place },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::value::Value;

    #[test]
    fn marks_are_read_as_they_were_written() {
        let state = State { installation: "00ff".into(), openings: 7 };
        let from = Origin { place: "sqlite://data".into(), state };
        let after = Some(vec![Value::Number(-1), Value::Bytes(vec![0, 255]), Value::Text("é".into())]);
        for mark in [
            Mark::Gone { place: "a".into(), to: "b".into() },
            Mark::Arriving { from: from.clone(), position: Position::Copied },
            Mark::Arriving { from, position: Position::Copying { kind: Kind::Answer, after } },
        ] {
            assert_eq!(Mark::read(mark.text().as_bytes()).unwrap(), mark);
        }
    }
}
