//! The phases of an attempt, drawn to scale.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::attempt::Timings;

/// Units of the drawing's width.
const WIDTH: f64 = 1_000.0;
/// Units of the drawing's height.
const HEIGHT: u32 = 14;

/// A part of an attempt's time.
struct Phase {
    word: &'static str,
    class: &'static str,
    took: Duration,
}

/// The phases in the order in which they happen. `first_byte` of the timings runs from the request's start, which may
/// have been on a connection that was there already.
fn phases(timings: &Timings) -> [Phase; 5] {
    let Timings { dns, connect, tls, first_byte, total } = *timings;
    let body = total.saturating_sub(dns + connect + tls + first_byte);
    [
        Phase { word: "name lookup", class: "phase-dns", took: dns },
        Phase { word: "connect", class: "phase-connect", took: connect },
        Phase { word: "TLS", class: "phase-tls", took: tls },
        Phase { word: "first byte", class: "phase-answer", took: first_byte },
        Phase { word: "rest", class: "phase-body", took: body },
    ]
}

/// The bar of one attempt, on a scale that ends at `longest`.
pub(crate) fn bar(timings: &Timings, longest: Duration) -> Markup {
    let scale = WIDTH / longest.as_secs_f64().max(f64::MIN_POSITIVE);
    let mut at = 0.0;
    let bars = phases(timings).map(|phase| {
        let width = phase.took.as_secs_f64() * scale;
        let from = at;
        at += width;
        (phase.class, from, width)
    });
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(words(timings)) {
            @for (class, from, width) in bars.into_iter().filter(|(_, _, width)| *width > 0.0) {
                // What took a moment is still seen.
                rect class=(class) x=(format!("{from:.1}")) y="2" width=(format!("{:.1}", width.max(2.0))) height=(HEIGHT - 4) {}
            }
        }
    }
}

/// The phases in words: `connect 1.2 ms, first byte 8.0 ms`.
pub(crate) fn words(timings: &Timings) -> String {
    let phases = phases(timings);
    let told = phases.iter().filter(|phase| !phase.took.is_zero());
    let told: Vec<_> = told.map(|phase| format!("{} {}", phase.word, super::clock(phase.took))).collect();
    told.join(", ")
}

/// What the colours mean.
pub(crate) fn legend() -> Markup {
    html! {
        p.legend aria-hidden="true" {
            @for phase in phases(&Timings::default()) {
                span { svg viewBox="0 0 10 10" { rect class=(phase.class) width="10" height="10" rx="2" {} } (phase.word) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_that_did_not_happen_are_left_out() {
        let millis = Duration::from_millis;
        let timings =
            Timings { connect: millis(2), first_byte: millis(5), total: millis(8), ..Timings::default() };
        assert_eq!(words(&timings), "connect 2.0 ms, first byte 5.0 ms, rest 1.0 ms");
        let drawn = bar(&timings, millis(16)).into_string();
        assert!(drawn.contains(r#"class="phase-answer" x="125.0" y="2" width="312.5""#), "{drawn}");
        assert!(!drawn.contains("phase-dns"));
    }
}
