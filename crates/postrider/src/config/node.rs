//! This server among those that share a PostgreSQL database.

use super::roles::Roles;
use super::section::section;

section! {
    /// This server among those that share a PostgreSQL database.
    Node at "node" {
        /// What it is called where nodes are listed. Without it, the name of the host.
        name: Option<String> = None,
        /// What it does: `api` serves the API, `dispatch` sends to its share of the endpoints. A server without `api` serves
        /// `/healthz`, `/readyz` and `/metrics` only. At least one server must have each role, and with SQLite the only one
        /// has both.
        roles: Roles = Roles::ALL,
    }
}

/// Where Linux tells the name of the host.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

impl Node {
    /// The configured name, else that of the host.
    #[must_use]
    pub fn name(&self) -> String {
        let host = || std::fs::read_to_string(HOST_NAME).ok().map(|text| text.trim().to_owned());
        let name = self.name.clone().or_else(host).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| "postrider".to_owned())
    }
}
