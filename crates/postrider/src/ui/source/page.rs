//! What the page consists of.

use http::StatusCode;
use maud::{Markup, html};
use postrider_core::headers::is_sensitive;
use postrider_core::id::MessageId;
use postrider_core::reception::{Received, Refusal, Standing};
use postrider_core::source::{Hidden, Source};
use postrider_core::time::Timestamp;
use postrider_store::Listed;

use super::Asked;
use crate::service::bins::text::indented;
use crate::service::sources::{PAGE, Seen, Viewed};
use crate::ui::text::{size, visible};
use crate::ui::{Page, assets};

/// Bytes of an event's body that are shown, and of a refused request's.
const SHOWN: usize = 64 * 1024;
const REFUSED_SHOWN: usize = 2 * 1024;
/// Refused requests that are shown.
const REFUSED: usize = 25;
/// How much longer JSON may become when it is laid out.
const LAID_OUT: usize = 4;
/// Bytes that a secret has at least.
const SECRET_BYTES: usize = 4;

/// The source, as far as the visitor asks.
pub(super) fn of(
    viewed: &Viewed,
    listed: &Listed<Seen, MessageId>,
    refused: &[Refusal],
    asked: &Asked,
    event: Option<Seen>,
) -> Page {
    let source = &viewed.source.source;
    let secrets = Secrets::of(source);
    let name = if source.name.is_empty() { &source.kind } else { &source.name };
    let body = html! {
        header.banner {
            p.brand { "Postrider" }
            h1 { span.quiet { "Source " } (visible(name, false)) }
            p.badge.other { span aria-hidden="true" { "◎ " } "read-only until " (time(viewed.link.expires_at)) }
        }
        section.address aria-label="Address" {
            @match &viewed.source.address {
                Some(address) => p.where { (visible(&source.kind, false)) " sends to "
                    code #address { (address) }
                    " "
                    copy-text hidden from="address" { button type="button" { "Copy" } }
                },
                None => p.where { "Nothing is sent here: it publishes by a schedule." },
            }
        }
        main #main.bin {
            section.list aria-label="What came" {
                (came(listed, asked))
                (turned_away(refused, &secrets))
            }
            section.detail aria-label="Event" {
                @match (event, asked.event) {
                    (Some(seen), _) => (detail(&seen, &secrets)),
                    (None, Some(_)) => div.empty { h2 { "Not here" } p { "There is no such event, or it is no longer kept." } },
                    (None, None) => (waiting(viewed, listed)),
                }
            }
        }
    };
    Page::new(&format!("Source {name}"), &[&assets::ELEMENTS, &assets::BIN], &body)
}

