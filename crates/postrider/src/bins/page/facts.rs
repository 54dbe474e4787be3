//! What is to be said of a request besides what was in it, and how it is taken away.

use maud::{Markup, html};

use super::{Scene, head, row};
use crate::service::bins::{Ended, Kept, curl};
use crate::ui::text::{size, visible};

/// The heading with the facts.
pub(super) fn of(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let arrived = &kept.arrived;
    let kind = row::kind(kept);
    html! {
        header.request {
            h2 { span.method { (visible(&arrived.method, false)) } " " span.path { (visible(&row::path(kept), false)) } }
            dl.facts {
                div { dt { "Received" } dd { (head::time(kept.at)) } }
                div { dt { "From" } dd { @match arrived.remote {
                    Some(address) => (address),
                    None => "this machine",
                } } }
                div { dt { "Body" } dd { (size(arrived.body_bytes)) " in " (millis(kept)) } }
                div { dt { "Answered" } dd { span class={ "status " (kind) } {
                    span aria-hidden="true" { (row::sign(kind)) " " } (kept.answered)
                } } }
            }
            @if let Some(sentence) = cut(kept) {
                p.alert { span aria-hidden="true" { "✂ " } (sentence) }
            }
            @if scene.viewer.may_act() { (note(scene, kept)) }
            @else if let Some(note) = scene.overview.notes.get(&kept.number) {
                p.note { (visible(note, false)) }
            }
        }
    }
}

fn millis(kept: &Kept) -> String {
    format!("{:.2} ms", kept.arrived.took.as_secs_f64() * 1000.0)
}

/// What is missing of the body, if something is.
fn cut(kept: &Kept) -> Option<String> {
    let arrived = &kept.arrived;
    let why = match arrived.ended {
        Ended::Whole if !kept.is_cut() => return None,
        Ended::Whole => "",
        Ended::TooLarge => " There was more, which was not read.",
        Ended::TooSlow => " The rest did not come in time.",
        Ended::BrokenOff => " The connection ended before the rest came.",
    };
    Some(format!("The first {} of {} are kept.{why}", size(arrived.body.len()), size(arrived.body_bytes)))
}

fn note(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let note = scene.overview.notes.get(&kept.number).map_or("", String::as_str);
    let fields = html! {
        label for="note" { "Note" }
        input #note type="text" name="note" value=(note) maxlength="500" placeholder="What is it about?";
        button type="submit" { "Keep" }
    };
    html! { div.line { (scene.form("note", Some(kept.number), &fields)) } }
}

/// As a command, as a file, and away.
pub(super) fn rest(scene: &Scene<'_>, kept: &Kept) -> Markup {
    const SHOWN: usize = 16 * 1024;
    let command = curl::command(kept, scene.context.public_url());
    let base = format!("{}/-/requests/{}", scene.viewer.base, kept.number);
    html! {
        details.panel {
            summary { "Copy as curl" }
            @if command.len() <= SHOWN {
                div.copied {
                    pre #curl tabindex="0" { (visible(&command, true)) }
                    copy-text hidden from="curl" { button type="button" { "Copy" } }
                }
            } @else {
                p { "The command is long: " a href={ (base) "/curl" } { "download it" } "." }
            }
        }
        div.actions {
            a.button href={ (base) "/raw" } { "Download the body" }
            a.button href={ (base) "/curl" } { "Download as curl" }
            @if scene.viewer.may_act() {
                (scene.form("delete", Some(kept.number), &html! { button.danger type="submit" { "Delete request" } }))
            }
        }
    }
}
