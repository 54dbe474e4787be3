//! The fields of an endpoint, for a new one and for one that is there.

use maud::{Markup, html};
use postrider_core::endpoint::{Endpoint, Ordering};

use crate::service::endpoints::Changes;
use crate::service::fields::{Checks, InvalidFields};
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::typed;
use crate::ui::form::Form;

/// The fields.
pub(super) const FIELDS: [&str; 10] = [
    "url",
    "description",
    "uid",
    "eventTypes",
    "channels",
    "throttleRate",
    "timeoutSeconds",
    "ordering",
    "retrySchedule",
    "metadata",
];
/// The choices of an order.
const ORDERS: [(&str, &str); 2] =
    [("none", "Send as they come, several at once"), ("fifo", "Strictly one after the other")];

/// What stands in them of an endpoint.
pub(super) fn filled(endpoint: &Endpoint) -> Filled {
    let order = if endpoint.ordering == Ordering::Fifo { "fifo" } else { "none" };
    Filled::with([
        ("url", endpoint.url.clone()),
        ("description", endpoint.description.clone()),
        ("uid", endpoint.uid.clone().unwrap_or_default()),
        ("eventTypes", endpoint.event_types.join("\n")),
        ("channels", endpoint.channels.join(" ")),
        ("throttleRate", typed::of_number(endpoint.throttle_rate)),
        ("timeoutSeconds", typed::of_number(endpoint.timeout.map(|timeout| timeout.as_secs()))),
        ("ordering", order.to_owned()),
        ("retrySchedule", typed::of_schedule(endpoint.retry_schedule.as_ref())),
        ("metadata", typed::of_metadata(&endpoint.metadata)),
    ])
}

/// What was typed into them: all settings that the form has, so that an empty field clears one.
pub(super) fn changes(form: &Form) -> Result<Changes, InvalidFields> {
    let mut checks = Checks::default();
    let throttle_rate = checks.check("throttleRate", typed::number(form.get("throttleRate")));
    let timeout_seconds = checks.check("timeoutSeconds", typed::number(form.get("timeoutSeconds")));
    let retry_schedule = checks.check("retrySchedule", typed::schedule(form.get("retrySchedule")));
    let metadata = checks.check("metadata", typed::metadata(form.get("metadata")));
    checks.finish()?;
    Ok(Changes {
        url: Some(form.get("url").trim().to_owned()),
        description: Some(typed::lines(form.get("description"))),
        uid: Some(typed::text(form.get("uid"))),
        throttle_rate,
        event_types: Some(typed::words(form.get("eventTypes"))),
        channels: Some(typed::words(form.get("channels"))),
        metadata,
        timeout_seconds,
        ordering: Some(if form.get("ordering") == "fifo" { Ordering::Fifo } else { Ordering::None }),
        retry_schedule,
        ..Changes::default()
    })
}

/// The fields, those that few need behind a fold.
pub(super) fn fields(filled: &Filled) -> Markup {
    html! {
        (filled.line("url", "URL", "Where messages are sent, as HTTP POST."))
        (filled.line("description", "For", "What it is for, in your own words."))
        (filled.lines("eventTypes", "Event types", "The types it wants, one a line. Left empty, it wants all.", 3))
        details.panel open[filled.is_wrong()] {
            summary { "More settings" }
            div.stack {
                (filled.line("channels", "Channels", "The channels it listens on. Left empty, it gets messages of all."))
                (filled.line("throttleRate", "Rate limit", "Attempts a second, at most. Left empty, there is none."))
                (filled.line("timeoutSeconds", "Timeout", "Seconds that an attempt may take, up to 60. Left empty, as the server says."))
                (filled.line("retrySchedule", "Attempts", "Waits before each attempt, the first included, such as 0s 5s 5m 30m 2h. Left empty, as the event type or the environment says."))
                (filled.choice("ordering", "Order", "In strict order, a failing message holds up all behind it until it succeeds or somebody stops it.", &ORDERS))
                (filled.line("uid", "uid", "Your own id for it, if you have one."))
                (filled.lines("metadata", "Metadata", r#"Notes of yours, as a JSON object of texts, such as {"team": "billing"}."#, 3))
            }
        }
    }
}
