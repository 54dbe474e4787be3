//! The panel that sends a request on, and what came back.

use maud::{Markup, html};

use super::{Finding, Scene, content};
use crate::service::bins::Kept;
use crate::service::bins::replay::Replayed;
use crate::ui::text::{is_plain, size, visible};

/// Headers that are made anew for where the request goes.
const MADE_ANEW: [&str; 5] = ["connection", "content-length", "host", "transfer-encoding", "accept-encoding"];
/// Bytes of a body that can be edited in a form.
const EDITED: usize = 256 * 1024;

/// A request as it was filled in.
#[derive(Debug, Default)]
pub(in crate::bins) struct Edited {
    pub(in crate::bins) method: String,
    pub(in crate::bins) url: String,
    pub(in crate::bins) headers: String,
    pub(in crate::bins) body: String,
    /// Whether the bytes that came are sent instead of `body`.
    pub(in crate::bins) as_it_came: bool,
}

/// What was filled in, and what came of it.
#[derive(Debug)]
pub(in crate::bins) struct Sent {
    pub(in crate::bins) edited: Edited,
    pub(in crate::bins) outcome: Result<Replayed, String>,
}

impl Edited {
    /// The request as it came, for no place in particular.
    fn of(kept: &Kept) -> Self {
        let arrived = &kept.arrived;
        let headers = arrived.headers.iter().filter(|(name, _)| !MADE_ANEW.contains(&name.as_str()));
        let line =
            |(name, value): &(String, bytes::Bytes)| format!("{name}: {}", String::from_utf8_lossy(value));
        let lines: Vec<_> = headers.map(line).collect();
        let text = std::str::from_utf8(&arrived.body).ok();
        let text = text.filter(|text| text.len() <= EDITED && is_plain(text));
        Self {
            method: arrived.method.clone(),
            url: String::new(),
            headers: lines.join("\n"),
            body: text.unwrap_or_default().to_owned(),
            as_it_came: text.is_none(),
        }
    }
}

/// The panel; nothing for who may not act.
pub(super) fn panel(scene: &Scene<'_>, kept: &Kept) -> Markup {
    let sent = if let Finding::Replay(sent) = scene.finding { Some(sent) } else { None };
    let fresh = sent.is_none().then(|| Edited::of(kept));
    let Some(edited) = sent.map(|sent| &sent.edited).or(fresh.as_ref()) else { return html! {} };
    html! {
        @if scene.viewer.may_act() {
            details.panel #replay open[sent.is_some()] {
                summary { "Send again, with changes" }
                @if let Some(sent) = sent { (came_back(sent)) }
                (scene.form("replay", Some(kept.number), &fields(edited)))
            }
        }
    }
}

fn fields(edited: &Edited) -> Markup {
    html! {
        div.fields {
            label for="replay-method" { "Method" }
            input #replay-method type="text" name="method" value=(edited.method) maxlength="32" spellcheck="false";
            label for="replay-url" { "URL" }
            input #replay-url type="url" name="url" value=(edited.url) required placeholder="https://example.com/hook";
            label for="replay-headers" { "Headers" }
            // A browser drops the first line end of the text.
            textarea #replay-headers name="headers" rows="5" spellcheck="false" { "\n" (edited.headers) }
            label for="replay-body" { "Body" }
            textarea #replay-body name="body" rows="8" spellcheck="false" { "\n" (edited.body) }
            span {}
            label.check {
                input type="checkbox" name="as_it_came" checked[edited.as_it_came];
                " send the bytes that came, not the text above"
            }
        }
        button type="submit" { "Send" }
        p.hint { "A signature still fits if neither body nor signed headers change. Private addresses stay shut unless the server opens them." }
    }
}

fn came_back(sent: &Sent) -> Markup {
    html! {
        @match &sent.outcome {
            Err(why) => p.alert role="alert" { strong { "Not sent: " } (why) },
            Ok(replayed) => (answer(replayed)),
        }
    }
}

fn answer(replayed: &Replayed) -> Markup {
    let millis = |time: std::time::Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let timings = replayed.timings;
    html! {
        div.answer {
            @match &replayed.result {
                Err(why) => p.alert role="alert" { strong { "No answer: " } (why) },
                Ok(answer) => {
                    @let (kind, sign) = if (200..300).contains(&answer.status) { ("good", "✓") } else { ("bad", "!") };
                    p { span class={ "status " (kind) } { span aria-hidden="true" { (sign) " " } (answer.status) }
                        " from " (visible(&replayed.url, false)) }
                }
            }
            p.hint {
                "DNS " (millis(timings.dns)) " · connect " (millis(timings.connect)) " · TLS " (millis(timings.tls))
                " · first byte " (millis(timings.first_byte)) " · total " (millis(timings.total))
            }
            @if let Ok(answer) = &replayed.result {
                @let headers = answer.headers.iter().map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()));
                (content::table("Headers of the answer", "Header", &headers.collect::<Vec<_>>()))
                @if !answer.body.is_empty() {
                    h3 { "Body of the answer " span.count { (size(answer.body.len())) } }
                    pre.content tabindex="0" { (visible(&String::from_utf8_lossy(&answer.body), true)) }
                }
            }
        }
    }
}
