//! The attempts, newest first, each on one scale; those that are to come stand above them.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::attempt::{Attempt, Trigger};

use super::page::Scene;
use crate::ui::parts::{Kind, ago, clock, outcome, pill, waterfall};

/// Planned attempts that are shown one by one.
const PLANNED: usize = 3;

/// The table.
pub(super) fn of(scene: &Scene<'_>) -> Markup {
    let inspected = scene.inspected;
    let longest =
        inspected.attempts.iter().map(|attempt| attempt.timings.total).max().unwrap_or(Duration::ZERO);
    let planned = &inspected.planned[..inspected.planned.len().min(PLANNED)];
    let more = inspected.planned.len() - planned.len();
    let missing = (inspected.delivery.attempts as usize).saturating_sub(inspected.attempts.len());
    html! {
        section.card aria-labelledby="attempts" {
            h2 #attempts { "Attempts" }
            @if inspected.attempts.is_empty() && planned.is_empty() {
                p.hint { "None has been made, and none is planned." }
            } @else {
                table.timeline {
                    thead { tr {
                        th scope="col" { "No." } th scope="col" { "When" } th scope="col" { "Outcome" }
                        th.off-small scope="col" { "Time" } th.phases scope="col" { "Phases" }
                    } }
                    tbody {
                        @if more > 0 { tr.planned { td {} td colspan="4" { (more) " more planned after these" } } }
                        @for (place, at) in planned.iter().enumerate().rev() {
                            tr.planned {
                                td { (inspected.delivery.attempts as usize + place + 1) }
                                td { (ago(*at)) }
                                td { (pill(Kind::Waiting, "Planned")) }
                                td.off-small {}
                                td.phases {}
                            }
                        }
                        @for attempt in &inspected.attempts { (row(scene, attempt, longest)) }
                    }
                }
                (waterfall::legend())
                @if missing > 0 { p.hint { (missing) " older attempts are not shown, or have expired." } }
            }
        }
    }
}

fn row(scene: &Scene<'_>, attempt: &Attempt, longest: Duration) -> Markup {
    let is_chosen = scene.chosen().is_some_and(|chosen| chosen.id == attempt.id);
    html! {
        tr aria-current=[is_chosen.then_some("true")] {
            td { (attempt.number) }
            td { a href=(scene.link(attempt, scene.asked.view)) { (ago(attempt.at)) } @if attempt.trigger == Trigger::Manual { " " span.quiet { "by hand" } } }
            td { (outcome(attempt)) }
            td.off-small { (clock(attempt.timings.total)) }
            td.phases { (waterfall::bar(&attempt.timings, longest)) }
        }
    }
}
