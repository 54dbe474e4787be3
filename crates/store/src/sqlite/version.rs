//! Which SQLite this program was built with, and whether it may be trusted.

/// The oldest version that may be used: before it, a checkpoint could lose commits.
pub const VERSION_MIN: &str = "3.51.3";
/// The same as SQLite counts: major, minor and patch, three digits each.
const NUMBER_MIN: i32 = 3_051_003;

/// The version of SQLite in this program.
#[must_use]
pub fn version() -> &'static str {
    rusqlite::version()
}

/// Whether that is at least [`VERSION_MIN`]. A store does not open with an older one.
#[must_use]
pub fn is_safe() -> bool {
    rusqlite::version_number() >= NUMBER_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_oldest_version_are_the_same() {
        let number = VERSION_MIN.split('.').fold(0, |sum, part| sum * 1_000 + part.parse::<i32>().unwrap());
        assert_eq!(number, NUMBER_MIN);
    }

    #[test]
    fn the_version_that_is_built_in_is_safe() {
        assert!(is_safe(), "{}", version());
    }
}
