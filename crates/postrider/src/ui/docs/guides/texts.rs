//! Guides that are mostly words.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::limits;

use crate::ui::catalog::header_names;
use crate::ui::docs::Asked;
use crate::ui::parts::span;

/// The first two headers of a delivery that tell it apart: those of the first set that is sent.
fn names(asked: &Asked<'_>) -> [&'static str; 3] {
    let sets = header_names(asked.published.environment.settings.signature_headers);
    sets.first().copied().unwrap_or_default()
}

pub(super) fn answers(asked: &Asked<'_>) -> Markup {
    let timeout = asked.catalog.settings().timeout;
    html! {
        p { "Answer with a status from 200 to 299 as soon as you have the event, and do the work afterwards. "
            "What you write into the answer's body does not matter." }
        div.scroll { table.schema {
            thead { tr { th scope="col" { "Your answer" } th scope="col" { "What follows" } } }
            tbody {
                tr { th scope="row" { "200 to 299" } td { "It arrived: the event is not sent to this endpoint again." } }
                tr { th scope="row" { "300 to 399" } td { "A failure: redirects are not followed. Change the endpoint's URL instead." } }
                tr { th scope="row" { "410" } td { "The endpoint is disabled: nothing is sent to it until somebody enables it again." } }
                tr { th scope="row" { "Any other status" } td { "A failure: the event is " a href="/docs/guides/retries" { "sent again later" } "." } }
                tr { th scope="row" { "None within " (span(timeout)) } td { "A failure, from the connection to the last byte of the answer. An endpoint may have been given another time, of at most "
                    (span(limits::ATTEMPT_TIMEOUT_MAX)) "." } }
            }
        } }
        p { "The header " code { "Retry-After" } " of a failure is honoured, be it seconds or a date: the next attempt comes no sooner, up to "
            (span(limits::RETRY_AFTER_MAX)) ". Use it when you are overloaded." }
        p { "An endpoint that has only failed for " (span(limits::FAILING_BEFORE_DISABLED)) " is disabled." }
    }
}

pub(super) fn retries(asked: &Asked<'_>) -> Markup {
    let settings = &asked.published.environment.settings;
    let mut sum = Duration::ZERO;
    let rows = settings.retry_schedule.waits().iter().map(|wait| {
        sum += *wait;
        (*wait, sum)
    });
    let rows: Vec<_> = rows.collect();
    html! {
        p { "An event that did not arrive is sent again, until it arrives or these attempts are used up. "
            "One endpoint's failures neither delay nor repeat what other endpoints get." }
        div.scroll { table.schema {
            thead { tr { th scope="col" { "Attempt" } th scope="col" { "After the one before" } th scope="col" { "After the event" } } }
            tbody { @for (index, (wait, total)) in rows.iter().enumerate() {
                tr {
                    th scope="row" { (index + 1) }
                    td { @if wait.is_zero() { "at once" } @else { (span(*wait)) } }
                    td { @if total.is_zero() { "at once" } @else { (span(*total)) } }
                }
            } }
        } }
        p { "Waits are a tenth longer or shorter by chance, so that what failed together does not come back together. "
            "An event type or an endpoint may have a schedule of its own. After the last attempt an event has failed; it can still be sent again by hand." }
        p { "When an endpoint fails again and again, deliveries to it pause, one is tried from time to time, and the rest follow gently once it succeeds." }
    }
}

pub(super) fn repetitions(asked: &Asked<'_>) -> Markup {
    let [id, timestamp, _] = names(asked);
    html! {
        p { "Every event arrives at least once, and seldom twice: when your answer was lost on its way, when it came too late, or when somebody has it sent again." }
        p { "The header " code { (id) } " is the same each time an event is sent to you, and never the same for two events. "
            "Keep the ids that you have worked on, for as long as events are sent again, and answer those that you know with 200." }
        p { "Keep the id in the same transaction as your own work. An id that is stored first loses the event when the work fails, and one that is stored afterwards does the work twice." }
        p { "Events may arrive in another order than they happened, since an older one may be on its second attempt. "
            "The header " code { (timestamp) } " says when the attempt was made, not when the event happened: what orders events is in their bodies." }
    }
}

pub(super) fn addresses(asked: &Asked<'_>) -> Markup {
    let addresses = &asked.catalog.settings().addresses;
    html! {
        @if addresses.is_empty() {
            p { "The addresses that deliveries come from are not promised and may change. Rely on the "
                a href="/docs/guides/signatures" { "signature" } ", which nobody else can make." }
        } @else {
            p { "Deliveries come from these networks, and from nowhere else:" }
            ul.addresses { @for network in addresses { li { code { (network) } } } }
            p { "Let them in where a firewall stands in front of your endpoint, and " a href="/docs/guides/signatures" { "verify the signature" }
                " all the same: an address alone proves nothing." }
        }
        p { "Endpoints need an address on the public internet. Redirects are not followed, and over HTTPS the certificate must be one that browsers trust." }
    }
}
