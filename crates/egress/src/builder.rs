//! How a client is put together.

use std::sync::Arc;

use rustls::RootCertStore;

use crate::{Client, Dns, Limits, Policy, SystemDns, dial::Dialler, tls};

/// The parts of a client that may be replaced.
pub struct Builder {
    policy: Policy,
    dns: Arc<dyn Dns>,
    roots: Option<RootCertStore>,
    limits: Limits,
}

impl Builder {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { policy, dns: Arc::new(SystemDns::default()), roots: None, limits: Limits::default() }
    }

    /// Resolves names differently. Default: [`SystemDns`].
    #[must_use]
    pub fn dns(self, dns: impl Dns) -> Self {
        Self { dns: Arc::new(dns), ..self }
    }

    /// Trusts exactly these certificate authorities. Default: [`system_roots`](crate::system_roots).
    #[must_use]
    pub fn roots(self, roots: RootCertStore) -> Self {
        Self { roots: Some(roots), ..self }
    }

    /// Bounds the idle connections differently.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> Client {
        let roots = self.roots.unwrap_or_else(tls::system_roots);
        let dialler = Dialler { dns: self.dns, tls: tls::connector(roots) };
        Client::assemble(self.policy, dialler, self.limits)
    }
}
