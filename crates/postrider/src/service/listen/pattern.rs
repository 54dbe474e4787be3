//! Names of event types with a star at their end.

/// Whether `name` is what `pattern` says: the same text, or what stands before a star at its end and anything behind it.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_end() {
        for (pattern, name, expected) in [
            ("invoice.paid", "invoice.paid", true),
            ("invoice.paid", "invoice.paid.late", false),
            ("invoice.*", "invoice.paid", true),
            ("invoice.*", "invoices", false),
            ("invoice*", "invoices", true),
            ("*", "", true),
            ("*", "push", true),
            ("in*ce", "invoice", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
