//! The page as a whole: the sentence, the attempts, what one of them sent and got, and the facts.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::attempt::Attempt;
use postrider_core::delivery::State;
use postrider_core::id::MessageId;
use postrider_core::rights::{Right, Rights};
use postrider_core::time::Timestamp;

use super::signature::Checked;
use super::told::{held_up, told};
use super::{Asked, View, attempt, timeline};
use crate::service::inspect::Inspected;
use crate::ui::icon::{Icon, icon};
use crate::ui::parts::{ago, edited, exact, id, span, state};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::{size, visible};

/// An attempt is about to be made when it is due as soon as this.
const SOON: Duration = Duration::from_secs(10);

/// Who looks, and where things lead.
pub(in crate::ui) struct Viewer<'a> {
    /// The page's own path.
    pub(in crate::ui) path: String,
    /// What the forms carry.
    pub(in crate::ui) csrf: &'a str,
    /// What may be done.
    pub(in crate::ui) rights: Rights,
    /// The page of the endpoint.
    pub(in crate::ui) endpoint: String,
    /// The page of the message; `None` where there is none, and neither is one of whose it is.
    pub(in crate::ui) message: Option<String>,
    /// The page of the application, where it is one's.
    pub(in crate::ui) app: Option<String>,
    /// The page where it is changed and sent; `None` where there is none.
    pub(in crate::ui) edit: Option<String>,
    /// The page of the message that this one was made of by hand, where there is one.
    pub(in crate::ui) original: Option<String>,
}

/// What the parts of the page are made from.
pub(in crate::ui) struct Scene<'a> {
    pub(in crate::ui) viewer: Viewer<'a>,
    pub(in crate::ui) inspected: &'a Inspected,
    pub(in crate::ui) asked: &'a Asked,
    pub(in crate::ui) now: Timestamp,
    /// What came of a secret that was checked against the signature of the attempt.
    pub(in crate::ui) checked: Option<Checked>,
}

impl<'a> Viewer<'a> {
    /// Somebody who has signed in to the dashboard.
    pub(super) fn signed_in(visitor: &'a SignedIn, inspected: &Inspected) -> Self {
        let Inspected { route, message, endpoint, .. } = inspected;
        let environment = visitor.environment().id;
        let owner = route.app.source.map_or_else(|| route.app.id.to_string(), |source| source.to_string());
        let place = |place: &str, rest: String| format!("/dashboard/{environment}/{place}/{owner}{rest}");
        let path = super::path(environment, &owner, message.id, endpoint.id);
        Self {
            edit: Some(format!("{path}/edit")),
            original: message.edited_of.map(|original| place("messages", format!("/{original}"))),
            path,
            csrf: visitor.csrf(),
            rights: visitor.identity().rights(),
            endpoint: place("endpoints", format!("/{}", endpoint.id)),
            message: Some(place("messages", format!("/{}", message.id))),
            app: route.app.source.is_none().then(|| place("applications", String::new())),
        }
    }
}

