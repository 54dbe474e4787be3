//! Which addresses, names, ports and schemes may be reached.
//!
//! An address is judged after folding its IPv4-mapped spelling, in this order; the first rule that matches wins:
//!
//! 1. cloud metadata, plain or embedded in an IPv6 address: shut, whatever the operator allows;
//! 2. the operator's `deny`: shut;
//! 3. the operator's `allow`: open, and also for reserved names;
//! 4. special-purpose ranges, and for IPv6 everything outside global unicast: shut;
//! 5. the rest: open.

mod embedded;
mod names;
mod ports;
mod ranges;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Host;

use crate::{Refused, target::Origin};

/// The prefix of RFC 6052 that NAT64 gateways use unless they have their own.
pub const NAT64_WELL_KNOWN: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// What the operator may set. The default opens nothing beyond the public internet.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Ranges opened although they are not public. Metadata addresses inside them stay shut.
    pub allow: Vec<IpNet>,
    /// Ranges shut although they are public, for example the addresses of this installation.
    pub deny: Vec<IpNet>,
    /// Refuse plain `http`.
    pub https_only: bool,
    /// Allow port 443 only.
    pub strict_ports: bool,
    /// The NAT64 prefix of this network. Addresses inside are judged by the IPv4 address they embed; without
    /// it they are shut, because the gateway would lead to any IPv4 address.
    pub nat64: Option<Ipv6Net>,
}

/// The prefix length is not one of RFC 6052.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a NAT64 prefix has 32, 40, 48, 56, 64 or 96 bits, not {0}")]
pub struct InvalidNat64(pub u8);

/// The rules that a target, its name, and every address dialled for it must pass.
#[derive(Debug, Clone)]
pub struct Policy {
    settings: Settings,
}

/// What the rules say about one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// A public address.
    Public,
    /// Opened by the operator.
    Allowed,
    Shut,
}

impl Policy {
    /// Builds the policy from what the operator set.
    pub fn new(mut settings: Settings) -> Result<Self, InvalidNat64> {
        if let Some(prefix) = settings.nat64
            && !embedded::is_nat64_length(prefix.prefix_len())
        {
            return Err(InvalidNat64(prefix.prefix_len()));
        }
        for net in settings.allow.iter_mut().chain(&mut settings.deny) {
            *net = canonical(*net);
        }
        Ok(Self { settings })
    }

    /// Only the public internet.
    #[must_use]
    pub fn strict() -> Self {
        Self { settings: Settings::default() }
    }

    /// The public internet and this machine, for development.
    #[must_use]
    pub fn with_loopback() -> Self {
        let v4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        let v6 = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);
        Self { settings: Settings { allow: vec![v4.into(), v6.into()], ..Settings::default() } }
    }

    /// Whether this address may be dialled, for an ordinary name.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        self.judge(address) != Verdict::Shut
    }

    /// The rules that need no DNS: scheme, port, name or literal address.
    pub(crate) fn admit(&self, origin: &Origin) -> Result<(), Refused> {
        if self.settings.https_only && !origin.secure {
            return Err(Refused::HttpsRequired);
        }
        if !ports::permits(origin.port, self.settings.strict_ports) {
            return Err(Refused::Port(origin.port));
        }
        match origin.host {
            // Reserved names belong to the operator's own network: they mean something only where a part of
            // it was opened, and `vet` then holds their addresses to that part.
            Host::Domain(ref name) if names::is_reserved(name) && self.settings.allow.is_empty() => {
                Err(Refused::Name)
            }
            Host::Domain(_) => Ok(()),
            Host::Ipv4(address) => self.vet(origin, &[address.into()]),
            Host::Ipv6(address) => self.vet(origin, &[address.into()]),
        }
    }

    /// Judges what a host led to. One shut address refuses them all: a mixed answer is an attack or a mistake.
    pub(crate) fn vet(&self, origin: &Origin, addresses: &[IpAddr]) -> Result<(), Refused> {
        let reserved = matches!(&origin.host, Host::Domain(name) if names::is_reserved(name));
        let shut = addresses.iter().find(|address| match self.judge(**address) {
            Verdict::Shut => true,
            Verdict::Public => reserved,
            Verdict::Allowed => false,
        });
        match shut {
            None => Ok(()),
            Some(address) => {
                tracing::debug!(%address, "target refused");
                Err(Refused::Address)
            }
        }
    }

    fn judge(&self, address: IpAddr) -> Verdict {
        match address.to_canonical() {
            IpAddr::V4(address) => self.judge_v4(address),
            IpAddr::V6(address) => self.judge_v6(address),
        }
    }

    fn judge_v4(&self, address: Ipv4Addr) -> Verdict {
        if ranges::is_metadata_v4(address) {
            return Verdict::Shut;
        }
        self.asked(address.into()).unwrap_or_else(|| verdict(!ranges::is_special_v4(address)))
    }

    fn judge_v6(&self, address: Ipv6Addr) -> Verdict {
        if ranges::is_metadata_v6(address) || embedded::in_tunnel(address).any(ranges::is_metadata_v4) {
            return Verdict::Shut;
        }
        let nat64 = self.settings.nat64.filter(|prefix| prefix.contains(&address));
        if let Some(prefix) = nat64 {
            let denied = self.asked(address.into()) == Some(Verdict::Shut);
            return if denied { Verdict::Shut } else { self.judge_v4(embedded::in_nat64(address, prefix)) };
        }
        self.asked(address.into()).unwrap_or_else(|| {
            let isatap_shut =
                embedded::in_isatap(address).is_some_and(|v4| self.judge_v4(v4) == Verdict::Shut);
            verdict(ranges::is_global_v6(address) && !isatap_shut)
        })
    }

    /// What the operator says about an address, if anything; `deny` is stronger.
    fn asked(&self, address: IpAddr) -> Option<Verdict> {
        let within = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        if within(&self.settings.deny) {
            Some(Verdict::Shut)
        } else if within(&self.settings.allow) {
            Some(Verdict::Allowed)
        } else {
            None
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::strict()
    }
}

