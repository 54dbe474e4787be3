//! The resolver of this machine's configuration.

use std::{net::IpAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, ResolverOpts},
    net::NetError,
};
use parking_lot::Mutex;

use super::{Dns, DnsError, Resolving};

/// No answer is believed for longer, whatever its time to live says.
const MAX_POSITIVE_TTL: Duration = Duration::from_secs(5 * 60);
/// A name just created must work soon after.
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(30);
/// One try at one name server; the caller's budget allows for two.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
const CACHED_ANSWERS: u64 = 4096;

/// Resolves with the name servers of `/etc/resolv.conf`, caching by time to live, and `/etc/hosts`.
///
/// The configuration is read at the first lookup, so that a machine without one still starts, and is tried
/// again at every lookup until it can be read.
#[derive(Default)]
pub struct SystemDns {
    resolver: Mutex<Option<TokioResolver>>,
}

impl SystemDns {
    fn resolver(&self) -> Result<TokioResolver, DnsError> {
        let mut resolver = self.resolver.lock();
        if let Some(resolver) = &*resolver {
            return Ok(resolver.clone());
        }
        let built = build().map_err(|error| DnsError::Unavailable(error.into()))?;
        Ok(resolver.insert(built).clone())
    }
}

impl Dns for SystemDns {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            // With the trailing dot the name is absolute, and search domains do not apply.
            let found = self.resolver()?.lookup_ip(format!("{name}.")).await;
            match found {
                Ok(lookup) => Ok(lookup.iter().collect::<Vec<IpAddr>>()),
                Err(error) if error.is_no_records_found() => Err(DnsError::NotFound),
                Err(error) => Err(DnsError::Failed(error.into())),
            }
        })
    }
}

fn build() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    let options: &mut ResolverOpts = builder.options_mut();
    // Both families in parallel, IPv4 first: more machines can reach it.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = QUERY_TIMEOUT;
    options.attempts = 2;
    options.cache_size = CACHED_ANSWERS;
    options.positive_max_ttl = Some(MAX_POSITIVE_TTL);
    options.negative_max_ttl = Some(MAX_NEGATIVE_TTL);
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hosts_file_answers_without_a_name_server() {
        let found = SystemDns::default().resolve("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    }
}
