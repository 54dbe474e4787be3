//! The list of what came.

use maud::{Markup, html};

use super::{Scene, row};
use crate::service::bins::Kept;
use crate::ui::text::{size, visible};

/// The left column.
pub(super) fn column(scene: &Scene<'_>) -> Markup {
    let requests = &scene.overview.requests;
    html! {
        section.list aria-label="Requests" {
            form.search method="get" action=(scene.viewer.base) role="search" {
                label.visually-hidden for="q" { "Search method, path, headers, body and notes" }
                input #q type="search" name="q" value=(scene.asked.search) placeholder="Search requests";
                button type="submit" { "Search" }
            }
            @if !scene.asked.search.is_empty() {
                p.hint {
                    (requests.len()) " of " (scene.overview.caps.requests) " match. "
                    a href=(scene.viewer.base) { "Show all" }
                }
            }
            div.rows #rows tabindex="0" role="group" aria-label="Requests, newest first" {
                table {
                    thead { tr {
                        th scope="col" { "Request" }
                        th scope="col" { "Received" }
                        th scope="col" { "Answered" }
                    } }
                    tbody #requests data-empty[scene.overview.caps.requests == 0] {
                        @for kept in requests { (line(scene, kept)) }
                    }
                }
            }
            template #row { (blank()) }
        }
    }
}

fn line(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let is_shown = scene.shown.as_ref().is_some_and(|shown| shown.number == kept.number);
    let kind = row::kind(kept);
    html! {
        tr data-number=(kept.number) aria-current=[is_shown.then_some("true")] {
            td.what {
                a href=(scene.link(kept.number, scene.asked.view, None)) {
                    span.method { (visible(&kept.arrived.method, false)) } " "
                    span.path { (visible(&row::path(kept), false)) }
                }
                @if let Some(note) = scene.overview.notes.get(&kept.number) {
                    span.note { (visible(note, false)) }
                }
            }
            td.when {
                time datetime=(kept.at) { (clock(kept)) }
                span.quiet { " " (size(kept.arrived.body_bytes)) }
            }
            td { span class={ "status " (kind) } {
                span aria-hidden="true" { (row::sign(kind)) " " } (row::answered(kept))
            } }
        }
    }
}

/// A row that the live view fills.
fn blank() -> Markup {
    html! {
        tr {
            td.what { a { span.method {} " " span.path {} } }
            td.when { time {} span.quiet {} }
            td { span.status { span aria-hidden="true" {} span.word {} } }
        }
    }
}

fn clock(kept: &Kept) -> String {
    kept.at.to_string()[11..19].to_owned()
}
