//! What can be done with the whole bin: what it answers, who else sees it, taking it away.

use maud::{Markup, html};

use super::{Finding, Scene, head};
use crate::service::bins::{Script, Then, lines};
use crate::ui::text::visible;

/// The bar under the address.
pub(super) fn bar(scene: &Scene<'_>) -> Markup {
    html! {
        section.tools aria-label="This bin" {
            @if scene.viewer.may_act() { (script(scene)) }
            @else { (script_shown(&scene.overview.script)) }
            @if scene.viewer.may_act() { (share(scene)) }
            (export(scene))
        }
    }
}

fn script(scene: &Scene<'_>) -> Markup {
    let script = &scene.overview.script;
    let refused = if let Finding::Script { text, why } = scene.finding { Some((text, why)) } else { None };
    let text = refused.map_or_else(|| lines::write(script), |(text, _)| text.clone());
    let fields = html! {
        @if let Some((_, why)) = refused { p.alert role="alert" { (visible(why, false)) } }
        label for="steps" { "One step a line, one step for each request" }
        textarea #steps name="steps" rows="5" spellcheck="false" placeholder="500\n503 after 2s\ntimeout\nreset\n200 {\"ok\": true}" {
            "\n" (text)
        }
        p.hint { "A status, then " code { "after 2s" } " (up to 30s), then a body, or " code { "timeout" } " or " code { "reset" }
            ". Headers: " code { "PUT /bin/" (scene.viewer.name) "/script" } " as JSON." }
        div.line {
            label for="then" { "After the last step" }
            select #then name="then" {
                option value="repeat" selected[script.then == Then::Repeat] { "repeat it" }
                option value="cycle" selected[script.then == Then::Cycle] { "begin again" }
            }
            label.check {
                input type="checkbox" name="capture_get" checked[script.capture_get];
                " keep GET of the address, too"
            }
            button type="submit" { "Set" }
        }
    };
    html! {
        details.panel open[refused.is_some()] {
            summary { "Answers " span.quiet { (summary(scene)) } }
            (scene.form("script", None, &fields))
        }
    }
}

fn summary(scene: &Scene<'_>) -> String {
    let steps = scene.overview.script.steps.len();
    let taken = scene.overview.steps_taken;
    match (steps, scene.overview.script.then) {
        (0, _) => "200 to everything".to_owned(),
        (_, Then::Cycle) => format!("step {} of {steps} is next", taken % steps + 1),
        (_, Then::Repeat) => format!("step {} of {steps} is next", (taken + 1).min(steps)),
    }
}

fn script_shown(script: &Script) -> Markup {
    html! {
        @if !script.steps.is_empty() {
            details.panel {
                summary { "Answers" }
                pre tabindex="0" { (visible(&lines::write(script), true)) }
            }
        }
    }
}

fn share(scene: &Scene<'_>) -> Markup {
    let choice = [(1, "1 hour"), (24, "24 hours"), (72, "3 days"), (168, "7 days")];
    let fields = html! {
        label for="hours" { "Read-only, for" }
        select #hours name="hours" {
            @for (hours, words) in choice { option value=(hours) selected[hours == 24] { (words) } }
        }
        button type="submit" { "Make a link" }
    };
    html! {
        details.panel {
            summary { "Share " @if !scene.overview.shares.is_empty() { span.count { (scene.overview.shares.len()) } } }
            div.line { (scene.form("share", None, &fields)) }
            @if !scene.overview.shares.is_empty() {
                ul.links {
                    @for share in &scene.overview.shares {
                        li {
                            a href={ "/bin/shared/" (share.token) } { (scene.context.public_url()) "/bin/shared/" (share.token) }
                            " until " (head::time(share.until)) " "
                            (scene.form("unshare", None, &html! {
                                input type="hidden" name="link" value=(share.token);
                                button.danger type="submit" { "Revoke" }
                            }))
                        }
                    }
                }
            }
        }
    }
}

fn export(scene: &Scene<'_>) -> Markup {
    let base = &scene.viewer.base;
    html! {
        details.panel {
            summary { "Export" @if scene.viewer.may_act() { " and clear" } }
            div.actions {
                @for (form, word) in [("har", "HAR"), ("json", "JSON"), ("curl", "curl script")] {
                    a.button href={ (base) "/-/export/" (form) } { (word) }
                }
                @if scene.viewer.may_act() {
                    (scene.form("clear", None, &html! { button.danger type="submit" { "Delete all requests" } }))
                }
            }
        }
    }
}