fn verdict(public: bool) -> Verdict {
    if public { Verdict::Public } else { Verdict::Shut }
}

/// Addresses are folded before they are judged, so a range in the mapped spelling would never match.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    match v6.addr().to_ipv4_mapped() {
        Some(address) if v6.prefix_len() >= 96 => Ipv4Net::new_assert(address, v6.prefix_len() - 96).into(),
        _ => net,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], deny: &[&str], nat64: Option<&str>) -> Policy {
        let nets = |list: &[&str]| list.iter().map(|net| net.parse().unwrap()).collect();
        Policy::new(Settings {
            allow: nets(allow),
            deny: nets(deny),
            nat64: nat64.map(|net| net.parse().unwrap()),
            ..Settings::default()
        })
        .unwrap()
    }

    fn permits(policy: &Policy, address: &str) -> bool {
        policy.permits(address.parse().unwrap())
    }

    #[test]
    fn metadata_stays_shut_inside_an_allowed_range() {
        let open = policy(&["0.0.0.0/0", "::/0"], &[], Some("64:ff9b::/96"));
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fe80::a9fe:a9fe",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::",
            "2001:0:a9fe:a9fe::1",
            "2001:0:808:808:0:0:5601:5601",
            "2600:1::5efe:169.254.169.254",
        ] {
            assert!(!permits(&open, address), "{address}");
        }
        assert!(permits(&open, "10.0.0.1") && permits(&open, "fd00::1"));
    }

    #[test]
    fn deny_is_stronger_than_allow_in_every_spelling() {
        let policy =
            policy(&["10.0.0.0/8", "::ffff:192.168.0.0/120"], &["::ffff:10.9.0.0/112", "8.8.8.0/24"], None);
        assert!(permits(&policy, "10.1.0.1") && permits(&policy, "::ffff:10.1.0.1"));
        assert!(permits(&policy, "192.168.0.7") && !permits(&policy, "192.168.1.7"));
        assert!(!permits(&policy, "10.9.0.1") && !permits(&policy, "::ffff:10.9.0.1"));
        assert!(!permits(&policy, "8.8.8.8") && permits(&policy, "8.8.4.4"));
    }

    #[test]
    fn nat64_judges_the_address_behind_the_gateway() {
        let closed = Policy::strict();
        assert!(!permits(&closed, "64:ff9b::8.8.8.8"));

        let known = policy(&[], &["8.8.4.4/32"], Some("64:ff9b::/96"));
        assert!(permits(&known, "64:ff9b::8.8.8.8"));
        assert!(!permits(&known, "64:ff9b::8.8.4.4"));
        assert!(!permits(&known, "64:ff9b::10.0.0.1"));
        assert!(!permits(&known, "64:ff9b::127.0.0.1"));

        // The example addresses of RFC 6052 §2.4 for 192.0.2.33, a documentation address.
        for (prefix, shut) in [
            ("2001:db8::/32", "2001:db8:c000:221::"),
            ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
            ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
        ] {
            let strict = policy(&[], &[], Some(prefix));
            assert!(!permits(&strict, shut), "{prefix}");
            let opened = policy(&["192.0.2.33/32"], &[], Some(prefix));
            assert!(permits(&opened, shut), "{prefix}");
        }
    }

    #[test]
    fn reserved_names_are_held_to_the_opened_ranges() {
        let policy = policy(&["10.0.0.0/8"], &[], None);
        let vet = |url: &str, addresses: &[&str]| {
            let target = crate::Target::parse(url, &policy).unwrap();
            let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            policy.vet(target.origin(), &addresses)
        };
        assert_eq!(vet("http://hooks.internal/", &["10.1.2.3"]), Ok(()));
        assert_eq!(vet("http://hooks.internal/", &["10.1.2.3", "8.8.8.8"]), Err(Refused::Address));
        assert_eq!(vet("http://hooks.example/", &["10.1.2.3", "8.8.8.8"]), Ok(()));
        assert_eq!(vet("http://hooks.example/", &["10.1.2.3", "192.168.0.1"]), Err(Refused::Address));
    }

    #[test]
    fn nat64_prefixes_have_six_lengths() {
        let settings = Settings { nat64: Some("64:ff9b::/95".parse().unwrap()), ..Settings::default() };
        assert_eq!(Policy::new(settings).unwrap_err(), InvalidNat64(95));
    }
}
