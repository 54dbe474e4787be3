//! What this binary is.

/// The version of the release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from; empty where the build did not say (`POSTRIDER_COMMIT`).
pub const COMMIT: &str = match option_env!("POSTRIDER_COMMIT") {
    Some(commit) => commit,
    None => "",
};

/// Version and commit, for people.
#[must_use]
pub fn long_version() -> String {
    if COMMIT.is_empty() { VERSION.to_owned() } else { format!("{VERSION} ({COMMIT})") }
}
