//! Rows on their way: values that both engines can read and write, many of them at a time.

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// Rows of a batch, unless they are heavy.
const ROWS_MAX: usize = 4_000;
/// Bytes of a batch, but for its last row.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A value of a canonical column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    const fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Number(_) => 0,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// Where a row is in the sequence in which its database gives the rows of its kind.
pub(crate) type Key = Vec<Value>;

/// Rows of one kind: bounded in number, and in bytes.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) kind: Kind,
    /// Row after row.
    values: Vec<Value>,
    bytes: usize,
}

impl Batch {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self { kind, values: Vec::new(), bytes: 0 }
    }

    /// Adds a row, whose columns `read` gives by their places.
    pub(crate) fn push<E>(&mut self, read: impl Fn(usize) -> Result<Value, E>) -> Result<(), E> {
        for place in 0..self.width() {
            let value = read(place)?;
            self.bytes += value.bytes();
            self.values.push(value);
        }
        Ok(())
    }

    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, Value> {
        self.values.chunks_exact(self.width())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether it is time to send it on.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= BYTES_MAX || self.values.len() >= ROWS_MAX * self.width()
    }

    /// The values of these columns in the last row.
    pub(crate) fn last(&self, columns: &[&str]) -> Option<Key> {
        let (row, table) = (self.rows().next_back()?, self.kind.table());
        Some(columns.iter().map(|name| row[table.place_of(name)].clone()).collect())
    }

    fn width(&self) -> usize {
        self.kind.table().columns.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_bounded_in_rows_and_in_bytes() {
        let mut many = Batch::new(Kind::EventId);
        while !many.is_full() {
            many.push(|place| Ok::<_, ()>(Value::Number(place as i64))).unwrap();
        }
        assert_eq!(many.rows().len(), ROWS_MAX);
        assert_eq!(many.last(&["row", "app_row"]), Some(vec![Value::Number(2), Value::Number(0)]));

        let mut heavy = Batch::new(Kind::EventId);
        heavy.push(|_| Ok::<_, ()>(Value::Bytes(vec![0; BYTES_MAX / 3 + 1]))).unwrap();
        assert!(heavy.is_full());
    }
}
