//! A heat map: how many attempts took how long, over time, with the quantiles drawn over it.
//!
//! The drawing is for who sees and points; the table below has the same numbers and the same ways on, for everybody.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};
use postrider_core::rollup::{LATENCY_BUCKETS, latency_bounds};
use postrider_core::time::Timestamp;

use super::{clock, exact};
use crate::service::analytics::Heat;

/// Units of the width of all columns, and of a row's height.
const WIDTH: f64 = 800.0;
const ROW: f64 = 16.0;
/// Units left of the cells, for what they mean, and below them, for when they were.
const MARGIN: (f64, f64) = (58.0, 20.0);
/// Times that are written below the columns, and units that each takes.
const TIMES: usize = 7;
const TIME: f64 = 34.0;
/// Depths of colour.
const DEPTHS: u64 = 5;
/// What is drawn over the cells: its share, name and class.
const QUANTILES: [(f64, &str, &str); 3] =
    [(0.99, "p99", "heat-p99"), (0.95, "p95", "heat-p95"), (0.5, "p50", "heat-p50")];

/// The rows of a map: the buckets in which there is anything, and those between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rows {
    first: usize,
    last: usize,
}

/// The map with its table. `list` is the list that a cell leads to, as far as its search.
pub(crate) fn heat(heat: &Heat, list: &str) -> Markup {
    let rows = Rows::of(heat);
    let most = heat.points.iter().flat_map(|(_, counts)| counts.latencies()).max().unwrap_or(0);
    html! {
        figure.plot {
            figcaption { "Latency, by how many attempts took how long" }
            div.heat tabindex="0" role="group" aria-label="The table below has the numbers of this drawing." { (drawing(heat, rows, most, list)) }
            (legend(most))
            details.as-table {
                summary { "View as table" }
                div.scroll tabindex="0" role="group" aria-label="Latency" { (table(heat, rows, list)) }
            }
        }
    }
}

impl Rows {
    fn of(heat: &Heat) -> Self {
        let mut sums = [0_u64; LATENCY_BUCKETS];
        for (_, counts) in &heat.points {
            for (sum, count) in sums.iter_mut().zip(counts.latencies()) {
                *sum += count;
            }
        }
        let first = sums.iter().position(|sum| *sum > 0).unwrap_or(0);
        let last = sums.iter().rposition(|sum| *sum > 0).unwrap_or(first);
        Self { first, last }
    }

    const fn count(self) -> usize {
        self.last - self.first + 1
    }

    /// Buckets, the slowest first, as they are drawn.
    fn downwards(self) -> impl Iterator<Item = usize> {
        (self.first..=self.last).rev()
    }

    /// Where the lower edge of a bucket is drawn.
    fn bottom(self, bucket: f64) -> f64 {
        let rows = self.count() as f64;
        ((rows - (bucket - self.first as f64)) * ROW).clamp(0.0, rows * ROW)
    }
}

/// Which bucket a latency is in, and how far up, as the map's axis has it: doubled, each time a row higher.
fn height(latency: Duration) -> f64 {
    let millis = latency.as_secs_f64() * 1_000.0;
    let height = if millis < 1.0 { millis } else { 1.0 + millis.log2() };
    height.min(LATENCY_BUCKETS as f64)
}

/// How deep the colour of a count is: by its order of magnitude, since one slow attempt of a million is to be seen.
fn depth(count: u64, most: u64) -> u64 {
    if count == 0 {
        return 0;
    }
    let share = (count as f64).ln_1p() / (most.max(1) as f64).ln_1p();
    // Neither cast can lose anything: the share is between 0 and 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
    let depth = (share * DEPTHS as f64).ceil() as u64;
    depth.clamp(1, DEPTHS)
}

/// Where a bucket begins and ends, in words.
fn words(bucket: usize) -> String {
    let (begin, end) = latency_bounds(bucket);
    match bucket {
        0 => format!("under {} ms", end.as_millis()),
        _ if bucket + 1 == LATENCY_BUCKETS => format!("{} s and more", begin.as_millis() / 1_000),
        _ => format!("{} to {} ms", begin.as_millis(), end.as_millis()),
    }
}

