//! IPv4 addresses inside IPv6 addresses, where a gateway or tunnel would carry the packet on.
//!
//! The IPv4-mapped form is not here: the kernel dials it as IPv4, and it is folded before anything is judged.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv6Net;

/// Whether RFC 6052 defines where the IPv4 address sits for a prefix of this length.
pub(super) fn is_nat64_length(prefix_len: u8) -> bool {
    matches!(prefix_len, 32 | 40 | 48 | 56 | 64 | 96)
}

/// The IPv4 address that follows a NAT64 prefix; `prefix` must have one of the lengths above.
pub(super) fn in_nat64(address: Ipv6Addr, prefix: Ipv6Net) -> Ipv4Addr {
    let octets = address.octets();
    let mut found = [0; 4];
    // The ninth octet is reserved (RFC 6052 §2.2) and the IPv4 address continues behind it.
    let behind =
        octets.iter().enumerate().skip(usize::from(prefix.prefix_len() / 8)).filter(|(at, _)| *at != 8);
    for (into, (_, octet)) in found.iter_mut().zip(behind) {
        *into = *octet;
    }
    found.into()
}

/// The IPv4 address of an ISATAP interface identifier, which may appear under any prefix.
pub(super) fn in_isatap(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, _, _, _, 0 | 0x200, 0x5efe, high, low] = address.segments() else {
        return None;
    };
    Some(join(high, low))
}

/// Every IPv4 address that some transition mechanism would find in this address.
pub(super) fn in_tunnel(address: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let found = match address.segments() {
        // v4-compatible and SIIT; both NAT64 prefixes of the registry.
        [0, 0, 0, 0, 0 | 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        // 6to4.
        | [0x2002, high, low, ..] => [Some(join(high, low)), None],
        // Teredo carries its server plainly and its client inverted.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            [Some(join(high, low)), Some(join(!client_high, !client_low))]
        }
        _ => [None, None],
    };
    found.into_iter().flatten().chain(in_isatap(address))
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}
