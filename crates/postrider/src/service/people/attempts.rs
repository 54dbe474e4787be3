//! Against those who guess: who was wrong too often waits, longer each time.
//!
//! Attempts are counted by account and by network, in memory and on each node by itself. An attempt counts before it is
//! judged, so that many at once gain nothing; a right one is taken back. An account may be one that does not exist: that
//! must not be found out here either. Waits are short enough that whoever keeps an account busy on purpose only annoys
//! its owner, who can also come by the identity provider or a link.

use std::net::IpAddr;
use std::time::Duration;

use postrider_core::time::Timestamp;
use quick_cache::sync::Cache;

/// Accounts and networks that are remembered.
const REMEMBERED: usize = 20_000;
/// Nothing is known any more of who did nothing for this long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// How many attempts are free, and how long the wait can become after that.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    free: u32,
    longest: Duration,
}

const ACCOUNT: Allowance = Allowance { free: 5, longest: Duration::from_secs(300) };
/// A proxy that is not trusted to say for whom it asks makes all people come from one address.
const NETWORK: Allowance = Allowance { free: 50, longest: Duration::from_secs(30) };

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    Account(String),
    Network(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Record {
    attempts: u32,
    last: Timestamp,
}

/// See the module's documentation.
pub(super) struct Attempts {
    records: Cache<Counted, Record>,
    // Looking and counting are one step.
    turn: parking_lot::Mutex<()>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { records: Cache::new(REMEMBERED), turn: parking_lot::Mutex::new(()) }
    }
}

impl Attempts {
    /// Counts an attempt, or says after which time there may be another one.
    pub(super) fn begin(
        &self,
        account: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        self.count(counted(account, address), now)
    }

    /// Counts an attempt whose account only an identity provider knows.
    pub(super) fn begin_elsewhere(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        self.count(of_network(address).into_iter().collect(), now)
    }

    fn count(&self, counted: Vec<(Counted, Allowance)>, now: Timestamp) -> Result<(), Duration> {
        let _turn = self.turn.lock();
        let wait = counted.iter().map(|(key, allowance)| self.wait(key, *allowance, now)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        for (key, _) in counted {
            let attempts = self.attempts(&key, now).map_or(0, |record| record.attempts);
            self.records.insert(key, Record { attempts: attempts.saturating_add(1), last: now });
        }
        Ok(())
    }

    /// Takes back an attempt that was right: it clears the account, and its own count of the network, which may have
    /// guessed at others.
    pub(super) fn succeeded(&self, account: &str, address: Option<IpAddr>, now: Timestamp) {
        self.take_back(counted(account, address), now);
    }

    /// Takes back an attempt that the identity provider has vouched for.
    pub(super) fn succeeded_elsewhere(&self, address: Option<IpAddr>, now: Timestamp) {
        self.take_back(of_network(address).into_iter().collect(), now);
    }

    fn take_back(&self, counted: Vec<(Counted, Allowance)>, now: Timestamp) {
        let _turn = self.turn.lock();
        for (key, _) in counted {
            let record = match &key {
                Counted::Account(_) => None,
                Counted::Network(_) => self.attempts(&key, now),
            };
            match record.filter(|record| record.attempts > 1) {
                Some(record) => {
                    self.records.insert(key, Record { attempts: record.attempts - 1, ..record });
                }
                None => {
                    self.records.remove(&key);
                }
            }
        }
    }

    fn attempts(&self, key: &Counted, now: Timestamp) -> Option<Record> {
        self.records.get(key).filter(|record| now < record.last.after(FORGOTTEN_AFTER))
    }

    fn wait(&self, key: &Counted, allowance: Allowance, now: Timestamp) -> Duration {
        let Some(record) = self.attempts(key, now) else { return Duration::ZERO };
        let Some(beyond) = record.attempts.checked_sub(allowance.free) else { return Duration::ZERO };
        let wait = Duration::from_secs(1 << beyond.min(20)).min(allowance.longest);
        record.last.after(wait).since(now)
    }
}

fn counted(account: &str, address: Option<IpAddr>) -> Vec<(Counted, Allowance)> {
    let account = (Counted::Account(account.to_owned()), ACCOUNT);
    [Some(account), of_network(address)].into_iter().flatten().collect()
}

fn of_network(address: Option<IpAddr>) -> Option<(Counted, Allowance)> {
    address.map(|address| (Counted::Network(network(address)), NETWORK))
}

/// One host of IPv4, or what one customer has of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn after(seconds: u64) -> Timestamp {
        START.after(Duration::from_secs(seconds))
    }

    #[test]
    fn waits_double_up_to_a_ceiling() {
        let attempts = Attempts::default();
        for _ in 0..ACCOUNT.free {
            attempts.begin("ada", None, START).unwrap();
        }
        let mut now = START;
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let wait = attempts.begin("ada", None, now).unwrap_err();
            assert_eq!(wait, Duration::from_secs(expected));
            assert!(attempts.begin("ada", None, now.after(wait).before(Duration::from_micros(1))).is_err());
            attempts.begin("bob", None, START).ok();
            now = now.after(wait);
            attempts.begin("ada", None, now).unwrap();
        }
        assert!(attempts.begin("eve", None, now).is_ok(), "others do not wait");
        assert!(attempts.begin("ada", None, now.after(FORGOTTEN_AFTER)).is_ok());
    }

    #[test]
    fn a_right_password_clears_the_account_and_not_the_network() {
        let attempts = Attempts::default();
        let address = Some("192.0.2.1".parse().unwrap());
        for account in 0..NETWORK.free {
            attempts.begin(&format!("person {account}"), address, START).unwrap();
        }
        assert_eq!(attempts.begin("own", address, START), Err(Duration::from_secs(1)));
        attempts.begin("own", address, after(1)).unwrap();
        attempts.succeeded("own", address, after(1));
        assert_eq!(attempts.begin("own", address, after(1)), Err(Duration::from_secs(1)), "as before");
        assert!(attempts.begin("own", Some("192.0.2.2".parse().unwrap()), after(1)).is_ok());

        for _ in 1..ACCOUNT.free {
            attempts.begin("ada", None, START).unwrap();
        }
        attempts.succeeded("ada", None, START);
        for _ in 0..ACCOUNT.free {
            attempts.begin("ada", None, START).unwrap();
        }
        assert!(attempts.begin("ada", None, START).is_err());
    }

    #[test]
    fn attempts_elsewhere_count_for_the_network_alone() {
        let attempts = Attempts::default();
        let address = Some("192.0.2.1".parse().unwrap());
        for _ in 0..NETWORK.free {
            attempts.begin_elsewhere(address, START).unwrap();
        }
        assert_eq!(attempts.begin_elsewhere(address, START), Err(Duration::from_secs(1)));
        assert!(attempts.begin("ada", address, START).is_err(), "a password is an attempt, too");
        attempts.succeeded_elsewhere(address, START);
        attempts.begin_elsewhere(address, START).unwrap();
        assert!(attempts.begin_elsewhere(Some("192.0.2.2".parse().unwrap()), START).is_ok());
    }

    #[test]
    fn spellings_of_a_network_are_one() {
        let attempts = Attempts::default();
        for host in 0..NETWORK.free {
            let address = format!("2001:db8:0:1::{host:x}").parse().unwrap();
            attempts.begin(&format!("person {host}"), Some(address), START).unwrap();
        }
        assert!(attempts.begin("a", Some("2001:db8:0:1:f::1".parse().unwrap()), START).is_err());
        assert!(attempts.begin("a", Some("2001:db8:0:2::1".parse().unwrap()), START).is_ok());
    }
}
