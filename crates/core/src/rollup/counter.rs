//! What is counted, and rows of counts.

use super::LATENCY_BUCKETS;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident $column:literal;)*) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum Counter {
            $($(#[$doc])* $name,)*
        }

        impl Counter {
            /// All of them, in the order of [`Counts::values`].
            pub const ALL: [Self; Self::COUNT] = [$(Self::$name,)*];

            const NAMES: [&'static str; Self::COUNT] = [$($column,)*];
        }
    };
}

counters! {
    /// Messages that were accepted.
    Messages "messages";
    /// Attempts that were answered with 2xx.
    Succeeded "succeeded";
    /// Attempts that were answered with a redirection, which is not followed.
    Status3xx "status_3xx";
    /// Attempts that were answered with 4xx.
    Status4xx "status_4xx";
    /// Attempts that were answered with 5xx.
    Status5xx "status_5xx";
    /// Attempts that were answered with any other status.
    StatusOther "status_other";
    /// Attempts whose host's name could not be resolved.
    Dns "dns";
    /// Attempts without a connection.
    Connect "connect";
    /// Attempts whose TLS handshake failed.
    Tls "tls";
    /// Attempts that came to their deadline.
    Timeout "timeout";
    /// Attempts at an address that the egress rules forbid.
    Blocked "blocked";
    /// Attempts whose answer's head was too large.
    TooLarge "too_large";
    /// Attempts that were answered with something that is not HTTP.
    Protocol "protocol";
    /// Attempts that failed through our fault.
    Internal "internal";
    /// Attempts whose command did not run, or did not end well.
    Exec "exec";
    /// Attempts that were not the first of their delivery.
    Retries "retries";
    /// Deliveries that arrived.
    Delivered "delivered";
    /// Deliveries whose schedule ended without success.
    GivenUp "given_up";
    /// The sum of the latencies, in microseconds.
    LatencyMicros "latency_us";
    /// Latencies in the first bucket of the histogram.
    Latency0 "latency_0";
    /// In the second, and so on.
    Latency1 "latency_1";
    /// See above.
    Latency2 "latency_2";
    /// See above.
    Latency3 "latency_3";
    /// See above.
    Latency4 "latency_4";
    /// See above.
    Latency5 "latency_5";
    /// See above.
    Latency6 "latency_6";
    /// See above.
    Latency7 "latency_7";
    /// See above.
    Latency8 "latency_8";
    /// See above.
    Latency9 "latency_9";
    /// See above.
    Latency10 "latency_10";
    /// See above.
    Latency11 "latency_11";
    /// See above.
    Latency12 "latency_12";
    /// See above.
    Latency13 "latency_13";
    /// See above.
    Latency14 "latency_14";
    /// Latencies in the last bucket of the histogram.
    Latency15 "latency_15";
}

impl Counter {
    /// How many there are.
    pub const COUNT: usize = 19 + LATENCY_BUCKETS;

    /// How attempts can end: their sum is the number of attempts. The first is the good one.
    pub const OUTCOMES: [Self; 14] = [
        Self::Succeeded,
        Self::Status3xx,
        Self::Status4xx,
        Self::Status5xx,
        Self::StatusOther,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Blocked,
        Self::TooLarge,
        Self::Protocol,
        Self::Internal,
        Self::Exec,
    ];

    /// The name of its column, and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The counter of a bucket of the histogram.
    pub(super) const fn of_latency(bucket: usize) -> Self {
        Self::ALL[Self::Latency0 as usize + bucket]
    }
}

/// A number for each [`Counter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    values: Values,
}

type Values = [u64; Counter::COUNT];

impl Default for Counts {
    fn default() -> Self {
        Self { values: [0; Counter::COUNT] }
    }
}

impl Counts {
    /// From stored values, in the order of [`Counter::ALL`].
    #[must_use]
    pub const fn from_values(values: Values) -> Self {
        Self { values }
    }

    /// The values, in the order of [`Counter::ALL`].
    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// One of them.
    #[must_use]
    pub const fn get(&self, counter: Counter) -> u64 {
        self.values[counter as usize]
    }

    /// Adds to one of them.
    pub const fn add(&mut self, counter: Counter, count: u64) {
        let value = &mut self.values[counter as usize];
        *value = value.saturating_add(count);
    }

    /// Adds another row, number by number.
    pub fn merge(&mut self, other: &Self) {
        for (value, more) in self.values.iter_mut().zip(other.values) {
            *value = value.saturating_add(more);
        }
    }

    /// What is left of it without `part`, which is a part of it.
    #[must_use]
    pub fn without(&self, part: &Self) -> Self {
        let value = |at: usize| self.values[at].saturating_sub(part.values[at]);
        Self { values: std::array::from_fn(value) }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|value| *value == 0)
    }

    /// All attempts.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        Counter::OUTCOMES.iter().map(|outcome| self.get(*outcome)).sum()
    }

    /// Attempts that did not succeed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.attempts() - self.get(Counter::Succeeded)
    }

    /// The share of attempts that succeeded, from 0 to 1; `None` without any.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let attempts = self.attempts();
        (attempts > 0).then(|| self.get(Counter::Succeeded) as f64 / attempts as f64)
    }
}
