//! What clients may do to the listener.

use std::time::Duration;

use ipnet::IpNet;

use super::amount::Size;
use super::section::section;

section! {
    /// What clients may do to the listener.
    Server at "server" {
        /// Connections held at once. Further ones wait in the system's listen queue.
        max_connections: usize = 4096,
        /// Connections held at once from one address (an IPv6 /64 counts as one); further ones are closed. 0
        /// switches it off, as behind a proxy. Loopback is exempt.
        max_connections_per_ip: usize = 256,
        /// Networks of proxies that are trusted to say in `x-forwarded-for` on whose behalf they ask. Limits of sign-in, the
        /// audit log and the list of sessions then know the client instead of the proxy. Whoever else is in one of them
        /// can pass for anybody: name the proxies themselves.
        trusted_proxies: Vec<IpNet> = Vec::new(),
        /// How long the head of a request may take from its first byte to its last; then 408.
        header_timeout: Duration = Duration::from_secs(5),
        /// How long a connection may wait for its next request, or for its client to read the answer.
        idle_timeout: Duration = Duration::from_secs(60),
        /// Memory for the bodies of all requests under way, beyond which callers get 429. Bodies above 64 KiB may have
        /// half of it.
        body_memory: Size = Size::mebibytes(256),
        /// The longest that a stopping server takes: 10 s of it for requests under way, 20 s for deliveries under
        /// way, and the rest for closing the database.
        shutdown_grace: Duration = Duration::from_secs(25),
    }
}
