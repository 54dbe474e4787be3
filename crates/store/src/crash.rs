//! Named places where a test can end the process, to prove what the next one finds.
//!
//! With the feature `crash-points`, `POSTRIDER_CRASH_AT=name` aborts the process when it first passes
//! `point("name")`, and `POSTRIDER_CRASH_AT=name:7` when it passes it for the seventh time. Without the feature a point
//! is nothing at all. The names are part of the tests' vocabulary: `accept.before_commit`, `settle.before_commit`,
//! `commit.before`, `commit.after`, `sync.after`, `checkpoint.during`, `retain.batch`, `fold.pass`, `tally.written`, `migrate.step`, `backup.pages`, `close.before`,
//! `transfer.batch`, `transfer.written`, `transfer.copied`, `transfer.compared`, `transfer.marked`.

/// Ends the process here if a test asked for it.
#[cfg(feature = "crash-points")]
pub(crate) fn point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PLAN: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    let plan = PLAN.get_or_init(|| {
        let text = std::env::var("POSTRIDER_CRASH_AT").ok()?;
        let (name, passing) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), AtomicU64::new(passing.parse().expect("POSTRIDER_CRASH_AT ends in a number"))))
    });
    if let Some((planned, left)) = plan
        && planned == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        eprintln!("crash point {name}");
        std::process::abort();
    }
}

/// Ends the process here if a test asked for it; nothing in this build.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub(crate) const fn point(_name: &'static str) {}
