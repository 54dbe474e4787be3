//! A member of a group: it offers what it sees to the store, which says what is its own.
//!
//! It walks from the group's position again and again, since what another member had may have become free, and offers
//! messages in their order until its hands are full. The group's position moves when it tends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use postrider_core::id::{MessageId, first_row_at};
use postrider_core::message::Message;
use postrider_core::scope::EnvironmentScope;
use postrider_core::time::Timestamp;
use postrider_store::listen::{GroupKey, MemberKey, Offer, Tending};
use postrider_store::{Error, Store};

use super::WINDOW;
use super::look::{Walk, look};
use super::selection::Selection;
use crate::context::Context;

/// Messages that a member has in hand at a time: few, so that another does not wait for a slow one.
const HOLD: usize = 4;
/// How long a member has a message when it gives no sign of life.
const CLAIM: Duration = Duration::from_secs(30);
/// How often it gives one.
const TEND: Duration = Duration::from_secs(6);
/// Messages of which it is remembered whether they are wanted.
const KNOWN: usize = 10_000;

/// See the module's documentation.
pub(super) struct Membership {
    store: Arc<dyn Store>,
    scope: EnvironmentScope,
    group: GroupKey,
    member: MemberKey,
    position: i64,
    walk: Option<Walk>,
    /// Set when the last offer found the hands full: nothing more is offered until something was acknowledged.
    full: bool,
    /// The row up to which everything was offered.
    read_to: i64,
    /// The oldest message that the last whole walk saw.
    oldest: i64,
    /// Whether messages are wanted, by row.
    known: BTreeMap<i64, bool>,
    /// When it gave its last sign of life.
    tended: Timestamp,
}

impl Membership {
    /// Joins, and makes the group if there is none: then it begins behind the row `position`.
    pub(super) async fn join(
        context: &Context,
        scope: EnvironmentScope,
        (group, member): (GroupKey, MemberKey),
        position: i64,
    ) -> Result<Self, Error> {
        let position = context.store.open_group(scope, group, position, context.now()).await?;
        Ok(Self {
            store: Arc::clone(&context.store),
            scope,
            group,
            member,
            position,
            walk: None,
            full: false,
            read_to: position,
            oldest: position,
            known: BTreeMap::new(),
            tended: context.now(),
        })
    }

    /// Where the group stands, as far as is known.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    pub(super) fn is_walking(&self) -> bool {
        self.walk.is_some() && !self.full
    }

    /// Looks at all behind the group's position.
    pub(super) fn look_at_all(&mut self, now: Timestamp) {
        self.full = false;
        self.walk = Some(Walk { after: self.position, settled: Some(first_row_at(now.before(WINDOW))) });
    }

    /// Looks for more behind where the last look ended.
    pub(super) fn look_at_new(&mut self) {
        self.full = false;
        self.walk.get_or_insert(Walk { after: self.read_to.max(self.position), settled: None });
    }

    /// One look and one offer: what is the member's now, and the how-manieth claim each is.
    pub(super) async fn step(
        &mut self,
        context: &Context,
        selection: &Selection,
    ) -> Result<Vec<(usize, Message, u32)>, Error> {
        let Some(walk) = self.walk else { return Ok(Vec::new()) };
        let found = look(context, selection, walk.after).await?;
        if let Some(settled) = walk.settled
            && walk.after <= self.position
        {
            self.oldest = found.messages.first().map_or(settled, |(_, first)| first.id.row().min(settled));
        }
        let candidates = self.wanted(context, selection, found.messages).await?;
        let (taken, decided) = self.offer(context, &candidates).await?;
        self.full = decided < candidates.len();
        let reached = if self.full {
            decided.checked_sub(1).map_or(walk.after, |last| candidates[last].1.id.row())
        } else {
            found.whole_to.unwrap_or(i64::MAX)
        };
        if let Some(settled) = walk.settled {
            self.read_to = self.read_to.max(reached.min(settled));
        }
        let goes_on = self.full || found.whole_to.is_some();
        self.walk = goes_on.then_some(Walk { after: reached, ..walk });
        Ok(taken)
    }

    /// Which of the messages are wanted by all that is known of them.
    async fn wanted(
        &mut self,
        context: &Context,
        selection: &Selection,
        messages: Vec<(usize, Message)>,
    ) -> Result<Vec<(usize, Message)>, Error> {
        let mut asked: BTreeMap<usize, Vec<MessageId>> = BTreeMap::new();
        for (place, message) in &messages {
            if selection.wants(message) && !self.known.contains_key(&message.id.row()) {
                asked.entry(*place).or_default().push(message.id);
            }
        }
        for (place, ids) in asked {
            let receptions = context.store.receptions(selection.sources[place].scope, ids.clone()).await?;
            let admitted = receptions.iter().map(|reception| selection.admits(reception.as_ref()));
            self.known.extend(ids.iter().map(MessageId::row).zip(admitted));
        }
        let is_wanted = |message: &Message| {
            selection.wants(message) && self.known.get(&message.id.row()).copied().unwrap_or(false)
        };
        let wanted = messages.into_iter().filter(|(_, message)| is_wanted(message)).collect();
        while self.known.len() > KNOWN {
            self.known.pop_first();
        }
        Ok(wanted)
    }

    async fn offer(
        &self,
        context: &Context,
        candidates: &[(usize, Message)],
    ) -> Result<(Vec<(usize, Message, u32)>, usize), Error> {
        if candidates.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let now = context.now();
        let offer = Offer {
            member: self.member,
            messages: candidates.iter().map(|(_, message)| message.id).collect(),
            hold: HOLD,
            now,
            until: now.after(CLAIM),
        };
        let offered = self.store.claim_in_group(self.scope, self.group, offer).await?;
        let taken = offered.taken.iter().filter_map(|(id, attempt)| {
            let (place, message) = candidates.iter().find(|(_, message)| message.id == *id)?;
            Some((*place, message.clone(), *attempt))
        });
        Ok((taken.collect(), offered.decided))
    }

    /// Gives a sign of life, if the last one was long enough ago.
    pub(super) async fn tend(&mut self, now: Timestamp) -> Result<(), Error> {
        if now < self.tended.after(TEND) {
            return Ok(());
        }
        self.tended = now;
        if let Some(position) =
            self.store.tend_group(self.scope, self.group, self.tending(now, CLAIM)).await?
        {
            self.position = position;
            self.known = self.known.split_off(&(position + 1));
        }
        Ok(())
    }

    /// What gives back all that is in hand: to be finished even by somebody else.
    pub(super) fn leave(&self, now: Timestamp) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let (store, scope, group) = (Arc::clone(&self.store), self.scope, self.group);
        let tending = self.tending(now, Duration::ZERO);
        async move { store.tend_group(scope, group, tending).await.map(drop) }
    }

    fn tending(&self, now: Timestamp, keeps: Duration) -> Tending {
        Tending {
            member: self.member,
            until: now.after(keeps),
            read_to: self.read_to,
            oldest: self.oldest,
            now,
        }
    }
}
