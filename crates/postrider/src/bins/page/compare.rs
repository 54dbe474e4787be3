//! The panel that compares a request with another one.

use maud::{Markup, html};

use super::{Scene, View, row};
use crate::service::bins::Kept;
use crate::service::bins::compare::compare;
use crate::ui::parts::difference;

/// Requests that can be chosen.
const CHOICE: usize = 100;

/// The panel; nothing where there is no other request.
pub(super) fn panel(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let requests = &scene.overview.requests;
    let others: Vec<_> = requests.iter().filter(|other| other.number != kept.number).take(CHOICE).collect();
    let other = scene.asked.with.and_then(|with| scene.context.bins.request(&scene.viewer.name, with));
    // The one before it, as a rule: what did the retry change?
    let before = others.iter().find(|other| other.number < kept.number).map(|other| other.number);
    let chosen = scene.asked.with.or(before);
    html! {
        @if !others.is_empty() {
            details.panel #compare open[other.is_some()] {
                summary { "Compare" }
                form method="get" action={ (scene.viewer.base) "#compare" } {
                    input type="hidden" name="r" value=(kept.number);
                    div.line {
                        label for="with" { "with" }
                        select #with name="with" {
                            @for other in &others {
                                option value=(other.number) selected[Some(other.number) == chosen] {
                                    (other.at.to_string()[11..19]) " " (other.arrived.method) " " (row::path(other))
                                }
                            }
                        }
                        button type="submit" { "Compare" }
                    }
                }
                @if let Some(other) = other { (differences(scene, &other, kept)) }
            }
        }
    }
}

fn differences(scene: &Scene<'_>, first: &Kept, second: &Kept) -> Markup {
    let comparison = compare(first, second);
    let parts = [
        ("Method and path", &comparison.target),
        ("Headers", &comparison.headers),
        ("Body", &comparison.body),
    ];
    html! {
        p.hint {
            span.first { "− " a href=(scene.link(first.number, View::Pretty, None)) { (first.at.to_string()[11..19]) } }
            " against "
            span.second { "+ " (second.at.to_string()[11..19]) " (this one)" }
            @if comparison.is_cut { ". Only the beginning of the bodies is compared" }
        }
        @for (title, lines) in parts {
            h4 { (title) @if lines.is_empty() { span.quiet { " are equal" } } }
            @if !lines.is_empty() { (difference(lines)) }
        }
    }
}
