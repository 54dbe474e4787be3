//! Tools that a test needs and that a machine may lack.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The path of `name` in the folder of test tools (`POSTRIDER_TEST_TOOLS`, from the workspace's root), or `None` after
/// saying that the test was skipped. Under `CI` a missing tool is a failure: there, skipping would go unseen.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("POSTRIDER_TEST_TOOLS").unwrap_or_else(|| "target/test-tools".into());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(home).join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("there is no {}; `cargo xtask test` installs it", path.display()));
    None
}

/// Says that the running test was skipped, and why: to people, and to whoever counts (`POSTRIDER_TEST_SKIPS`).
pub(crate) fn skip(reason: &str) {
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_ci, "not skipped under CI: {reason}");
    // Past the capture of the test runner, which shows nothing of tests that pass.
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("{test}: {reason}\n");
    let _ = std::io::stderr().write_all(format!("skipped: {line}").as_bytes());
    if let Some(file) = std::env::var_os("POSTRIDER_TEST_SKIPS") {
        // One write, so that tests which are skipped at the same moment do not mix.
        File::options().append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
    }
}
