//! Two attempts side by side: what was different the time before.

use maud::{Markup, html};
use postrider_core::attempt::Attempt;

use super::page::Scene;
use super::{View, told};
use crate::service::difference::{Line, lines};
use crate::ui::parts::{difference_but, exact, outcome};

/// Headers that are new with each attempt.
const EXPECTED: [&str; 9] = [
    "webhook-timestamp",
    "webhook-signature",
    "svix-timestamp",
    "svix-signature",
    "postrider-timestamp",
    "postrider-signature",
    "traceparent",
    "date",
    "x-request-id",
];

/// The comparison of `second` with the attempt that is asked for, or the one before it.
pub(super) fn of(scene: &Scene<'_>, second: &Attempt) -> Markup {
    let others = || scene.inspected.attempts.iter().filter(|other| other.id != second.id);
    let named = others().find(|other| Some(other.id) == scene.asked.with);
    // They are listed newest first, so that the first smaller number is the one before.
    let first =
        named.or_else(|| others().find(|other| other.number < second.number)).or_else(|| others().next());
    html! {
        div.card {
            @match first {
                None => p.hint { "There is no other attempt to compare this one with." },
                Some(first) => {
                    (choice(scene, first, second))
                    (differences(first, second))
                }
            }
        }
    }
}

fn choice(scene: &Scene<'_>, first: &Attempt, second: &Attempt) -> Markup {
    html! {
        form.line method="get" action=(scene.path()) {
            input type="hidden" name="attempt" value=(second.id);
            input type="hidden" name="view" value=(View::Compare.name());
            label for="with" { "Attempt " (second.number) " with" }
            select #with name="with" {
                @for other in scene.inspected.attempts.iter().filter(|other| other.id != second.id) {
                    option value=(other.id) selected[other.id == first.id] {
                        "attempt " (other.number) ", "
                        @match &other.failure { Some(failure) => (failure.class.name()), None => (other.status_code) }
                    }
                }
            }
            button type="submit" { "Compare" }
        }
    }
}

fn differences(first: &Attempt, second: &Attempt) -> Markup {
    let sorted = |lines: &[u8]| {
        let text = String::from_utf8_lossy(lines).into_owned();
        let mut lines: Vec<_> = text.lines().map(|line| format!("{line}\n")).collect();
        lines.sort();
        lines.concat()
    };
    let body = |attempt: &Attempt| {
        String::from_utf8_lossy(attempt.response.as_deref().unwrap_or_default()).into_owned()
    };
    let ended = |attempt: &Attempt| match &attempt.failure {
        Some(failure) => format!("{}\n", failure.sentence),
        None => format!("{}\n", told::status(attempt.status_code)),
    };
    let with = |attempt: &Attempt| attempt.remote.map(|remote| format!("{remote}\n")).unwrap_or_default();
    let parts: [(&str, Vec<Line>); 6] = [
        ("Outcome", lines(&ended(first), &ended(second))),
        ("URL", lines(&format!("{}\n", first.url), &format!("{}\n", second.url))),
        ("Address", lines(&with(first), &with(second))),
        ("Request headers", lines(&sorted(&first.request_headers), &sorted(&second.request_headers))),
        ("Answer's headers", lines(&sorted(&first.response_headers), &sorted(&second.response_headers))),
        ("Answer's body", lines(&body(first), &body(second))),
    ];
    html! {
        p.hint {
            span.first { "− attempt " (first.number) } " " (outcome(first)) " " (exact(first.at)) " against "
            span.second { "+ attempt " (second.number) } " " (outcome(second)) " " (exact(second.at))
            ". Time stamps and signatures differ each time and are shown quietly. The payload is always the same."
        }
        @for (title, lines) in parts {
            h3 { (title) @if lines.is_empty() { span.quiet { " is equal" } } }
            @if !lines.is_empty() { (difference_but(&lines, &EXPECTED)) }
        }
    }
}
