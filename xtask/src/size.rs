//! The size of the release binary.

use std::fs;

use anyhow::{Context as _, Result};

use crate::workspace::target;

/// What the binary may weigh: 60 MB, so that it can be carried anywhere.
const BUDGET: u64 = 60_000_000;

/// Prints the size. Building takes minutes, so that is left to whoever asks.
pub(crate) fn print() -> Result<()> {
    let path = target().join("release/postrider");
    let bytes = fs::metadata(&path)
        .with_context(|| format!("find {}: run `cargo build --release` first", path.display()))?
        .len();
    println!("{:.1} MB of at most {} MB: {}", bytes as f64 / 1e6, BUDGET / 1_000_000, path.display());
    Ok(())
}
