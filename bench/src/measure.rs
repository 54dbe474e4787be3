//! One measured run: publish the plan, wait for the deliveries, report.

use std::{sync::Arc, time::Duration};

use crate::{
    load::{self, Plan},
    marker::{self, Epoch},
    receiver::{Expectation, Receiver, TooMany},
    report::{self, Report},
};

/// Runs a plan against whatever delivers to `receiver`. Gives up on deliveries once none has arrived for
/// `patience`.
pub async fn run(
    plan: Plan,
    receiver: &Receiver,
    epoch: Epoch,
    patience: Duration,
) -> Result<Report, TooMany> {
    let plan = Arc::new(plan);
    let run = marker::fresh_run();
    let round =
        receiver.begin(Expectation { run: Some(run), messages: plan.messages, lanes: plan.lanes() })?;
    let published = load::run(Arc::clone(&plan), run, epoch).await;
    round.settled(report::expected(&plan, &published), patience).await;
    Ok(Report::new(&plan, &published, &round))
}
