//! How long the buckets are that are stored, and those that are asked for.

use std::time::Duration;

use crate::time::Timestamp;

/// How long a stored bucket is. The numbers are stored: seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Width {
    /// What just happened.
    FiveMinutes = 300,
    /// What five-minute buckets are folded into.
    Hour = 3_600,
}

impl Width {
    /// How long five-minute buckets are kept before they are folded into hours.
    pub const FINE_KEPT: Duration = Duration::from_secs(48 * 3_600);

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self as i64 * 1_000_000
    }
}

/// How far apart the points of a series are. Those of whole days begin at midnight, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Five minutes. What is older than [`Width::FINE_KEPT`] has only the first point of each hour.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Resolution {
    /// All of them, the finest first.
    pub const ALL: [Self; 3] = [Self::FiveMinutes, Self::Hour, Self::Day];

    /// The most points of a series.
    pub const POINTS_MAX: i64 = 2_000;

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        match self {
            Self::FiveMinutes => Width::FiveMinutes.micros(),
            Self::Hour => Width::Hour.micros(),
            Self::Day => 24 * Width::Hour.micros(),
        }
    }

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The point that `time` belongs to.
    #[must_use]
    pub const fn point(self, time: Timestamp) -> Timestamp {
        Timestamp::from_micros(time.as_micros().div_euclid(self.micros()) * self.micros())
    }

    /// How many points there are from `since` to before `until`.
    #[must_use]
    pub const fn points(self, since: Timestamp, until: Timestamp) -> i64 {
        let first = self.point(since).as_micros();
        let span = until.as_micros().saturating_sub(first);
        if span <= 0 { 0 } else { (span - 1) / self.micros() + 1 }
    }

    /// The one that shows this span well at the time `now`: as fine as there are rows for, and some hundred points.
    #[must_use]
    pub fn fitting(since: Timestamp, until: Timestamp, now: Timestamp) -> Self {
        const WELL: i64 = 400;
        let has_fine = since >= now.before(Width::FINE_KEPT);
        let fits = |resolution: &Self| {
            (*resolution != Self::FiveMinutes || has_fine) && resolution.points(since, until) <= WELL
        };
        Self::ALL.into_iter().find(fits).unwrap_or(Self::Day)
    }
}
