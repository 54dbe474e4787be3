//! What a run of many rounds shows: a bar on a terminal, a line for each round, and a table at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use indicatif::ProgressBar;

use super::fault::Fault;
use super::world::Round;

/// The rounds so far.
pub(super) struct Report {
    bar: ProgressBar,
    planned: u64,
    rounds: Vec<Round>,
}

impl Report {
    pub(super) fn of(planned: u64) -> Self {
        Self { bar: ProgressBar::new(planned), planned, rounds: Vec::new() }
    }

    /// Adds a round, and shows it.
    pub(super) fn add(&mut self, round: Round) {
        let line = format!("round {:>3}/{}: {}", self.rounds.len() + 1, self.planned, line(&round));
        if self.bar.is_hidden() {
            println!("{line}");
        } else {
            self.bar.println(line);
        }
        self.bar.inc(1);
        self.rounds.push(round);
    }

    /// The median takeover.
    pub(super) fn takeover(&self) -> Option<Duration> {
        median(self.rounds.iter().filter_map(|round| round.takeover))
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn line(round: &Round) -> String {
    let Round { fault, took, repeated, started, takeover, answers } = round;
    let takeover =
        takeover.map_or_else(String::new, |it| format!(", taken over after {:.1} s", it.as_secs_f64()));
    format!(
        "{fault:<27} {:>4.1} s, 0 lost, {repeated} again, {started} started again, {} refused, slowest answer {:.2} \
         s{takeover}",
        took.as_secs_f64(),
        answers.refused,
        answers.slowest.as_secs_f64(),
    )
}

fn median(times: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// Seconds, or nothing.
fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| format!("{:.1}", time.as_secs_f64()))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut faults: BTreeMap<Fault, Vec<&Round>> = BTreeMap::new();
        for round in &self.rounds {
            faults.entry(round.fault).or_default().push(round);
        }
        let head = [
            "rounds", "lost", "again", "started", "accepted", "refused", "broken", "answer", "round",
            "takeover", "worst",
        ];
        write!(f, "{:<27}", "fault (times in seconds)")?;
        head.iter().try_for_each(|head| write!(f, " {head:>8}"))?;
        let all: Vec<_> = self.rounds.iter().collect();
        let rows = faults.iter().map(|(fault, rounds)| (fault.to_string(), rounds));
        for (name, rounds) in rows.chain([("all".to_owned(), &all)]) {
            let sum = |of: fn(&Round) -> u64| rounds.iter().map(|round| of(round)).sum::<u64>().to_string();
            let takeovers = || rounds.iter().filter_map(|round| round.takeover);
            let cells = [
                rounds.len().to_string(),
                // A round that loses something ends the run.
                "0".to_owned(),
                sum(|round| round.repeated as u64),
                sum(|round| u64::from(round.started)),
                sum(|round| round.answers.accepted),
                sum(|round| round.answers.refused),
                sum(|round| round.answers.broken),
                seconds(rounds.iter().map(|round| round.answers.slowest).max()),
                seconds(median(rounds.iter().map(|round| round.took))),
                seconds(median(takeovers())),
                seconds(takeovers().max()),
            ];
            write!(f, "\n{name:<27}")?;
            cells.iter().try_for_each(|cell| write!(f, " {cell:>8}"))?;
        }
        Ok(())
    }
}
