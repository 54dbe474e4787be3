//! Which event types are new, and which have changed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use maud::html;
use postrider_core::event_type::EventType;
use postrider_core::time::Timestamp;

use super::Asked;
use super::events::{first_line, link};
use super::frame;
use super::prose::inline;
use crate::ui::Page;
use crate::ui::text::visible;

/// Days that are shown, and entries of one day.
const DAYS: usize = 200;
const ENTRIES: usize = 200;

/// What happened to an event type on one day.
type Entry<'e> = (&'e EventType, &'static str);

/// By day, newest first. Of an event type that has changed several times, the last change is known.
fn by_day(event_types: &[EventType]) -> BTreeMap<Reverse<String>, Vec<Entry<'_>>> {
    let mut days: BTreeMap<_, Vec<Entry<'_>>> = BTreeMap::new();
    for event_type in event_types {
        let made = (event_type.created_at, "new");
        let changed = (event_type.updated_at, if event_type.deprecated { "deprecated" } else { "changed" });
        let is_changed = event_type.updated_at != event_type.created_at;
        for (at, what) in std::iter::once(made).chain(is_changed.then_some(changed)) {
            days.entry(Reverse(date(at))).or_default().push((event_type, what));
        }
    }
    days
}

/// The day of a moment, in UTC.
pub(super) fn date(at: Timestamp) -> String {
    at.to_string().chars().take("2026-01-31".len()).collect()
}

/// See the module's documentation.
pub(super) fn page(asked: &Asked<'_>) -> Page {
    let days = by_day(&asked.published.event_types);
    let content = html! {
        h1 { "Changes" }
        p { "When each event type was made, and when it last changed, in UTC. What a version of a schema has otherwise than the one before "
            "stands on the page of its event type." }
        @if days.is_empty() { p.hint { "There are no event types yet." } }
        @for (Reverse(day), entries) in days.iter().take(DAYS) {
            section {
                h2 { time datetime=(day) { (day) } }
                ul.days {
                    @for (event_type, what) in entries.iter().take(ENTRIES) {
                        li {
                            (mark(what)) " "
                            a href=(link(&event_type.name)) { code { (visible(&event_type.name, false)) } } " "
                            span.quiet { (inline(first_line(&event_type.description))) }
                        }
                    }
                    @if entries.len() > ENTRIES { li.quiet { "… " (entries.len() - ENTRIES) " more" } }
                }
            }
        }
        @if days.len() > DAYS { p.hint { "… What lies further back is not shown." } }
    };
    let beside = html! { ul { @for (Reverse(day), entries) in days.iter().take(DAYS) { li { span.branch { (day) " " span.count { (entries.len()) } } } } } };
    frame::page(&asked.site, "Changes of event types", "/docs/changes", &beside, &content)
}

fn mark(what: &str) -> maud::Markup {
    let (class, sign) = match what {
        "new" => ("good", "+"),
        "deprecated" => ("bad", "−"),
        _ => ("other", "≠"),
    };
    html! { span class={ "status " (class) } { span aria-hidden="true" { (sign) " " } (what) } }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::EventTypeId;

    use super::*;

    #[test]
    fn days_go_back_and_a_change_is_told_once() {
        let event_type = |name: &str, made: i64, changed: i64, deprecated| EventType {
            id: EventTypeId::from_bytes([1; 20]),
            name: name.to_owned(),
            description: String::new(),
            archived: false,
            deprecated,
            schemas: None,
            group_name: None,
            feature_flags: Vec::new(),
            retry_schedule: None,
            created_at: Timestamp::from_seconds(made * 86_400),
            updated_at: Timestamp::from_seconds(changed * 86_400),
        };
        let all = [event_type("a", 0, 0, false), event_type("b", 0, 2, true), event_type("c", 1, 2, false)];
        let days = by_day(&all);
        let told = days.iter().map(|(Reverse(day), entries)| {
            let entries: Vec<_> =
                entries.iter().map(|(event_type, what)| format!("{} {what}", event_type.name)).collect();
            format!("{day}: {}", entries.join(", "))
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            ["1970-01-03: b deprecated, c changed", "1970-01-02: c new", "1970-01-01: a new, b new"]
        );
    }
}
