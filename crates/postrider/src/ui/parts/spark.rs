//! Small drawings beside numbers: what happened over time, and how a message's deliveries stand.

use maud::{Markup, html};
use postrider_store::DeliveryStats;

/// Units of a drawing's height.
const HEIGHT: f64 = 28.0;
/// Units of a bar's width, and to the next one.
const BAR: (f64, f64) = (6.0, 8.0);
/// Units of the width of a bar that divides.
const WIDTH: f64 = 100.0;

/// Bars over time: for each point what went well and, on top, what did not. What happened at all is seen.
pub(crate) fn spark(points: &[(u64, u64)], label: &str) -> Markup {
    let most = points.iter().map(|(good, bad)| good + bad).max().unwrap_or(0).max(1) as f64;
    let height = |count: u64| if count == 0 { 0.0 } else { (count as f64 / most * HEIGHT).max(1.5) };
    let width = points.len() as f64 * BAR.1;
    html! {
        svg.spark viewBox={ "0 0 " (width.max(1.0)) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(label) {
            @for (place, (good, bad)) in points.iter().enumerate() {
                @let x = place as f64 * BAR.1;
                @let (below, above) = (height(*good), height(*bad));
                @if *good > 0 { rect.ok x=(x) y=(format!("{:.1}", HEIGHT - below)) width=(BAR.0) height=(format!("{below:.1}")) {} }
                @if *bad > 0 { rect.no x=(x) y=(format!("{:.1}", (HEIGHT - below - above).max(0.0))) width=(BAR.0) height=(format!("{above:.1}")) {} }
            }
        }
    }
}

/// How the deliveries of a message stand: a bar that divides, and the same in words.
pub(crate) fn fan_out(stats: &DeliveryStats) -> Markup {
    let parts = [
        ("fan-good", stats.succeeded, "delivered"),
        ("fan-bad", stats.failed, "failed"),
        ("fan-waiting", stats.pending + stats.sending, "waiting"),
        ("fan-canceled", stats.canceled, "canceled"),
    ];
    let all: u64 = parts.iter().map(|(_, count, _)| count).sum();
    let mut from = 0.0;
    let bars = parts.map(|(class, count, _)| {
        let width = count as f64 / all.max(1) as f64 * WIDTH;
        let bar = (class, from, width);
        from += width;
        bar
    });
    let words: Vec<_> = parts.iter().filter(|(_, count, _)| *count > 0).collect();
    html! {
        @if all == 0 { span.quiet { "to no endpoint" } }
        @else {
            span.fan {
                svg viewBox={ "0 0 " (WIDTH) " 6" } preserveAspectRatio="none" aria-hidden="true" {
                    @for (class, from, width) in bars.into_iter().filter(|(_, _, width)| *width > 0.0) {
                        rect class=(class) x=(format!("{from:.1}")) width=(format!("{width:.1}")) height="6" {}
                    }
                }
                span {
                    @for (place, (_, count, word)) in words.iter().enumerate() { @if place > 0 { " · " } (count) " " (word) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_out_divides_its_bar_and_says_the_same_in_words() {
        let stats = DeliveryStats { succeeded: 3, failed: 1, ..DeliveryStats::default() };
        let drawn = fan_out(&stats).into_string();
        assert!(drawn.contains("3 delivered · 1 failed") && !drawn.contains("waiting"), "{drawn}");
        assert!(drawn.contains(r#"class="fan-bad" x="75.0" width="25.0""#), "{drawn}");
        assert!(fan_out(&DeliveryStats::default()).into_string().contains("to no endpoint"));
    }

    #[test]
    fn what_happened_once_is_seen_beside_what_happened_often() {
        let drawn = spark(&[(10_000, 0), (0, 1), (0, 0)], "attempts").into_string();
        assert!(drawn.contains(r#"class="no" x="8" y="26.5""#), "{drawn}");
        assert_eq!(drawn.matches("<rect").count(), 2, "{drawn}");
    }
}
