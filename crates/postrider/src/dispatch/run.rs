//! The task that feeds the scheduler and carries its actions out.

use std::sync::Arc;
use std::time::Duration;

use postrider_core::scope::SystemScope;
use postrider_core::time::Timestamp;
use postrider_egress::Client;
use postrider_store::Error;
use postrider_store::cluster::Cluster;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::deliver::Courier;
use super::lanes::{Event, Inbox, Lanes};
use super::pulse::Pulse;
use super::scheduler::{Action, Ceilings, Ownership, Scheduler, Settings};
use super::settle::Settler;
use super::{hand_over, look, reading};
use crate::context::Context;
use crate::directory::Destination;

/// Events taken in one go.
const BATCH: usize = 1_024;
/// Outcomes that may wait to be settled before nothing more is sent: with a store that cannot write, they pile up.
const UNSETTLED_MAX: usize = 8_192;
/// Deliveries in memory over all lanes.
const HELD_MAX: usize = 100_000;
/// How often gauges are set and idle lanes are looked for.
const TICK: Duration = Duration::from_secs(1);
/// How long commands that are killed may take to be gone, and their deliveries to be put back.
const COMMANDS_END: Duration = Duration::from_secs(1);
/// How soon to look again whether outcomes were settled, when too many were not: nobody tells.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How deliveries are sent; the section `[dispatch]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Attempts under way at endpoints that answer quickly; slow and unknown ones have half as many besides.
    pub concurrency: usize,
    /// Attempts under way at one endpoint.
    pub endpoint_concurrency: usize,
    /// Deadline of an attempt, for endpoints that do not set their own.
    pub timeout: Duration,
    /// Bytes of payload kept in memory.
    pub memory_bytes: usize,
    /// Failures in a row that pause an endpoint.
    pub breaker_failures: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 512,
            endpoint_concurrency: 64,
            timeout: Duration::from_secs(15),
            memory_bytes: 64 * 1024 * 1024,
            breaker_failures: 10,
        }
    }
}

impl Lanes {
    /// A handle and the inbox that [`start`] needs: made before it, since others need the handle.
    #[must_use]
    pub fn prepare(config: &Config, cluster: Arc<Cluster>) -> (Self, Inbox) {
        Self::new(HELD_MAX, config.memory_bytes, cluster)
    }
}

/// Dispatch, running.
pub struct Dispatch {
    context: Context,
    stop: CancellationToken,
    running: JoinHandle<()>,
    pulse: Arc<Pulse>,
}

/// Takes over what earlier holders left, finds the lanes that have work, and starts.
pub async fn start(
    context: Context,
    inbox: Inbox,
    client: Arc<Client>,
    config: Config,
) -> Result<Dispatch, Error> {
    let taken_over = context.store.take_over(SystemScope::assume()).await?;
    if taken_over > 0 {
        tracing::info!(deliveries = taken_over, "took over deliveries that were in flight");
    }
    let (settler, settling) = Settler::start(Arc::clone(&context));
    let ceilings = Ceilings {
        steady_slots: config.concurrency,
        probation_slots: (config.concurrency / 2).max(4),
        endpoint_concurrency: config.endpoint_concurrency,
        breaker_failures: config.breaker_failures,
        claims: reading::CLAIMS,
        loads: reading::LOADS,
    };
    let is_shared = context.lanes.cluster().is_shared();
    // What is owned of a shared store comes as a notice.
    let ownership = if is_shared { Ownership::none() } else { Ownership::all() };
    let mut scheduler = Scheduler::new(ceilings, ownership, context.lanes.clone());
    let now = context.now();
    look::at_all_lanes(&context, |lane| scheduler.waiting(now, lane.app, lane.endpoint, lane.due, false))
        .await?;

    let courier = Arc::new(Courier::new(Arc::clone(&context), client, settler.clone(), config.timeout));
    let (stop, pulse) = (CancellationToken::new(), Arc::new(Pulse::new(now)));
    if is_shared {
        tokio::spawn(look::again_and_again(Arc::clone(&context), stop.clone()));
    }
    let runner = Runner {
        context: Arc::clone(&context),
        scheduler,
        courier,
        settler,
        pulse: Arc::clone(&pulse),
        stop: stop.clone(),
    };
    let running = tokio::spawn(async move {
        runner.run(inbox).await;
        settling.await.ok();
    });
    Ok(Dispatch { context, stop, running, pulse })
}

impl Dispatch {
    /// How it is doing.
    #[must_use]
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Starts nothing more, gives back what was not started, waits for what is under way and for its settlement. What
    /// is not done after `grace` is left to the next start, which attempts it again.
    pub async fn drain(self, grace: Duration) {
        self.stop.cancel();
        let mut running = self.running;
        if tokio::time::timeout(grace, &mut running).await.is_ok() {
            return;
        }
        tracing::warn!("deliveries were still under way at the end of the grace period");
        // Requests end with this process; commands would outlive it.
        self.context.commands.stop();
        if tokio::time::timeout(COMMANDS_END, &mut running).await.is_err() {
            running.abort();
        }
    }
}

struct Runner {
    context: Context,
    scheduler: Scheduler<Arc<Destination>>,
    courier: Arc<Courier>,
    settler: Settler,
    pulse: Arc<Pulse>,
    stop: CancellationToken,
}

