//! One listener, from its beginning to its end: what it gets, one thing after another, as fast as it takes them.

use std::collections::VecDeque;
use std::time::Duration;

use postrider_core::id::first_row_at;
use postrider_core::message::Message;
use postrider_store::Error as StoreError;
use postrider_store::listen::MemberKey;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::ack::Listener;
use super::broadcast::Broadcast;
use super::group::Membership;
use super::heard::{self, Heard};
use super::hub::{Notice, Place};
use super::look::{LOOKS, look};
use super::selection::Selection;
use super::{EVERY, Error, Since, WINDOW};
use crate::context::Context;
use crate::service::memory::Held;

/// How often a sign of life is given.
const BEAT: Duration = Duration::from_secs(15);
/// How long a listener may stay. Then it comes again, to a node that may be another.
const AGE_MAX: Duration = Duration::from_secs(3_600);
/// How long to wait where what others have not taken yet fills the memory of all listeners.
const CROWDED: Duration = Duration::from_millis(250);
/// Waiting messages that are counted.
const COUNTED: u64 = 1_000;

/// What comes next.
#[derive(Debug)]
pub enum Item {
    /// A message.
    Message(Box<Heard>),
    /// Nothing for a while.
    Beat,
    /// It is over.
    End(End),
}

/// Why a listener is not given more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The server stops.
    Stopping,
    /// It has listened for as long as one may at a time.
    Age,
    /// More came than can be told apart.
    Flood,
    /// Its key is revoked or has expired. Whoever gives out what it hears sees to that.
    Key,
    /// Our own trouble, which was recorded.
    Trouble,
}

/// How much waited when a listener came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Messages.
    pub count: u64,
    /// Whether there may be more than were counted.
    pub more: bool,
}

/// See the module's documentation.
pub struct Tail {
    pub(super) context: Context,
    pub(super) selection: Selection,
    pub(super) state: State,
    listener: Listener,
    backlog: Backlog,
    pub(super) ready: VecDeque<(usize, Message, u32)>,
    notices: broadcast::Receiver<Notice>,
    stop: CancellationToken,
    every: Interval,
    beat: Interval,
    end: Instant,
    ended: bool,
    /// The memory of what was given out last.
    room: Option<Held>,
    _place: Place,
}

pub(super) enum State {
    Broadcast(Broadcast),
    Group(Membership),
}

impl Tail {
    pub(super) async fn begin(
        context: &Context,
        selection: Selection,
        mut place: Place,
        since: Since,
    ) -> Result<Self, Error> {
        // Before the first look, so that nothing can come between.
        let notices = context.listeners.subscribe();
        let now = context.now();
        let mut member = [0; 16];
        context.rng.fill(&mut member);
        let mut listener = Listener { member: MemberKey(member), group: None };
        let (state, counted) = if let Some(group) = selection.group() {
            let keys = (group, listener.member);
            let membership =
                Membership::join(context, selection.scope, keys, since.row_of_group(now)).await?;
            listener.group = Some(group);
            // What came in the last minute may be done already, which only the group knows.
            let counted = (membership.position(), first_row_at(now.before(WINDOW)));
            (State::Group(membership), Some(counted))
        } else {
            let broadcast = Broadcast::new(since.row(now), since == Since::Now);
            (State::Broadcast(broadcast), since.counted_from(now).map(|row| (row, i64::MAX)))
        };
        if selection.wanted.sync {
            place.answers(&selection);
        }
        let backlog = match counted {
            Some(rows) => count(context, &selection, rows).await?,
            None => Backlog::default(),
        };
        let mut tail = Self {
            context: context.clone(),
            selection,
            state,
            listener,
            backlog,
            ready: VecDeque::new(),
            notices,
            stop: context.listeners.stopping(),
            every: ticking(EVERY),
            beat: ticking(BEAT),
            end: Instant::now() + AGE_MAX,
            ended: false,
            room: None,
            _place: place,
        };
        tail.look_at_all();
        if since == Since::Now {
            // What is there already is noted before the caller is told that it listens.
            while tail.is_walking() {
                tail.step().await?;
            }
        }
        Ok(tail)
    }

    /// The name of this connection, by which acknowledgements are told.
    #[must_use]
    pub fn listener(&self) -> Listener {
        self.listener
    }