/// Where a row begins, as short as it can be said: the axis has little room, and the titles are exact.
fn edge(bucket: usize) -> String {
    let millis = latency_bounds(bucket).0.as_millis();
    if millis < 1_000 { format!("{millis} ms") } else { format!("{} s", millis / 1_000) }
}

/// The list of what a cell counts. Writing to a string cannot fail.
fn link(heat: &Heat, at: Timestamp, bucket: usize, list: &str) -> String {
    let until = Timestamp::from_micros(at.as_micros() + heat.step);
    let (begin, end) = latency_bounds(bucket);
    let mut q = String::new();
    if bucket > 0 {
        let _ = write!(q, "latency:>={}ms ", begin.as_millis());
    }
    if bucket + 1 < LATENCY_BUCKETS {
        let _ = write!(q, "latency:<{}ms ", end.as_millis());
    }
    let _ = write!(q, "since:{at} until:{until}");
    let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
    format!("{list}?q={q}")
}

fn drawing(heat: &Heat, rows: Rows, most: u64, list: &str) -> Markup {
    let times: Vec<_> = heat.times().collect();
    let (column, below) = (WIDTH / times.len().max(1) as f64, rows.count() as f64 * ROW);
    let place =
        |at: Timestamp| (at.as_micros() - heat.since.as_micros()).div_euclid(heat.step) as f64 * column;
    html! {
        svg viewBox={ (-MARGIN.0) " -4 " (WIDTH + MARGIN.0) " " (below + MARGIN.1 + 4.0) } aria-hidden="true" {
            @for bucket in rows.downwards() {
                text.heat-axis x="-6" y=(format!("{:.1}", rows.bottom(bucket as f64) - 3.0)) text-anchor="end" { (edge(bucket)) }
            }
            rect.heat-0 x="0" y="0" width=(WIDTH) height=(below) {}
            @for (at, counts) in &heat.points {
                @for (bucket, count) in counts.latencies().into_iter().enumerate().filter(|(_, count)| *count > 0) {
                    a href=(link(heat, *at, bucket, list)) tabindex="-1" {
                        rect class={ "heat-" (depth(count, most)) } x=(format!("{:.1}", place(*at))) y=(rows.bottom(bucket as f64 + 1.0))
                            width=(format!("{:.1}", column - 1.0)) height=(ROW - 1.0) {
                            title { (count) " of " (words(bucket)) ", from " (at) }
                        }
                    }
                }
            }
            @for (share, _, class) in QUANTILES {
                path class=(class) d=(marks(heat, rows, share, column, &place)) {}
            }
            @for (number, at) in times.iter().enumerate().step_by((times.len() / TIMES).max(1)) {
                @let x = number as f64 * column;
                @if x + TIME <= WIDTH { text.heat-axis x=(format!("{x:.1}")) y=(below + 14.0) { (when(heat, *at)) } }
            }
        }
    }
}

/// A mark over each column where this share of its attempts stayed below. They are not joined: between two columns
/// nothing is known.
fn marks(heat: &Heat, rows: Rows, share: f64, column: f64, place: &impl Fn(Timestamp) -> f64) -> String {
    let marks = heat.points.iter().filter_map(|(at, counts)| Some((place(*at), counts.latency(share)?)));
    let marks =
        marks.map(|(x, latency)| format!("M{x:.1} {:.1}h{:.1}", rows.bottom(height(latency)), column - 1.0));
    marks.collect()
}

/// A time below the map: the day where columns are long, the hour where they are not.
fn when(heat: &Heat, at: Timestamp) -> String {
    const DAY: i64 = 24 * 3_600 * 1_000_000;
    let text = at.to_string();
    let part = if heat.until.as_micros() - heat.since.as_micros() > 2 * DAY { 5..10 } else { 11..16 };
    text.get(part).unwrap_or_default().to_owned()
}