impl Runner {
    async fn run(mut self, mut inbox: Inbox) {
        let mut events = Vec::with_capacity(BATCH);
        let mut next_tick = self.context.now();
        let stop = self.stop.clone();
        loop {
            let now = self.context.now();
            // Without settling nothing is sent any more: that is no life, and only a restart helps.
            if self.settler.is_running() || stop.is_cancelled() {
                self.pulse.beat(now);
            }
            // By the clock and not by a branch of the wait: under load there is always an event that would go first.
            if now >= next_tick {
                self.on_tick(now);
                next_tick = now.after(TICK);
            }
            if stop.is_cancelled() {
                self.scheduler.stop_reading();
            }
            let may_send = !stop.is_cancelled() && self.may_send();
            self.act(now, may_send);
            if stop.is_cancelled() && self.is_drained() {
                break;
            }
            let wake = self.scheduler.wake_at().map_or(next_tick, |wake| wake.min(next_tick));
            let rest = wake.since(self.context.now());
            let rest = if may_send { rest } else { rest.min(LOOK_AGAIN) };
            tokio::select! {
                biased;
                _ = inbox.0.recv_many(&mut events, BATCH) => self.take_note(&mut events),
                () = tokio::time::sleep(rest) => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
        }
        // The last settlements may have handed over the next of an order.
        while let Ok(event) = inbox.0.try_recv() {
            events.push(event);
        }
        self.take_note(&mut events);
        self.act(self.context.now(), false);
        self.settler.release(&self.scheduler.drain());
    }

    /// Whether what is sent can be recorded, else it is sent again after a restart; and whether no other node may take
    /// this one for dead and send the same.
    fn may_send(&self) -> bool {
        self.settler.is_running()
            && self.settler.unsettled() < UNSETTLED_MAX
            && self.context.lanes.cluster().in_lease()
    }

    /// Whether nothing is on its way any more: to an endpoint, from the store or to it.
    fn is_drained(&self) -> bool {
        self.scheduler.in_flight() == 0 && self.scheduler.claiming() == 0 && self.settler.is_idle()
    }

    fn act(&mut self, now: Timestamp, may_send: bool) {
        while let Some(action) = self.scheduler.next_action(now, may_send) {
            self.carry_out(action);
        }
    }

    fn take_note(&mut self, events: &mut Vec<Event>) {
        let now = self.context.now();
        for event in events.drain(..) {
            match event {
                Event::Held(work) => self.scheduler.held(now, work),
                Event::Waiting { app, endpoint, due, manual } => {
                    self.scheduler.waiting(now, app, endpoint, due, manual);
                }
                Event::Changed { app, endpoint } => self.scheduler.changed(now, app, endpoint),
                Event::AppsChanged(apps) => self.scheduler.apps_changed(now, &apps),
                Event::AllChanged => self.scheduler.all_changed(now),
                Event::Gained(partitions) => self.scheduler.gained(now, &partitions),
                Event::Leaving(partitions) => self.scheduler.leaving(now, &partitions),
                Event::Lost(partitions) => self.scheduler.lost(now, &partitions),
                Event::Ended(ended) => self.scheduler.ended(now, ended),
                Event::Loaded { endpoint, app_rate, destination } => {
                    self.scheduler.loaded(now, endpoint, app_rate, destination.map(settings));
                }
                Event::NotLoaded { endpoint } => self.scheduler.not_loaded(now, endpoint),
                Event::Claimed { endpoint, work, next_due } => {
                    self.scheduler.claimed(now, endpoint, work, next_due);
                }
            }
        }
    }

    fn carry_out(&self, action: Action<Arc<Destination>>) {
        match action {
            Action::Send { work, destination } => {
                tokio::spawn(Arc::clone(&self.courier).deliver(work, destination));
            }
            Action::Claim { endpoint, limit } => {
                tokio::spawn(reading::claim(Arc::clone(&self.context), endpoint, limit));
            }
            Action::Load { app, endpoint } => {
                tokio::spawn(reading::load(Arc::clone(&self.context), app, endpoint));
            }
            Action::Release(work) => self.settler.release(&work),
            Action::Mark(app, mark) => self.settler.mark(app, mark),
            Action::HandOver(partitions) => {
                tokio::spawn(hand_over::run(Arc::clone(&self.context), self.settler.clone(), *partitions));
            }
        }
    }

    fn on_tick(&mut self, now: Timestamp) {
        self.scheduler.sweep(now);
        let oldest_due = self.scheduler.oldest_due();
        let oldest = oldest_due.map_or(0.0, |due| now.since(due).as_secs_f64());
        self.pulse.note(oldest_due, self.settler.unsettled(), self.scheduler.in_flight());
        let status = self.context.lanes.status();
        metrics::gauge!("postrider_dispatch_in_flight").set(self.scheduler.in_flight() as f64);
        metrics::gauge!("postrider_dispatch_held").set(status.held as f64);
        metrics::gauge!("postrider_dispatch_held_bytes").set(status.bytes as f64);
        metrics::gauge!("postrider_dispatch_lanes").set(self.scheduler.lanes() as f64);
        metrics::gauge!("postrider_dispatch_lanes_paused").set(self.scheduler.paused_lanes() as f64);
        metrics::gauge!("postrider_dispatch_oldest_due_seconds").set(oldest);
        metrics::gauge!("postrider_dispatch_unsettled").set(self.settler.unsettled() as f64);
    }
}

fn settings(destination: Arc<Destination>) -> Settings<Arc<Destination>> {
    Settings {
        disabled: destination.endpoint.disabled.is_some(),
        changed_at: destination.endpoint.updated_at,
        throttle_rate: destination.endpoint.throttle_rate,
        failing_since: destination.endpoint.failing_since,
        destination,
    }
}
