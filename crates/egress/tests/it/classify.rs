//! The address rules against a second implementation that shares nothing with the first: prefixes as strings of
//! bits, the longest match wins.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use postrider_egress::Policy;
use proptest::prelude::*;

/// `(prefix, open)`, the bits of an IPv4 address written out.
const V4: [(&str, bool); 20] = [
    ("", true),
    ("00000000", false),
    ("00001010", false),
    ("0110010001", false),
    ("01111111", false),
    ("10101000001111111000000100010000", false),
    ("1010100111111110", false),
    ("101011000001", false),
    ("110000000000000000000000", false),
    ("110000000000000000000010", false),
    ("110000000001111111000100", false),
    ("110000000011010011000001", false),
    ("110000000101100001100011", false),
    ("1100000010101000", false),
    ("110000001010111100110000", false),
    ("110001100001001", false),
    ("110001100011001101100100", false),
    ("110010110000000001110001", false),
    ("1110", false),
    ("1111", false),
];

/// The same for IPv6, in hexadecimal digits and a rest of bits.
const V6: [(&str, &str, bool); 7] = [
    ("", "", false),
    ("", "001", true),
    ("2001", "0000000", false),
    ("20010db8", "", false),
    ("2002", "", false),
    ("2620004f8000", "", false),
    ("3fff", "0000", false),
];

fn reference(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => reference_v4(address),
        IpAddr::V6(address) => {
            let digits: String = address.octets().iter().map(|octet| format!("{octet:02x}")).collect();
            if let Some(mapped) = digits.strip_prefix("00000000000000000000ffff") {
                return reference_v4(from_digits(mapped));
            }
            let tunnelled = &digits[16..24];
            if (tunnelled == "00005efe" || tunnelled == "02005efe")
                && !reference_v4(from_digits(&digits[24..]))
            {
                return false;
            }
            let bits = to_bits(&digits);
            let rules = V6.iter().map(|(digits, rest, open)| (to_bits(digits) + rest, *open));
            longest(&bits, rules)
        }
    }
}

fn reference_v4(address: Ipv4Addr) -> bool {
    let bits: String = address.octets().iter().map(|octet| format!("{octet:08b}")).collect();
    longest(&bits, V4.iter().map(|(prefix, open)| ((*prefix).to_owned(), *open)))
}

fn longest(bits: &str, rules: impl Iterator<Item = (String, bool)>) -> bool {
    let matching = rules.filter(|(prefix, _)| bits.starts_with(prefix.as_str()));
    matching.max_by_key(|(prefix, _)| prefix.len()).is_some_and(|(_, open)| open)
}

fn from_digits(digits: &str) -> Ipv4Addr {
    u32::from_str_radix(digits, 16).expect("eight digits").into()
}

fn to_bits(digits: &str) -> String {
    digits.chars().map(|digit| format!("{:04b}", digit.to_digit(16).expect("a hexadecimal digit"))).collect()
}

/// Addresses that begin like a rule, so that the edges are hit and not only the wide open space.
fn v4() -> impl Strategy<Value = Ipv4Addr> {
    (0..V4.len(), any::<u32>(), 0..3_i64).prop_map(|(rule, noise, edge)| {
        let prefix = V4[rule].0;
        let length = prefix.len() as u32;
        let start = u32::from_str_radix(&format!("{prefix:0<32}"), 2).expect("32 bits");
        let within = start | noise.checked_shr(length).unwrap_or(0);
        // One below and one above a range are where an off-by-one shows.
        match edge {
            0 => within,
            1 => start.wrapping_sub(1),
            _ => start.wrapping_add(1_u32.checked_shl(32 - length).unwrap_or(0)),
        }
        .into()
    })
}

fn v6() -> impl Strategy<Value = Ipv6Addr> {
    let near = (0..V6.len(), any::<u128>()).prop_map(|(rule, noise)| {
        let prefix = to_bits(V6[rule].0) + V6[rule].1;
        let start = u128::from_str_radix(&format!("{prefix:0<128}"), 2).expect("128 bits");
        Ipv6Addr::from(start | noise.checked_shr(prefix.len() as u32).unwrap_or(0))
    });
    let mapped = v4().prop_map(|address| address.to_ipv6_mapped());
    let isatap =
        (any::<u64>(), prop_oneof![Just(0_u128), Just(0x200)], v4()).prop_map(|(prefix, kind, v4)| {
            let prefix = u128::from(prefix >> 3 | 1 << 61) << 64;
            Ipv6Addr::from(prefix | kind << 48 | 0x5efe << 32 | u128::from(u32::from(v4)))
        });
    prop_oneof![near, mapped, isatap, any::<u128>().prop_map(Ipv6Addr::from)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn both_agree_on_v4(address in prop_oneof![v4(), any::<u32>().prop_map(Ipv4Addr::from)]) {
        let address = IpAddr::from(address);
        prop_assert_eq!(Policy::strict().permits(address), reference(address));
    }

    #[test]
    fn both_agree_on_v6(address in v6()) {
        let address = IpAddr::from(address);
        prop_assert_eq!(Policy::strict().permits(address), reference(address));
    }
}

/// The reference knows open addresses too: agreement on "all shut" would prove nothing.
#[test]
fn public_addresses_are_open() {
    for address in ["1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"] {
        let address = address.parse().unwrap();
        assert!(reference(address) && Policy::strict().permits(address), "{address}");
    }
}
