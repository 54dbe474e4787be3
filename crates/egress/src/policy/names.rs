//! Names that only mean something inside a network.
//!
//! The belt to the braces of the address rules: these never reach a resolver, unless the operator opened ranges.

/// Suffixes that are reserved, or widely used, for private networks.
const SUFFIXES: [&str; 9] =
    ["localhost", "local", "internal", "svc", "cluster.local", "home.arpa", "lan", "corp", "intranet"];

/// Whether a lower-case name without its trailing dot is reserved. A single label always is: resolvers expand
/// it with the search domains of the machine.
pub(super) fn is_reserved(name: &str) -> bool {
    !name.contains('.') || SUFFIXES.iter().any(|suffix| is_below(name, suffix))
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::is_reserved;

    #[test]
    fn reserved_names() {
        for name in [
            "localhost",
            "foo.localhost",
            "printer.local",
            "metadata.google.internal",
            "kubernetes.default.svc",
            "a.b.svc.cluster.local",
            "nas.home.arpa",
            "home.arpa",
            "router.lan",
            "wiki.corp",
            "backend",
            "instance-data",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in
            ["example.com", "notlocalhost.com", "corp.example.com", "mylan.io", "xlocal.de", "arpa.com"]
        {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
