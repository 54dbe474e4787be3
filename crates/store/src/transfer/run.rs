//! The way of a move: open both, copy, compare, switch over.
//!
//! Two rules make every moment a good one to be killed at. A batch and the place where it ends are one transaction, so
//! going on neither leaves rows out nor writes them twice. And the old database is marked as gone before the new one is
//! free to be served: there may be a moment when neither can be, and never one when both can.

use tokio::sync::mpsc;

use super::error::TransferError;
use super::mark::{Mark, Origin, Position, State};
use super::side::{AHEAD, Scan, Side};
use super::value::{Batch, Key};
use super::{Compared, Engine, Kind, Phase, Place, Progress, Report, Sum};
use crate::{Error, crash, postgres, sqlite};

/// Who is told how far it has come.
type Watch<'w> = &'w (dyn Fn(Progress) + Send + Sync);

/// Moves the installation in `from` into `to`, which must be empty, or hold what an earlier try has left.
pub async fn transfer(from: &Place, to: &Place, watch: Watch<'_>) -> Result<Report, TransferError> {
    let source = open_source(from).await?;
    let gone = match source.mark().await? {
        Some(Mark::Gone { to, .. }) => Some(to),
        Some(Mark::Arriving { from: origin, .. }) => {
            return Err(TransferError::Incomplete { place: from.name.clone(), from: origin.place });
        }
        None => None,
    };
    let target = open(to, true).await?.expect("it is made where there is none");
    let (source, target) = (source.as_ref(), target.as_ref());
    let origin = Origin { place: from.name.clone(), state: source.state().await? };
    let begin = match (target.mark().await?, gone) {
        // Gone and still arriving: it was interrupted between its last two steps.
        (Some(Mark::Arriving { from: earlier, position }), gone)
            if gone.as_ref().is_none_or(|gone| *gone == to.name) =>
        {
            go_on(target, to, &origin, earlier, position).await?
        }
        (_, Some(to)) => return Err(TransferError::Gone { place: from.name.clone(), to }),
        (None, None) if target.is_empty().await? => Position::Copying { kind: Kind::ALL[0], after: None },
        _ => return Err(TransferError::NotEmpty(to.name.clone())),
    };
    let mut all = 0;
    for kind in Kind::ALL {
        all += source.count(kind).await?;
    }
    let mut run = Run { source, target, origin, watch, all, done: 0, copied: 0 };
    run.reserve(to, begin.clone()).await?;
    if let Position::Copying { kind, after } = begin {
        run.copy(kind, after).await?;
    }
    crash::point("transfer.copied");
    let report = run.compare().await?;
    if report.kinds.iter().any(|compared| !compared.is_same()) {
        target.set_mark(Some(run.arriving(Position::Spoilt))).await?;
        return Err(TransferError::Differs(Box::new(report)));
    }
    run.switch_over(from, to).await?;
    Ok(report)
}

/// Frees `place` to be served again although it was moved. What is in the other database stays there.
pub async fn undo(place: &Place) -> Result<(), TransferError> {
    let side = open_source(place).await?;
    match side.mark().await? {
        Some(Mark::Gone { .. }) => Ok(side.set_mark(None).await?),
        Some(Mark::Arriving { from, .. }) => {
            Err(TransferError::Incomplete { place: place.name.clone(), from: from.place })
        }
        None => Err(TransferError::NotMoved(place.name.clone())),
    }
}

async fn open_source(place: &Place) -> Result<Box<dyn Side>, TransferError> {
    let side = open(place, false).await?.ok_or_else(|| TransferError::NotFound(place.name.clone()))?;
    refuse_users(side.as_ref(), place).await?;
    Ok(side)
}

/// `None` where there is no database and none is to be made.
async fn open(place: &Place, make: bool) -> Result<Option<Box<dyn Side>>, TransferError> {
    fn boxed(side: impl Side + 'static) -> Box<dyn Side> {
        Box::new(side)
    }
    Ok(match &place.engine {
        Engine::Sqlite(options) => sqlite::open_to_move(options.clone(), make).await?.map(boxed),
        Engine::Postgres(options) => postgres::open_to_move(options, make).await?.map(boxed),
    })
}

async fn refuse_users(side: &dyn Side, place: &Place) -> Result<(), TransferError> {
    match side.users().await? {
        Some(users) => Err(TransferError::InUse { place: place.name.clone(), users }),
        None => Ok(()),
    }
}

/// Where to go on in a database that an earlier try has left. What does not fit any more is removed.
async fn go_on(
    target: &dyn Side,
    place: &Place,
    origin: &Origin,
    earlier: Origin,
    position: Position,
) -> Result<Position, TransferError> {
    if earlier.state.installation != origin.state.installation {
        return Err(TransferError::Reserved { place: place.name.clone(), from: earlier.place });
    }
    // Served in between, it may hold anything.
    if earlier.state == origin.state && position != Position::Spoilt {
        return Ok(position);
    }
    let begin = Position::Copying { kind: Kind::ALL[0], after: None };
    target.clear(Mark::Arriving { from: origin.clone(), position: begin.clone() }).await?;
    Ok(begin)
}

