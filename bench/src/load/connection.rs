//! One publishing connection.

use std::{
    fmt::{self, Write as _},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::{Plan, Progress};
use crate::{
    marker::{Epoch, Mark},
    target::Loopback,
    wire::{Message, Wire, WireError},
};

/// Longest wait for the answer to a publish.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// After so many broken publishes in a row a connection gives up.
const BREAKS_LIMIT: u32 = 10;
/// How much of the first refusal is kept.
const REFUSAL_KEPT: usize = 500;

pub(super) struct Task {
    pub(super) plan: Arc<Plan>,
    pub(super) address: Loopback,
    pub(super) progress: Arc<Progress>,
    pub(super) run: u64,
    pub(super) epoch: Epoch,
    pub(super) started_ns: u64,
}

impl Task {
    pub(super) async fn publish(self) {
        let mut wire = None;
        let mut breaks = 0;
        let (mut body, mut request) = (String::new(), String::new());
        while breaks < BREAKS_LIMIT {
            let number = self.progress.next.fetch_add(1, Relaxed);
            if number >= self.plan.messages {
                return;
            }
            self.wait_until_due(number).await;
            let aim = self.plan.aim_of(number);
            let sent_ns = self.epoch.now_ns();
            self.plan.template.render(Mark { run: self.run, number, sent_ns }, &mut body);
            request.clear();
            self.write(aim, &body, &mut request).expect("a string takes every write");
            if let Ok(Ok(answer)) = timeout(ANSWER_WITHIN, self.exchange(&mut wire, &request)).await {
                breaks = 0;
                self.book(aim, sent_ns, &answer);
            } else {
                breaks += 1;
                wire = None;
                self.progress.broken.fetch_add(1, Relaxed);
            }
        }
    }

    fn write(&self, aim: usize, body: &str, request: &mut String) -> fmt::Result {
        write!(request, "{}{}\r\n", self.plan.head_of(aim), body.len())?;
        if let Some(secret) = &self.plan.secret {
            write!(request, "x-hub-signature-256: {}\r\n", secret.sign(body.as_bytes()))?;
        }
        write!(request, "\r\n{body}")
    }

    async fn wait_until_due(&self, number: u64) {
        let Some(rate) = self.plan.rate else { return };
        let due_ns = self.started_ns + (number as f64 / rate * 1e9) as u64;
        if let Some(early_ns) = due_ns.checked_sub(self.epoch.now_ns()) {
            sleep(Duration::from_nanos(early_ns)).await;
        }
        self.progress.behind.record_ns(self.epoch.now_ns().saturating_sub(due_ns));
    }

    async fn exchange(&self, wire: &mut Option<Wire>, request: &str) -> Result<Message, WireError> {
        let wire = match wire {
            Some(wire) => wire,
            none => none.insert(Wire::new(self.address.connect().await?)),
        };
        wire.write(request.as_bytes()).await?;
        wire.response().await
    }

    fn book(&self, aim: usize, sent_ns: u64, answer: &Message) {
        if (200..300).contains(&answer.status()) {
            self.progress.accepted[aim].fetch_add(1, Relaxed);
            self.progress.acks.record_ns(self.epoch.now_ns() - sent_ns);
            return;
        }
        self.progress.refused.fetch_add(1, Relaxed);
        self.progress.first_refusal.get_or_init(|| {
            let mut text = answer.head.to_vec();
            text.extend_from_slice(&answer.body);
            text.truncate(REFUSAL_KEPT);
            String::from_utf8_lossy(&text).into_owned()
        });
    }
}