fn came(listed: &Listed<Seen, MessageId>, asked: &Asked) -> Markup {
    html! {
        h2 { "Received " @if asked.before.is_some() { span.count { "earlier ones" } } }
        @if listed.rows.is_empty() { p.hint { "Nothing " @if asked.before.is_some() { "before that" } @else { "yet" } "." } }
        @else {
            div.rows {
                table {
                    thead.visually-hidden { tr { th { "Event" } th { "Came at" } th { "Check" } } }
                    tbody {
                        @for seen in &listed.rows {
                            @let id = seen.message.id;
                            tr aria-current=[(asked.event == Some(id)).then_some("true")] {
                                td.what { a href=(link(id, asked)) { (visible(&seen.message.event_type, false)) } }
                                td.when { (time(id.timestamp())) }
                                td { (verdict(seen)) }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = listed.next {
            p { a href={ (PAGE) "?before=" (next) } { "Earlier ones" } }
        }
    }
}

fn turned_away(refused: &[Refusal], secrets: &Secrets<'_>) -> Markup {
    html! {
        h2 { "Refused " span.count { (refused.len()) " kept" @if refused.len() > REFUSED { ", the last " (REFUSED) " shown" } } }
        @if refused.is_empty() { p.hint { "Nothing. What fails its check is kept here for a while, and goes nowhere." } }
        @for refusal in refused.iter().take(REFUSED) {
            details {
                summary {
                    span.status.bad { span aria-hidden="true" { "✕ " } (visible(&refusal.code, false)) } " "
                    (time(refusal.at))
                }
                p { (visible(&refusal.reason, false)) }
                (request(&refusal.request, secrets))
                pre tabindex="0" { (text(&refusal.body, REFUSED_SHOWN)) }
                p.hint { (size(usize::try_from(refusal.body_bytes).unwrap_or(usize::MAX))) " came; the beginning is kept." }
            }
        }
    }
}

/// What the check came to, in a word, a sign and a colour.
fn verdict(seen: &Seen) -> Markup {
    let Some(known) = &seen.reception else { return html! { span.status.other { "made by hand" } } };
    let (kind, sign) = match known.standing {
        Standing::Verified => ("good", "✓"),
        Standing::Authenticated => ("good", "◌"),
        Standing::Unverified => ("other", "?"),
        Standing::Failed => ("bad", "✕"),
    };
    html! {
        span class={ "status " (kind) } { span aria-hidden="true" { (sign) " " } (known.standing.name()) }
        @if known.duplicate_of.is_some() { " " span.quiet { "again" } }
        @if known.detail.replay.is_some() { " " span.quiet { "replayed" } }
    }
}

fn detail(seen: &Seen, secrets: &Secrets<'_>) -> Markup {
    let message = &seen.message;
    let detail = seen.reception.as_ref().map(|known| &known.detail);
    html! {
        h2 { (visible(&message.event_type, false)) }
        p { (verdict(seen)) " · " (time(message.id.timestamp())) " · " code { (message.id) } }
        @if let Some(detail) = detail {
            @if let Some(event_id) = &detail.event_id { p { "The provider's id: " code { (visible(event_id, false)) } } }
            @if let Some(reason) = &detail.reason { p.alert { (visible(reason, false)) } }
            @if let Some(came) = &detail.request { (request(came, secrets)) }
        }
        @match &message.payload {
            Some(payload) => {
                h3 { "Body " span.count { (size(payload.body.len())) } }
                @if secrets.are_in(&payload.body) { p.hint { "Its body has a secret of the source, so it is not shown." } }
                @else { pre tabindex="0" { (text(&payload.body, SHOWN)) } }
            }
            None => p.hint { "Its body is no longer kept." }
        }
    }
}

fn request(came: &Received, secrets: &Secrets<'_>) -> Markup {
    let withheld = html! { span.quiet { "(withheld)" } };
    html! {
        h3 { span.method { (visible(&came.method, false)) } " " span.path {
            (visible(if came.tail.is_empty() { "/" } else { &came.tail }, false))
            @if let Some(query) = &came.query {
                "?" @if secrets.are_in(query.as_bytes()) { (withheld) } @else { (visible(query, false)) }
            }
        } }
        table.pairs {
            tbody {
                @for (name, value) in &came.headers {
                    tr {
                        th scope="row" { (visible(name, false)) }
                        td {
                            @if is_sensitive(name) || secrets.are_in(&value.0) { (withheld) }
                            @else { (visible(&String::from(value.clone()), false)) }
                        }
                    }
                }
            }
        }
    }
}

/// What must not be shown to somebody who may only look: with it, and with the address, requests could be made that pass.
struct Secrets<'s>(Vec<&'s [u8]>);

impl<'s> Secrets<'s> {
    fn of(source: &'s Source) -> Self {
        let credentials = source.private.credentials.iter().map(|credential| credential.text.expose());
        let parameters = source.private.parameters.values().map(Hidden::expose);
        let all = credentials.chain(parameters).map(str::as_bytes);
        // Of a user name and a password, the password.
        let parts = all.flat_map(|text| {
            let password = text.iter().position(|byte| *byte == b':').map(|at| &text[at + 1..]);
            [Some(text), password]
        });
        // A short one would be found everywhere.
        Self(parts.flatten().filter(|text| text.len() >= SECRET_BYTES).collect())
    }

    fn are_in(&self, text: &[u8]) -> bool {
        self.0.iter().any(|secret| text.windows(secret.len()).any(|window| window == *secret))
    }
}

/// The beginning of a body as text, and all of it laid out where it is JSON that does not grow much.
fn text(body: &[u8], most: usize) -> Markup {
    let beginning = String::from_utf8_lossy(&body[..body.len().min(most)]);
    let laid_out = if body.len() <= most { indented(&beginning) } else { None };
    let laid_out = laid_out.filter(|text| text.len() <= LAID_OUT * most);
    html! {
        (visible(laid_out.as_deref().unwrap_or(&beginning), true))
        @if body.len() > most { span.quiet { "\n… " (size(body.len() - most)) " more" } }
    }
}

fn waiting(viewed: &Viewed, listed: &Listed<Seen, MessageId>) -> Markup {
    html! {
        div.empty {
            @if listed.rows.is_empty() {
                h2 { "Nothing has come yet" }
                p { "Give the address above to " (visible(&viewed.source.source.kind, false)) ". What is genuine appears on the left, "
                    "and what fails its check below it with the reason." }
            } @else {
                h2 { "Choose an event" }
                p { "It is shown here with its request and its body, as they came." }
            }
        }
    }
}

fn link(id: MessageId, asked: &Asked) -> String {
    match asked.before {
        Some(before) => format!("{PAGE}?event={id}&before={before}"),
        None => format!("{PAGE}?event={id}"),
    }
}

fn time(at: Timestamp) -> Markup {
    let text = at.to_string();
    html! { time datetime=(text) { (&text[..10]) " " (&text[11..19]) " UTC" } }
}

/// A field for the token; with a script it comes from the fragment of the address.
pub(super) fn locked(was_wrong: bool) -> Page {
    let body = html! {
        header.banner { p.brand { "Postrider" } h1 { "A source" } }
        main #main.narrow {
            h2 { "This page takes a link" }
            p { "Open the whole link that you were given. Links end, and end with their source." }
            @if was_wrong { p.alert role="alert" { "This link shows nothing any more, or never did." } }
            open-bin {
                form method="post" action={ (PAGE) "/open" } {
                    div.line {
                        label for="key" { "What stands behind “#key=” in the link" }
                        input #key type="password" name="key" autocomplete="off" required;
                        button type="submit" { "Open" }
                    }
                }
            }
        }
    };
    Page::new("A source", &[&assets::BIN], &body).with_status(StatusCode::UNAUTHORIZED)
}

/// Our own trouble.
pub(super) fn trouble() -> Markup {
    html! {
        header.banner { p.brand { "Postrider" } h1 { "Not now" } }
        main #main.narrow { p { "The server could not read its database. Try again in a moment." } }
    }
}