struct Run<'r> {
    source: &'r dyn Side,
    target: &'r dyn Side,
    origin: Origin,
    watch: Watch<'r>,
    /// Rows of all kinds.
    all: u64,
    /// Rows that this phase is done with.
    done: u64,
    copied: u64,
}

impl Run<'_> {
    fn arriving(&self, position: Position) -> Mark {
        Mark::Arriving { from: self.origin.clone(), position }
    }

    fn report(&self, phase: Phase, kind: Kind) {
        (self.watch)(Progress { phase, kind, done: self.done, all: self.all });
    }

    /// Keeps servers out of the target. One that came in just before is seen here, and one that comes later sees the
    /// mark.
    async fn reserve(&self, place: &Place, position: Position) -> Result<(), TransferError> {
        let before = self.target.mark().await?;
        self.target.set_mark(Some(self.arriving(position))).await?;
        let refused = refuse_users(self.target, place).await;
        if refused.is_err() {
            self.target.set_mark(before).await?;
        }
        refused
    }

    async fn copy(&mut self, first: Kind, mut after: Option<Key>) -> Result<(), TransferError> {
        for kind in Kind::ALL {
            if kind < first {
                self.done += self.target.count(kind).await?;
                continue;
            }
            if after.is_some() {
                self.done += self.target.count(kind).await?;
            }
            self.report(Phase::Copy, kind);
            let copied = self.copy_kind(kind, after.take()).await;
            copied.map_err(|error| match error {
                Error::Overloaded { .. } => TransferError::Lost(kind),
                source => TransferError::Copy { kind, source },
            })?;
        }
        Ok(self.target.set_mark(Some(self.arriving(Position::Copied))).await?)
    }

    /// Reads ahead of what is being written.
    async fn copy_kind(&mut self, kind: Kind, after: Option<Key>) -> Result<(), Error> {
        let (sender, mut batches) = mpsc::channel::<Batch>(AHEAD);
        let key = self.source.key(kind);
        let source = self.source;
        let write = async {
            while let Some(batch) = batches.recv().await {
                let rows = batch.rows().len() as u64;
                let mark = self.arriving(Position::Copying { kind, after: batch.last(key) });
                self.target.write(batch, mark).await?;
                crash::point("transfer.written");
                self.done += rows;
                self.copied += rows;
                self.report(Phase::Copy, kind);
            }
            // Not earlier: a reader whose batches nobody takes any more stops.
            drop(batches);
            Ok(())
        };
        let (read, written): (_, Result<(), Error>) =
            tokio::join!(source.read(kind, Scan::After(after), sender), write);
        written.and(read)
    }

    async fn compare(&mut self) -> Result<Report, TransferError> {
        self.done = 0;
        let mut kinds = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            self.report(Phase::Compare, kind);
            let both = tokio::try_join!(sum(self.source, kind), sum(self.target, kind));
            let (from, to) = both.map_err(|source| TransferError::Compare { kind, source })?;
            self.done += from.rows;
            kinds.push(Compared { kind, from, to });
        }
        crash::point("transfer.compared");
        Ok(Report { kinds, copied: self.copied })
    }

    async fn switch_over(&self, from: &Place, to: &Place) -> Result<(), TransferError> {
        self.target.finish().await?;
        let gone = Mark::Gone { place: from.name.clone(), to: to.name.clone() };
        self.source.set_mark(Some(gone)).await?;
        crash::point("transfer.marked");
        // Whoever came before the mark may have changed something; whoever comes later is refused.
        let changed: Result<(), TransferError> = async {
            refuse_users(self.source, from).await?;
            let State { openings, .. } = self.source.state().await?;
            let users = "a server that was started meanwhile".to_owned();
            let was_opened = openings != self.origin.state.openings;
            if was_opened { Err(TransferError::InUse { place: from.name.clone(), users }) } else { Ok(()) }
        }
        .await;
        if changed.is_err() {
            self.source.set_mark(None).await?;
            return changed;
        }
        Ok(self.target.set_mark(None).await?)
    }
}

async fn sum(side: &dyn Side, kind: Kind) -> Result<Sum, Error> {
    let (sender, mut batches) = mpsc::channel::<Batch>(AHEAD);
    let add = async {
        let mut sum = Sum::default();
        while let Some(batch) = batches.recv().await {
            sum.add(&batch);
        }
        sum
    };
    let (read, sum) = tokio::join!(side.read(kind, Scan::Whole, sender), add);
    read.map(|()| sum)
}
