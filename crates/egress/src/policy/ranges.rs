//! The special-purpose ranges, as the IANA registries list them, and the addresses of cloud metadata services.
//!
//! IPv6 is denied by default: only global unicast (`2000::/3`) is open, less the ranges carved out of it. That
//! covers loopback, unspecified, v4-compatible, SIIT, NAT64, discard-only, segment routing, unique local,
//! link-local, site-local and multicast without listing them.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Open to no policy: whoever reaches these holds the credentials of the machine.
const METADATA_V4: [Ipv4Net; 4] = [
    v4(169, 254, 0, 0, 16),     // the link-local services of nearly every cloud
    v4(100, 100, 100, 200, 32), // Alibaba
    v4(168, 63, 129, 16, 32),   // Azure; a public address
    v4(192, 0, 0, 192, 32),     // Oracle
];

/// The same, over IPv6.
const METADATA_V6: [Ipv6Net; 4] = [
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), // AWS instance metadata
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128),  // AWS pod identity
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),  // Google
    v6([0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe], 128), // OpenStack
];

const SPECIAL_V4: [Ipv4Net; 18] = [
    v4(0, 0, 0, 0, 8),       // this network; 0.0.0.0 reaches loopback on Linux
    v4(10, 0, 0, 0, 8),      // private
    v4(100, 64, 0, 0, 10),   // carrier-grade NAT
    v4(127, 0, 0, 0, 8),     // loopback
    v4(169, 254, 0, 0, 16),  // link-local
    v4(172, 16, 0, 0, 12),   // private
    v4(192, 0, 0, 0, 24),    // IETF protocol assignments
    v4(192, 0, 2, 0, 24),    // documentation
    v4(192, 31, 196, 0, 24), // AS112
    v4(192, 52, 193, 0, 24), // automatic multicast tunnelling
    v4(192, 88, 99, 0, 24),  // 6to4 relay anycast
    v4(192, 168, 0, 0, 16),  // private
    v4(192, 175, 48, 0, 24), // AS112 direct delegation
    v4(198, 18, 0, 0, 15),   // benchmarking
    v4(198, 51, 100, 0, 24), // documentation
    v4(203, 0, 113, 0, 24),  // documentation
    v4(224, 0, 0, 0, 4),     // multicast
    v4(240, 0, 0, 0, 4),     // reserved, and broadcast
];

const GLOBAL_UNICAST_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

const SPECIAL_V6: [Ipv6Net; 5] = [
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // IETF protocol assignments: Teredo, ORCHID, benchmarking …
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), // AS112 direct delegation
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

pub(super) fn is_metadata_v4(address: Ipv4Addr) -> bool {
    METADATA_V4.iter().any(|net| net.contains(&address))
}

pub(super) fn is_metadata_v6(address: Ipv6Addr) -> bool {
    METADATA_V6.iter().any(|net| net.contains(&address))
}

pub(super) fn is_special_v4(address: Ipv4Addr) -> bool {
    SPECIAL_V4.iter().any(|net| net.contains(&address))
}

pub(super) fn is_global_v6(address: Ipv6Addr) -> bool {
    GLOBAL_UNICAST_V6.contains(&address) && !SPECIAL_V6.iter().any(|net| net.contains(&address))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}