fn legend(most: u64) -> Markup {
    // The smallest count of each depth; where there are few attempts, some depths have none.
    let smallest = |wanted: u64| {
        let least =
            (0.0_f64.max((wanted - 1) as f64 / DEPTHS as f64) * (most.max(1) as f64).ln_1p()).exp_m1();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, from a part of another"
        )]
        let near = least as u64;
        (near..=near.saturating_add(2)).find(|count| depth(*count, most) == wanted)
    };
    html! {
        p.legend {
            span { "Attempts in a cell:" }
            @for wanted in 1..=DEPTHS {
                @if let Some(count) = smallest(wanted).filter(|count| *count <= most) {
                    span { svg viewBox="0 0 10 10" aria-hidden="true" { rect class={ "heat-" (wanted) } width="10" height="10" rx="2" {} } "from " (count) }
                }
            }
            @for (_, name, class) in QUANTILES.into_iter().rev() {
                span { svg.wide viewBox="0 0 24 10" aria-hidden="true" { path class=(class) d="M1 5h22" {} } (name) }
            }
        }
    }
}

fn table(heat: &Heat, rows: Rows, list: &str) -> Markup {
    html! {
        table.numbers {
            thead { tr {
                th scope="col" { "From" }
                @for bucket in rows.first..=rows.last { th scope="col" { (words(bucket)) } }
                @for (_, name, _) in QUANTILES.into_iter().rev() { th scope="col" { (name) } }
            } }
            tbody {
                @for (at, counts) in &heat.points {
                    tr {
                        th scope="row" { (exact(*at)) }
                        @for bucket in rows.first..=rows.last {
                            @let count = counts.latencies()[bucket];
                            td { @if count > 0 { a href=(link(heat, *at, bucket, list)) { (count) } } @else { "–" } }
                        }
                        @for (share, _, _) in QUANTILES.into_iter().rev() {
                            td { @match counts.latency(share) { Some(latency) => (clock(latency)), None => "–" } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::rollup::{Counter, Counts};

    use super::*;

    fn map() -> Heat {
        let mut counts = Counts::default();
        counts.add(Counter::Latency3, 99);
        counts.add(Counter::Latency15, 1);
        let at = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
        Heat { since: at(0), until: at(60), step: 300_000_000, points: vec![(at(5), counts)] }
    }

    #[test]
    fn colours_tell_orders_of_magnitude_and_one_is_always_seen() {
        for (count, most, expected) in [
            (0, 10, 0),
            (1, 1, 5),
            (1, 1_000_000, 1),
            (999, 1_000_000, 3),
            (1_000_000, 1_000_000, 5),
            (9, 10, 5),
        ] {
            assert_eq!(depth(count, most), expected, "{count} of {most}");
        }
    }

    #[test]
    fn a_latency_is_as_high_as_its_bucket() {
        for (micros, expected) in
            [(0, 0.0), (500, 0.5), (1_000, 1.0), (2_000, 2.0), (16_384_000, 15.0), (90_000_000, 16.0)]
        {
            let height = height(Duration::from_micros(micros));
            assert!((height - expected).abs() < 1e-9, "{micros}: {height}");
        }
    }

    #[test]
    fn cells_lead_to_what_they_count() {
        let map = map();
        let (first, _) = map.points[0];
        let q = "since%3A1970-01-01T00%3A05%3A00.000000Z+until%3A1970-01-01T00%3A10%3A00.000000Z";
        for (bucket, expected) in [
            (0, format!("/d?q=latency%3A%3C1ms+{q}")),
            (3, format!("/d?q=latency%3A%3E%3D4ms+latency%3A%3C8ms+{q}")),
            (15, format!("/d?q=latency%3A%3E%3D16384ms+{q}")),
        ] {
            assert_eq!(link(&map, first, bucket, "/d"), expected);
        }
        let drawn = heat(&map, "/d").into_string();
        assert_eq!(
            drawn.matches("q=latency%3A%3E%3D16384ms").count(),
            2,
            "in the drawing and in the table: {drawn}"
        );
        assert!(drawn.contains("99 of 4 to 8 ms, from 1970-01-01T00:05:00.000000Z"), "{drawn}");
        assert!(drawn.contains("16 s and more"), "{drawn}");
    }

    #[test]
    fn the_legend_says_from_how_many_each_colour_is() {
        let drawn = legend(100).into_string();
        for depth in 1..=DEPTHS {
            assert!(drawn.contains(&format!("heat-{depth}")), "{drawn}");
        }
        assert!(drawn.contains("from 1<"), "{drawn}");
        assert!(!legend(1).into_string().contains("heat-4"), "depths that no count has are left out");
    }
}
