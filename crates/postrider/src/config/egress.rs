//! Where deliveries may go.

use ipnet::{IpNet, Ipv6Net};
use postrider_egress::{InvalidNat64, Policy, Settings};

use super::section::section;

section! {
    /// Where deliveries may go. By default only to public addresses; cloud metadata services stay shut whatever is
    /// opened here.
    Egress at "egress" {
        /// Networks that may be reached although they are not public, such as `["10.1.0.0/16"]`.
        allow: Vec<IpNet> = Vec::new(),
        /// Networks that may not be reached although they are public, such as this installation's own addresses.
        deny: Vec<IpNet> = Vec::new(),
        /// Refuse endpoints with `http` URLs.
        https_only: bool = false,
        /// Refuse endpoints with a port other than 443.
        strict_ports: bool = false,
        /// The NAT64 prefix of this network, if it has one. Addresses in it are judged by the IPv4 address inside.
        nat64: Option<Ipv6Net> = None,
        /// Connections to one host and port at once, at least 1, however many applications and endpoints name it.
        /// Attempts beyond that wait for their turn, within their deadline.
        host_connections: usize = 256,
    }
}

impl Egress {
    /// The rules that deliveries are held to.
    pub fn policy(&self) -> Result<Policy, InvalidNat64> {
        Policy::new(Settings {
            allow: self.allow.clone(),
            deny: self.deny.clone(),
            https_only: self.https_only,
            strict_ports: self.strict_ports,
            nat64: self.nat64,
        })
    }
}