impl Scene<'_> {
    /// The page's title.
    pub(in crate::ui) fn title(&self) -> String {
        format!("{} to {}", self.inspected.message.event_type, host(&self.inspected.endpoint.url))
    }

    /// Its heading.
    pub(in crate::ui) fn heading(&self) -> Markup {
        let Inspected { message, delivery, .. } = self.inspected;
        html! { (visible(&message.event_type, false)) " " (state(delivery.state, delivery.attempts))
            @if message.edited_of.is_some() { " " (edited()) }
        }
    }

    /// All that stands below it.
    pub(in crate::ui) fn content(&self) -> Markup {
        html! {
            (self.sentence())
            div.columns {
                div.stack {
                    (timeline::of(self))
                    (attempt::of(self))
                }
                (self.facts())
            }
        }
    }

    /// The whole page's path.
    pub(super) fn path(&self) -> &str {
        &self.viewer.path
    }

    /// The page with another attempt or view of it.
    pub(super) fn link(&self, attempt: &Attempt, view: View) -> String {
        format!("{}?attempt={}&view={}", self.path(), attempt.id, view.name())
    }

    /// The attempt that is shown.
    pub(super) fn chosen(&self) -> Option<&Attempt> {
        let asked = self.asked.attempt;
        let named = self.inspected.attempts.iter().find(|attempt| Some(attempt.id) == asked);
        named.or_else(|| self.inspected.attempts.first())
    }

    fn sentence(&self) -> Markup {
        let told = told(self.inspected);
        let due = self.inspected.planned.first();
        let sentence = html! {
            p.sentence {
                strong class=(told.kind.class()) { (told.standing) }
                @if let Some(cause) = &told.cause { " — " (visible(cause, false)) }
                "."
                @if let Some(due) = due { " " (self.next(*due)) }
            }
        };
        html! {
            section.stack aria-label="What happened" {
                // What comes of it is a page without this part, which is loaded then.
                @if self.is_moving() { fresh-part #standing every="2" { (sentence) } } @else { (sentence) }
                @if let Some(original) = self.inspected.message.edited_of { (self.made_by_hand(original)) }
                @if let Some(why) = held_up(self.inspected) { p.alert { (why) } }
                @if let Some(advice) = told.advice { p.why { (advice) } }
                (self.acts())
            }
        }
    }

    /// Whether it is being sent, or about to be.
    fn is_moving(&self) -> bool {
        let is_soon = |due: &Timestamp| due.since(self.now) < SOON;
        match self.inspected.delivery.state {
            State::Held => true,
            State::Waiting => {
                held_up(self.inspected).is_none() && self.inspected.planned.first().is_some_and(is_soon)
            }
            State::Parked | State::Succeeded | State::Failed | State::Canceled => false,
        }
    }

    /// That it is somebody's test, and of which message.
    fn made_by_hand(&self, original: MessageId) -> Markup {
        html! {
            p.why {
                "Somebody has changed "
                @match &self.viewer.original {
                    Some(path) => a href=(path) { (original) },
                    None => (original),
                }
                " and sent it as this message. It is attempted once, and counts in no success rate."
            }
        }
    }

    /// When the next attempt comes.
    fn next(&self, due: Timestamp) -> Markup {
        let wait = due.since(self.now);
        html! {
            @if wait.is_zero() { "The next attempt is due now." }
            @else { "The next attempt is in " strong { (span(wait)) } " (" (exact(due)) ")." }
        }
    }

    fn acts(&self) -> Markup {
        let path = self.path();
        let (word, why_not) = match self.inspected.delivery.state {
            State::Held => ("Send again", Some("It is being sent at this moment.")),
            State::Parked => ("Send again", Some("Another one goes first in its order.")),
            State::Waiting => ("Send now", None),
            State::Succeeded | State::Failed | State::Canceled => ("Send again", None),
        };
        let why_not = match () {
            () if !self.viewer.rights.has(Right::Send) => Some("You may look, but not send."),
            () if self.inspected.message.payload.is_none() => {
                Some("Its payload has expired or was expunged.")
            }
            () => why_not,
        };
        let may_edit = self.viewer.rights.has(Right::Publish) && self.inspected.message.payload.is_some();
        let may_skip = matches!(self.inspected.delivery.state, State::Waiting | State::Parked);
        html! {
            div.actions {
                form method="post" action={ (path) "/resend" } {
                    input type="hidden" name="csrf" value=(self.viewer.csrf);
                    button.primary type="submit" data-key="r" disabled[why_not.is_some()] { (icon(Icon::RotateCcw)) (word) }
                }
                @if let (Some(edit), true) = (&self.viewer.edit, may_edit) {
                    a.button href=(edit) { "Edit and send…" }
                }
                @if may_skip && self.viewer.rights.has(Right::Send) {
                    form method="post" action={ (path) "/skip" } {
                        input type="hidden" name="csrf" value=(self.viewer.csrf);
                        button type="submit" { "Stop trying" }
                    }
                }
                @if let Some(why_not) = why_not { span.hint { (why_not) } }
            }
        }
    }

    fn facts(&self) -> Markup {
        let Inspected { route, message, endpoint, .. } = self.inspected;
        let owner = route.app.source.map_or_else(|| route.app.id.to_string(), |source| source.to_string());
        html! {
            aside.card aria-label="Facts" {
                dl.facts.aside {
                    div { dt { "Message" } dd {
                        @if let Some(path) = &self.viewer.message { a href=(path) { "All its deliveries" } br; }
                        (id(message.id))
                    } }
                    div { dt { "Accepted" } dd { (ago(message.id.timestamp())) } }
                    div { dt { "Endpoint" } dd {
                        a href=(self.viewer.endpoint) { (visible(&endpoint.url, false)) }
                        @if !endpoint.description.is_empty() { br; span.quiet { (visible(&endpoint.description, false)) } }
                        br; (id(endpoint.id))
                    } }
                    @if self.viewer.message.is_some() && route.app.source.is_some() {
                        div { dt { "Source" } dd { (visible(&route.app.name, false)) br; (id(&owner)) } }
                    } @else if let Some(path) = &self.viewer.app {
                        div { dt { "Application" } dd {
                            a href=(path) { (visible(&route.app.name, false)) } br; (id(&owner))
                        } }
                    }
                    @if let Some(event) = &message.event_id { div { dt { "Event id" } dd { (visible(event, false)) } } }
                    @if !message.channels.is_empty() { div { dt { "Channels" } dd { (visible(&message.channels.join(", "), false)) } } }
                    @if !message.tags.is_empty() { div { dt { "Tags" } dd { (visible(&message.tags.join(", "), false)) } } }
                    @if let Some(key) = &message.ordering_key { div { dt { "Order" } dd { (visible(key, false)) } } }
                    @if let Some(at) = message.deliver_at { div { dt { "Not before" } dd { (exact(at)) } } }
                    @if let Some(payload) = &message.payload { div { dt { "Payload" } dd { (size(payload.body.len())) } } }
                }
            }
        }
    }
}

/// The host of a URL, for titles.
fn host(url: &str) -> String {
    let host = url::Url::parse(url).ok().and_then(|url| Some(url.host_str()?.to_owned()));
    host.unwrap_or_else(|| url.to_owned())
}
