//! File descriptors: as many as the system lets us have, and how idle connections share them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is asked for at most; more than this nobody needs, and some systems promise absurd numbers.
const ENOUGH: u64 = 65_536;
/// Idle connections over all endpoints, at most.
const IDLE: u64 = 8_192;

/// Raises the soft limit towards the hard one, and gives how many descriptors may be open.
pub(super) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(ENOUGH, |hard| hard.min(ENOUGH));
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(%error, current, "failed to raise the limit of open files");
            current
        }
    }
}

/// How many idle connections to keep when `descriptors` may be open: one endpoint may keep as many as it may have
/// under way, so that a burst does not begin with handshakes, and all of them at most a quarter of the descriptors.
pub(super) fn idle_connections(descriptors: u64, concurrency: usize) -> postrider_egress::Limits {
    postrider_egress::Limits {
        idle_per_key: concurrency,
        idle_total: IDLE.min(descriptors / 4) as usize,
        ..postrider_egress::Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let raised = raise();
        let now = getrlimit(Resource::Nofile);
        assert_eq!(now.current.unwrap_or(u64::MAX), raised);
        assert!(raised >= now.maximum.unwrap_or(ENOUGH).min(ENOUGH));
    }

    #[test]
    fn idle_connections_leave_most_descriptors_alone() {
        assert_eq!(idle_connections(1_024, 512).idle_total, 256);
        assert_eq!(idle_connections(u64::MAX, 512).idle_total, 8_192);
    }
}
