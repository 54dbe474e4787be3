//! How far a move has come: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use postrider_store::transfer::{Kind, Phase, Progress};

/// The part of all rows after which there is another line: so many lines for all of a phase.
const LINES: u64 = 20;

/// See the module's documentation.
pub(super) enum Shown {
    Bar(ProgressBar),
    Lines(Mutex<Option<Last>>),
}

/// The line before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    phase: Phase,
    kind: Kind,
    part: u64,
}

impl Shown {
    pub(super) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines(Mutex::new(None));
        }
        let template = "{bar:40} {percent:>3} %  {pos}/{len} rows  {eta}  {msg}";
        let style = ProgressStyle::with_template(template).expect("the template is a constant");
        Self::Bar(ProgressBar::new(0).with_style(style))
    }

    pub(super) fn progress(&self, progress: Progress) {
        match self {
            Self::Bar(bar) => {
                if progress.done < bar.position() {
                    bar.reset_eta();
                }
                bar.set_length(progress.all);
                bar.set_position(progress.done);
                bar.set_message(words(progress));
            }
            Self::Lines(last) => {
                if let Some(line) = line(&mut last.lock(), progress) {
                    eprintln!("postrider: {line}");
                }
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn words(progress: Progress) -> String {
    let doing = match progress.phase {
        Phase::Copy => "copying",
        Phase::Compare => "comparing",
    };
    format!("{doing} {}", progress.kind)
}

/// The next line, when there is something new to say.
fn line(last: &mut Option<Last>, progress: Progress) -> Option<String> {
    let part = progress.done * LINES / progress.all.max(1);
    let now = Last { phase: progress.phase, kind: progress.kind, part };
    if last.replace(now) == Some(now) {
        return None;
    }
    Some(format!("{}: {} of {} rows", words(progress), progress.done, progress.all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_for_each_kind_and_each_part() {
        let mut last = None;
        let mut lines = Vec::new();
        for done in 0..=1_000 {
            let kind = if done < 500 { Kind::Message } else { Kind::Attempt };
            lines.extend(line(&mut last, Progress { phase: Phase::Copy, kind, done, all: 1_000 }));
        }
        lines.extend(line(
            &mut last,
            Progress { phase: Phase::Compare, kind: Kind::Attempt, done: 0, all: 0 },
        ));
        assert_eq!(lines.len(), 22, "{lines:?}");
        assert_eq!(lines[0], "copying messages: 0 of 1000 rows");
        assert_eq!(lines[21], "comparing attempts: 0 of 0 rows");
    }
}
