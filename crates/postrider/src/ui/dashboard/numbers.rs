//! Figures: a few numbers that say how things are, each with the list that it was counted from.

use maud::{Markup, html};
use postrider_core::rollup::{Counter, Counts};

use super::analytics::draw::millis;
use super::span::Span;

/// The figures of a span. What each means is said below it.
pub(super) fn figures(total: &Counts, deliveries: &str, span: Span) -> Markup {
    let list = |term: &str| {
        let q: String =
            url::form_urlencoded::byte_serialize(format!("{term} since:{}", span.name()).as_bytes())
                .collect();
        format!("{deliveries}?q={q}")
    };
    let latency =
        |share| millis(total, share).map_or_else(|| "–".to_owned(), |millis| format!("{millis:.0}"));
    html! {
        div.figures {
            a.figure href=(list("")) {
                span.name { "Attempts" }
                span.value { (count(total.attempts())) }
                span.hint { (count(total.get(Counter::Retries))) " of them retries" }
            }
            a.figure href=(list("-status:delivered")) {
                span.name { "Success rate" }
                span.value { (share(total.success_rate())) }
                span.hint { "attempts answered with 2xx" }
            }
            a.figure href=(list("status:delivered")) {
                span.name { "Delivered" }
                span.value { (count(total.get(Counter::Delivered))) }
                span.hint { "messages that arrived" }
            }
            a.figure href=(list("status:failed")) {
                span.name { "Given up" }
                span.value { (count(total.get(Counter::GivenUp))) }
                span.hint { "after their last attempt" }
            }
            a.figure href=(list("latency:>2s")) {
                span.name { "Latency" }
                span.value { (latency(0.5)) small { " ms" } }
                span.hint { "half are faster; p95 " (latency(0.95)) " ms" }
            }
        }
    }
}

/// A count with its thousands apart.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of things, of which one has no `s`.
pub(super) fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{} {thing}s", count(number)) }
}

/// A share in percent. What is not whole never reads as whole.
pub(super) fn share(share: Option<f64>) -> String {
    let Some(share) = share else { return "–".to_owned() };
    let percent = share * 100.0;
    match percent {
        _ if share >= 1.0 => "100 %".to_owned(),
        _ if percent >= 99.9 => format!("{:.2} %", (percent * 100.0).floor() / 100.0),
        _ => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn a_share_is_whole_only_when_it_is() {
        for (number, text) in [
            (None, "–"),
            (Some(1.0), "100 %"),
            (Some(0.99999), "99.99 %"),
            (Some(0.9987), "99.9 %"),
            (Some(0.5), "50.0 %"),
        ] {
            assert_eq!(share(number), text);
        }
    }
}
