//! Ports that a webhook may be sent to.

/// Services that are not web servers, or that hand out control over a machine to whoever posts to them.
const SHUT: [u16; 26] = [
    1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 4369, 5432, 5672, 5984, 6379, 6443, 6667, 7001, 8500,
    9042, 9092, 9200, 9300, 10250, 11211, 15672, 27017, 50070,
];

/// Below 1024 only the two ports of the web are open.
pub(super) fn permits(port: u16, strict: bool) -> bool {
    match port {
        443 => true,
        _ if strict => false,
        80 => true,
        0..1024 => false,
        _ => !SHUT.contains(&port),
    }
}

#[cfg(test)]
mod tests {
    use super::permits;

    #[test]
    fn web_ports_only() {
        for port in [80, 443, 1024, 3000, 8080, 8443, 65535] {
            assert!(permits(port, false), "{port}");
            assert_eq!(permits(port, true), port == 443, "{port}");
        }
        for port in [0, 21, 22, 23, 25, 53, 465, 587, 1023, 3306, 5432, 6379, 9200, 10250, 50070] {
            assert!(!permits(port, false) && !permits(port, true), "{port}");
        }
    }
}
