//! Room on the disk.
//!
//! A full disk is met twice. Before it is full, a watch on the free space stops what brings new data, so that outcomes
//! can still be recorded and retention can make room. And where something else fills the disk to the last byte, a ballast
//! file gives the writer enough room to record what is in flight.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::health::Status;
use super::ticker::Ticker;

const EVERY: Duration = Duration::from_millis(200);
const BALLAST_BYTES: u64 = 16 * 1024 * 1024;

/// The file that is given up when the disk is full.
pub(super) struct Ballast {
    path: PathBuf,
    /// Free bytes below which nothing new is accepted; 0 means that there is neither limit nor ballast.
    min_free: u64,
}

impl Ballast {
    pub(super) fn new(data_dir: &std::path::Path, min_free: u64) -> Self {
        Self { path: data_dir.join("ballast"), min_free }
    }

    /// Gives its room up. `false` when it had none.
    pub(super) fn free(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }

    /// Takes the room again if there is plenty.
    fn restore(&self, available: u64) {
        if self.min_free == 0
            || available < self.min_free.saturating_add(2 * BALLAST_BYTES)
            || self.path.exists()
        {
            return;
        }
        if let Err(error) = self.fill() {
            tracing::warn!(error = %error, "failed to write the ballast file");
            self.free();
        }
    }

    /// Writes real bytes: some file systems give no room for a hole.
    fn fill(&self) -> io::Result<()> {
        let mut file = File::create(&self.path)?;
        let chunk = vec![0x5a; 1024 * 1024];
        for _ in 0..BALLAST_BYTES / chunk.len() as u64 {
            file.write_all(&chunk)?;
        }
        file.sync_all()
    }

    fn available(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(self.path.parent().unwrap_or(&self.path))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn check(&self, status: &Status) {
        match self.available() {
            // Where the writer met a full disk without a limit, it is let try again with every look.
            Ok(available) => {
                status.set_full(available < self.min_free);
                self.restore(available);
            }
            Err(error) => tracing::warn!(error = %error, "failed to ask for the free space"),
        }
    }
}

/// Watches the free space until the ticker stops.
pub(super) fn watch(ballast: &Arc<Ballast>, status: &Arc<Status>, ticker: &Ticker) {
    loop {
        ballast.check(status);
        if !ticker.wait(EVERY) {
            return;
        }
    }
}