    /// How much waited when it began, not regarding repetitions.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.backlog
    }

    /// What comes next; `None` behind the end.
    pub async fn next(&mut self) -> Option<Item> {
        if self.ended {
            return None;
        }
        // Whoever asks for more has taken what was before.
        self.room = None;
        let item = self.run().await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "failed to go on listening");
            Item::End(End::Trouble)
        });
        self.ended = matches!(item, Item::End(_));
        Some(item)
    }

    async fn run(&mut self) -> Result<Item, Error> {
        loop {
            if let Some(item) = self.due().await? {
                return Ok(item);
            }
            if let Some(found) = self.ready.pop_front() {
                let heard = heard::read(&self.context, &self.selection, found.clone()).await?;
                match heard.map(|heard| (self.context.listeners.room(heard.weight()), heard)) {
                    Some((Some(room), heard)) => {
                        self.room = Some(room);
                        return Ok(Item::Message(Box::new(heard)));
                    }
                    Some((None, _)) => {
                        self.ready.push_front(found);
                        sleep(CROWDED).await;
                    }
                    None => {}
                }
                continue;
            }
            if self.is_walking() {
                self.step().await?;
                if matches!(&self.state, State::Broadcast(broadcast) if broadcast.is_full()) {
                    return Ok(Item::End(End::Flood));
                }
                continue;
            }
            if let Some(item) = self.rest().await? {
                return Ok(item);
            }
        }
    }

    /// What the time asks for while there is something to do, so that a long walk keeps nobody waiting for a sign of life.
    async fn due(&mut self) -> Result<Option<Item>, Error> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(Some(Item::End(End::Stopping))),
            () = sleep_until(self.end) => return Ok(Some(Item::End(End::Age))),
            _ = self.beat.tick() => return Ok(Some(Item::Beat)),
            // It looks already, and would come to no end if it began anew each time. Sources keep their places meanwhile.
            _ = self.every.tick() => self.tend().await?,
            () = std::future::ready(()) => {}
        }
        Ok(None)
    }

    /// Shows its group that it lives.
    async fn tend(&mut self) -> Result<(), StoreError> {
        match &mut self.state {
            State::Group(membership) => membership.tend(self.context.now()).await,
            State::Broadcast(_) => Ok(()),
        }
    }

    /// Waits for something to do.
    async fn rest(&mut self) -> Result<Option<Item>, Error> {
        tokio::select! {
            () = self.stop.cancelled() => return Ok(Some(Item::End(End::Stopping))),
            () = sleep_until(self.end) => return Ok(Some(Item::End(End::Age))),
            _ = self.beat.tick() => return Ok(Some(Item::Beat)),
            _ = self.every.tick() => {
                if self.selection.is_of_all() {
                    self.selection.find(&self.context).await?;
                }
                self.tend().await?;
                self.look_at_all();
            }
            notice = self.notices.recv() => match notice {
                Ok(Notice::Received(environment, app)) if environment == self.selection.scope.environment() => {
                    if self.selection.is_of_all() && !self.selection.has(app) {
                        self.selection.find(&self.context).await?;
                    }
                    if self.selection.has(app) {
                        self.look_at_new();
                    }
                }
                Ok(Notice::Acknowledged(member)) if member == self.listener.member => self.look_at_new(),
                Ok(_) => {}
                Err(RecvError::Lagged(_) | RecvError::Closed) => self.look_at_all(),
            },
        }
        Ok(None)
    }

    pub(super) fn is_walking(&self) -> bool {
        match &self.state {
            State::Broadcast(broadcast) => broadcast.is_walking(),
            State::Group(membership) => membership.is_walking(),
        }
    }

    fn look_at_all(&mut self) {
        let now = self.context.now();
        match &mut self.state {
            State::Broadcast(broadcast) => broadcast.look_at_all(now),
            State::Group(membership) => membership.look_at_all(now),
        }
    }

    fn look_at_new(&mut self) {
        match &mut self.state {
            State::Broadcast(broadcast) => broadcast.look_at_new(),
            State::Group(membership) => membership.look_at_new(),
        }
    }

    pub(super) async fn step(&mut self) -> Result<(), StoreError> {
        match &mut self.state {
            State::Broadcast(broadcast) => {
                let found = broadcast.step(&self.context, &self.selection).await?;
                let wanted = found.into_iter().filter(|(_, message)| self.selection.wants(message));
                self.ready.extend(wanted.map(|(place, message)| (place, message, 1)));
            }
            State::Group(membership) => {
                self.ready.extend(membership.step(&self.context, &self.selection).await?);
            }
        }
        Ok(())
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // What a member has in hand is another's at once, and not only when its time is over.
        if let (State::Group(membership), Ok(runtime)) = (&self.state, tokio::runtime::Handle::try_current())
        {
            let leaving = membership.leave(self.context.now());
            runtime.spawn(async move {
                if let Err(error) = leaving.await {
                    tracing::debug!(%error, "failed to give back what a listener had in hand");
                }
            });
        }
    }
}

fn ticking(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}

/// How many wanted messages there are after a row and up to another.
async fn count(
    context: &Context,
    selection: &Selection,
    (mut after, last): (i64, i64),
) -> Result<Backlog, Error> {
    let (mut count, mut looks) = (0, 0);
    while after < last {
        if looks == LOOKS {
            return Ok(Backlog { count, more: true });
        }
        looks += 1;
        let found = look(context, selection, after).await?;
        let counts = |message: &Message| message.id.row() <= last && selection.wants(message);
        count += found.messages.iter().filter(|(_, message)| counts(message)).count() as u64;
        if count > COUNTED {
            return Ok(Backlog { count: COUNTED, more: true });
        }
        let Some(to) = found.whole_to else { break };
        after = to;
    }
    Ok(Backlog { count, more: false })
}
