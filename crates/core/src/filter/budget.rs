//! How much filters may look at, over all that they ask of one request.

use std::cell::Cell;

use crate::facts::Unclear;

/// Bytes that all matches of all filters may look at for one request, its items together.
const BYTES: usize = 32 * 1024 * 1024;

/// What is left of it. Each request has one; what it does not suffice for cannot be decided.
#[derive(Debug)]
pub struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(BYTES))
    }
}

impl Budget {
    /// Takes so many bytes from it, and fails once nothing is left.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Unclear> {
        self.0.set(self.0.get().saturating_sub(bytes));
        if self.0.get() == 0 { Err(Unclear) } else { Ok(()) }
    }
}
