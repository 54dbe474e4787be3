//! The statements that read rollups, for either engine: they differ in how parameters are written and in what a sum is.
//!
//! What is asked of a whole environment is read from its own sums, unless its applications or endpoints are told apart:
//! then those that count most are found among all of its applications, and the points are read of these alone.

use std::sync::LazyLock;

use postrider_core::rollup::Counter;

use super::{Grouping, Rank, RollupQuery, Within};

/// The columns of the counters.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| Counter::ALL.map(Counter::name).join(", "));

/// Each counter's column put into `form`, where `{}` stands for it.
pub(crate) fn columns(form: &str) -> String {
    Counter::ALL.map(|counter| form.replace("{}", counter.name())).join(", ")
}

/// How the engine writes things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// What a parameter begins with.
    pub(crate) sign: char,
    /// What makes a number of 64 bits of a sum or a parameter.
    pub(crate) long: &'static str,
    /// What makes text of a parameter.
    pub(crate) text: &'static str,
}

/// A part of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'s> {
    /// Which groups come first, at most as many as parameter 6 says: rows of owner, endpoint and event type.
    First,
    /// The points of the groups for which this is true, or of all.
    Points(Option<&'s str>),
    /// The points of everything.
    All,
}

impl Part<'_> {
    /// The statement. But for [`Part::First`] it gives rows of owner, endpoint, event type, point and counters. Its
    /// parameters are the row of the environment or application, the first bucket, the bucket before which to stop, the
    /// event type or NULL, the row of the endpoint or NULL, and what the part takes.
    pub(crate) fn statement(self, dialect: Dialect, within: Within, query: &RollupQuery) -> String {
        let Dialect { sign, long, text } = dialect;
        let [owner, endpoint, event_type] = self.group(query.group);
        let group = format!("{owner}{long}, {endpoint}{long}, {event_type}");
        let source = self.source(dialect, within, query.group);
        let filters = format!(
            "r.bucket >= {sign}2 AND r.bucket < {sign}3 AND ({sign}4{text} IS NULL OR r.event_type = {sign}4)
   AND ({sign}5{long} IS NULL OR r.endpoint_row = {sign}5)"
        );
        // An endpoint has no messages: those of its application are in a row of their own.
        let is_by_endpoint = query.group == Grouping::Endpoint;
        let own =
            if is_by_endpoint && !self.is_of_environment(within) { " AND r.endpoint_row <> 0" } else { "" };
        if matches!(self, Self::First) {
            let rank = rank(query.rank);
            return format!(
                "-- rollups::first\nSELECT {group}\n  FROM {source} AND {filters}{own}
 GROUP BY 1, 2, 3 ORDER BY {rank} DESC, 1, 2, 3 LIMIT {sign}6"
            );
        }
        let mut sums = columns(&format!("sum(r.{{}}){long}"));
        if is_by_endpoint {
            sums = sums.replacen("sum(r.messages)", "0", 1);
        }
        let micros = query.resolution.micros();
        // What is stored is of after 1970, where `/` rounds down.
        format!(
            "-- rollups::points\nSELECT {group}, (r.bucket / {micros} * {micros}){long}, {sums}
  FROM {source} AND {filters}{own}\n GROUP BY 1, 2, 3, 4"
        )
    }

    /// What tells groups apart: owner, endpoint, event type.
    const fn group(self, group: Grouping) -> [&'static str; 3] {
        match (self, group) {
            (Self::All, _) | (_, Grouping::None) => ["0", "0", "''"],
            (_, Grouping::EventType) => ["0", "0", "r.event_type"],
            (_, Grouping::Endpoint) => ["r.owner_row", "r.endpoint_row", "''"],
            (_, Grouping::App) => ["r.owner_row", "0", "''"],
        }
    }

    /// Whether it is read from the sums of an environment.
    const fn is_of_environment(self, within: Within) -> bool {
        matches!((self, within), (Self::All, Within::Environment(_)))
    }

    /// The rows that it is read from.
    fn source(self, Dialect { sign, long, .. }: Dialect, within: Within, group: Grouping) -> String {
        let is_by_app = matches!(group, Grouping::Endpoint | Grouping::App);
        match (self, within) {
            (Self::First, Within::Environment(_)) if is_by_app => format!(
                "app a CROSS JOIN rollup r WHERE r.owner_row = a.row AND a.deleted_at IS NULL AND a.environment_row = {sign}1"
            ),
            (Self::Points(Some(only)), _) => format!("rollup r WHERE {sign}1{long} IS NOT NULL AND {only}"),
            _ => format!("rollup r WHERE r.owner_row = {sign}1"),
        }
    }
}

fn rank(rank: Rank) -> String {
    let sum = |counters: &[Counter]| {
        let columns: Vec<_> = counters.iter().map(|counter| format!("r.{}", counter.name())).collect();
        columns.join(" + ")
    };
    match rank {
        Rank::Volume => format!("sum({} + r.messages)", sum(&Counter::OUTCOMES)),
        Rank::Failures => format!("sum({})", sum(&Counter::OUTCOMES[1..])),
        Rank::Slowness => {
            let timed = sum(&Counter::ALL[Counter::Latency0 as usize..]);
            format!("CASE sum({timed}) WHEN 0 THEN 0 ELSE sum(r.latency_us) / sum({timed}) END")
        }
    }
}
