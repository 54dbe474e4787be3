//! The panel that checks a signature.

use maud::{Markup, html};
use postrider_core::inbound::Presets;

use super::{Finding, Scene};
use crate::service::bins::Kept;
use crate::service::bins::signature::{Guessed, guess};
use crate::service::examine::{Outcome, Report};
use crate::ui::text::visible;

/// A check, and what was filled in for it, but for the secret.
#[derive(Debug)]
pub(in crate::bins) struct Checked {
    pub(in crate::bins) preset: String,
    pub(in crate::bins) url: String,
    pub(in crate::bins) settings: String,
    /// What was found, or why nothing was checked.
    pub(in crate::bins) outcome: Result<Report, String>,
}

/// The panel.
pub(super) fn panel(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let checked = if let Finding::Signature(checked) = scene.finding { Some(checked) } else { None };
    let url = checked.map_or_else(
        || format!("{}{}", scene.context.public_url(), kept.arrived.path),
        |checked| checked.url.clone(),
    );
    let guesses = guess(kept, &url);
    let chosen = checked.map(|checked| checked.preset.as_str());
    let chosen = chosen.or_else(|| guesses.first().map(|guess| guess.preset.as_str()));
    html! {
        details.panel #signature open[checked.is_some()] {
            summary {
                "Signature"
                @match (checked, guesses.first()) {
                    (Some(checked), _) => { " " (verdict(checked)) }
                    (None, Some(guess)) => span.quiet { " looks like " (guess.preset) },
                    _ => {}
                }
            }
            @if let Some(checked) = checked { (found(checked)) }
            @if let (None, Some(guess)) = (checked, guesses.first()) { (hint(guess)) }
            (scene.form("verify", Some(kept.number), &fields(checked, chosen, &url)))
        }
    }
}

fn hint(guess: &Guessed) -> Markup {
    html! { p.hint { (visible(&guess.why, false)) ". Its secret: " (guess.secret) } }
}

fn fields(checked: Option<&Checked>, chosen: Option<&str>, url: &str) -> Markup {
    html! {
        div.fields {
            label for="preset" { "Provider" }
            select #preset name="preset" {
                @for preset in Presets::embedded().iter() {
                    option value=(preset.name) selected[Some(preset.name.as_str()) == chosen] { (preset.title) }
                }
            }
            label for="secret" { "Secret" }
            input #secret type="password" name="secret" autocomplete="off" spellcheck="false"
                placeholder="used for this check, kept nowhere";
            label for="signed-url" { "Signed URL" }
            input #signed-url type="url" name="url" value=(url);
            label for="settings" { "Settings" }
            textarea #settings name="settings" rows="2" placeholder="name=value, a line each, where the provider needs some" {
                "\n" (checked.map_or("", |checked| checked.settings.as_str()))
            }
        }
        button type="submit" { "Check the signature" }
    }
}

fn verdict(checked: &Checked) -> Markup {
    let (kind, sign, word) = match &checked.outcome {
        Ok(report) if report.is_accepted() => ("good", "✓", report.verdict),
        Ok(report) if report.verdict == "unverified" => ("other", "?", "unverified"),
        Ok(_) => ("bad", "✕", "failed"),
        Err(_) => ("other", "?", "not checked"),
    };
    html! { span class={ "status " (kind) } { span aria-hidden="true" { (sign) " " } (word) } }
}

fn found(checked: &Checked) -> Markup {
    html! {
        @match &checked.outcome {
            Err(why) => p.alert role="alert" { (why) },
            Ok(report) => {
                @if let Some(reason) = &report.reason { p.alert role="alert" { (visible(reason, false)) } }
                @if report.is_accepted() {
                    p { "This request is " (checked.preset) "'s, as of when it came."
                        @if let Some(kind) = &report.event_type { " Event: " strong { (visible(kind, false)) } "." }
                    }
                }
                table.steps {
                    thead { tr { th scope="col" { "Step" } th scope="col" { "Outcome" } th scope="col" { "What was found" } } }
                    tbody {
                        @for step in &report.steps {
                            @let (kind, sign, word) = outcome(step.outcome);
                            tr {
                                th scope="row" { (step.name) }
                                td { span class={ "status " (kind) } { span aria-hidden="true" { (sign) " " } (word) } }
                                td { (visible(&step.detail, false)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn outcome(outcome: Outcome) -> (&'static str, &'static str, &'static str) {
    match outcome {
        Outcome::Ok => ("good", "✓", "right"),
        Outcome::Fail => ("bad", "✕", "wrong"),
        Outcome::Skipped => ("other", "–", "not looked at"),
    }
}
