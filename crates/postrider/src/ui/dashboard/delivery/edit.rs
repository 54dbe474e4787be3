//! A message is changed by hand and sent to one endpoint: the form, and what becomes of it.
//!
//! What is typed is compared with what the form showed: a payload that nobody touched stays as it is to the byte, although
//! the form lays it out.

use std::collections::BTreeMap;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::endpoint::{Disabled, DisabledReason, Endpoint};
use postrider_core::id::EndpointId;
use postrider_core::limits;
use postrider_core::message::{Message, Payload};
use postrider_core::names::Invalid;
use postrider_core::replay::Sign;
use postrider_core::rights::Right;
use postrider_store::Page as Rows;

use super::Named;
use crate::context::Context;
use crate::service::fields::{Checks, FieldError, InvalidFields};
use crate::service::replay::{self, Edits, Replayed};
use crate::service::{endpoints, messages};
use crate::ui::Page;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::people::token;
use crate::ui::dashboard::thing::Whose;
use crate::ui::dashboard::{act, typed};
use crate::ui::form::Form;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::json;
use crate::ui::page::see;
use crate::ui::parts::id;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::{size, visible};

/// Bytes of a payload that can be edited in a form, which may grow to twice that as it is laid out.
const EDITED: usize = 256 * 1024;
/// The form's fields.
const FIELDS: [&str; 4] = ["endpoint", "payload", "headers", "sign"];
/// Whose signature a message of a source has.
const SIGNS: [(&str, &str); 3] = [
    ("provider", "One as the provider's, of this moment"),
    ("postrider", "Ours, with the endpoint's key"),
    ("asItCame", "The provider's, as it came: it does not fit a payload that is changed"),
];

/// What is edited.
struct Editing {
    whose: Whose,
    message: Message,
    /// The endpoint that it is offered for.
    endpoint: EndpointId,
    /// Endpoints of the same owner, at most a page of them and this one.
    endpoints: Vec<Endpoint>,
    /// The payload as the form shows it; `None` where it cannot be edited in one.
    shown: Option<String>,
}

/// The form.
pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
) -> Result<Response, Failure> {
    let editing = Editing::read(&context, &visitor, &named).await?;
    let filled = Filled::with([
        ("endpoint", editing.endpoint.to_string()),
        ("payload", editing.shown.clone().unwrap_or_default()),
        ("sign", editing.usual_sign().to_owned()),
    ]);
    Ok(editing.page(&visitor, &named, &filled).into_response())
}

/// Sends what the form says, and shows its delivery.
pub(super) async fn send(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Publish)?;
    let editing = Editing::read(&context, &visitor, &named).await?;
    let sent = match editing.edits(&form) {
        Ok(edits) => editing.send(&context, &visitor, &form, edits).await,
        Err(invalid) => Err(invalid.into()),
    };
    match sent {
        Ok(Replayed { message, to, .. }) => {
            let endpoint = to.endpoints.first().copied().unwrap_or(editing.endpoint);
            Ok(see(&super::path(visitor.environment().id, &editing.whose, message, endpoint)))
        }
        Err(replay::Error::Invalid(invalid)) => {
            let page = editing.page(&visitor, &named, &Filled::typed(&form, &placed(invalid)));
            Ok(page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

impl Editing {
    async fn read(context: &Context, visitor: &SignedIn, named: &Named) -> Result<Self, Failure> {
        let (identity, whose) = (visitor.identity(), Whose::named(&named.owner));
        let message =
            messages::get(context, identity, whose.owner(), &Ref::parse(&named.message), true).await?;
        let Some(payload) = &message.payload else { return Err(replay::Error::NoPayload.into()) };
        let shown = json::editable(&payload.body, EDITED);
        let all = Rows { limit: limits::PAGE_MAX, edge: None, order: None };
        let this = endpoints::get(context, identity, whose.owner(), &Ref::parse(&named.endpoint)).await?;
        let mut endpoints = endpoints::list(context, identity, whose.owner(), all).await?.rows;
        let endpoint = this.id;
        // Of very many endpoints the form offers some, and this one among them.
        if endpoints.iter().all(|other| other.id != endpoint) {
            endpoints.insert(0, this);
        }
        Ok(Self { whose, message, endpoint, endpoints, shown })
    }

    fn payload(&self) -> &Payload {
        self.message.payload.as_ref().expect("it was there when this was made")
    }

    /// Where endpoints get what the provider sent, they check the provider's signature.
    fn usual_sign(&self) -> &'static str {
        let is_providers = self.payload().raw.as_ref().is_some_and(|raw| raw.as_it_came);
        if is_providers { "provider" } else { "postrider" }
    }

    /// What was changed, with what is wrong in the names of the form.
    fn edits(&self, form: &Form) -> Result<Edits, InvalidFields> {
        let mut checks = Checks::default();
        let headers = checks.check("headers", headers(form.get("headers"))).unwrap_or_default();
        let body = match &self.shown {
            Some(shown) => {
                let typed = form.lines("payload", shown.as_bytes());
                let is_left_out = |name: &str| headers.get(&name.to_ascii_lowercase()) == Some(&None);
                let own =
                    self.payload().raw.iter().flat_map(|raw| &raw.headers).map(|(name, _)| name.as_str());
                let set = headers.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name.as_str());
                let names = own.filter(|name| !is_left_out(name)).chain(set);
                let is_json =
                    matches!(self.whose, Whose::App(_)) && replay::stays_json(self.payload(), names);
                if is_json && let Err(invalid) = typed::json(&typed) {
                    checks.check::<()>("payload", Err(invalid));
                }
                (typed != *shown).then(|| typed.into())
            }
            None => None,
        };
        checks.finish()?;
        Ok(Edits { headers, body, set: BTreeMap::new() })
    }

    async fn send(
        &self,
        context: &Context,
        visitor: &SignedIn,
        form: &Form,
        edits: Edits,
    ) -> Result<Replayed, replay::Error> {
        let to = replay::Named { endpoints: vec![Ref::parse(form.get("endpoint"))], listener: None };
        let identity = visitor.identity();
        match &self.whose {
            Whose::App(app) => {
                let which = (app, &Ref::Id(self.message.id));
                let sending = replay::published(context, identity, which, (to, edits), None);
                act::done(visitor, context, "message.replay", sending).await
            }
            Whose::Source(source) => {
                let sign = match form.get("sign") {
                    "provider" => Sign::Provider,
                    "postrider" => Sign::Postrider,
                    _ => Sign::AsItCame,
                };
                let which = (source, self.message.id);
                let sending = replay::one(context, identity, which, (to, sign, edits), None);
                act::done(visitor, context, "ingest_reception.replay", sending).await
            }
        }
    }

    fn page(&self, visitor: &SignedIn, named: &Named, filled: &Filled) -> Page {
        let event_type = &self.message.event_type;
        let back = super::path(visitor.environment().id, &named.owner, &named.message, &named.endpoint);
        let body = html! {
            @if visitor.identity().rights().has(Right::Send) {
                div.columns {
                    section.card aria-label="The changed message" {
                        (filled.summary(&FIELDS))
                        (self.form(visitor, &back, filled))
                    }
                    (self.differs())
                }
            } @else {
                p.hint { "Changing a message takes the right to publish, which your role has not." }
            }
        };
        let heading = html! { "Edit and send " (visible(event_type, false)) };
        Frame::new(visitor, Place::Deliveries).of(&format!("Edit and send {event_type}"), heading).page(&body)
    }

    fn form(&self, visitor: &SignedIn, back: &str, filled: &Filled) -> Markup {
        html! {
            form.stack method="post" action={ (back) "/edit" } {
                (token(visitor))
                (self.target(filled))
                (self.field(filled))
                (filled.lines("headers", "Headers", &self.headers_hint(), 3))
                @if let Whose::Source(_) = self.whose { (filled.choice("sign", "Signature", "", &SIGNS)) }
                div.actions {
                    button.primary type="submit" { (icon(Icon::Send)) "Send" }
                    a.button href=(back) { "Cancel" }
                }
            }
        }
    }

    fn target(&self, filled: &Filled) -> Markup {
        let word = |endpoint: &Endpoint| match endpoint.disabled {
            Some(Disabled { reason: DisabledReason::Asked, .. }) => {
                format!("{} (paused: it waits until the endpoint is resumed)", endpoint.url)
            }
            Some(_) => format!("{} (disabled: it waits until the endpoint is resumed)", endpoint.url),
            None => endpoint.url.clone(),
        };
        let offers: Vec<_> =
            self.endpoints.iter().map(|endpoint| (endpoint.id.to_string(), word(endpoint))).collect();
        let offers: Vec<_> = offers.iter().map(|(id, word)| (id.as_str(), word.as_str())).collect();
        filled.choice(
            "endpoint",
            "Endpoint",
            "It goes there and nowhere else, whatever the endpoint filters.",
            &offers,
        )
    }

    fn field(&self, filled: &Filled) -> Markup {
        let length = self.payload().body.len();
        html! {
            @match &self.shown {
                Some(shown) => (filled.lines("payload", "Payload", "", rows(shown))),
                None if length > EDITED => p.hint {
                    "The payload has " (size(length)) ", which is too much for a form: it stays as it is. "
                    code { "postrider replay --set" } " changes single values of it."
                },
                None => p.hint { "The payload is no text that a form can hold, so it stays as it is." },
            }
        }
    }

    /// Names alone: a value may be a credential.
    fn headers_hint(&self) -> String {
        let raw = self.payload().raw.as_ref();
        let names: Vec<_> =
            raw.into_iter().flat_map(|raw| &raw.headers).map(|(name, _)| name.as_str()).collect();
        let has = if names.is_empty() { String::new() } else { format!(" It has {}.", names.join(", ")) };
        format!("Optional. A line such as x-test: 1 sets a header, and x-test: leaves it out.{has}")
    }

    fn differs(&self) -> Markup {
        html! {
            aside.card aria-labelledby="differs" {
                h2 #differs { "What will differ" }
                ul.plain {
                    li { "It is a new message with an id of its own, so a receiver that leaves out what it knows takes it for news." }
                    @if let Whose::App(_) = self.whose {
                        li { "It is signed at this moment, with the endpoint's key." }
                        li { "Event type, channels and tags stay; the event id does not go with it." }
                    }
                    li { "It is marked as edited, with a link to " (id(self.message.id)) "." }
                    li { "It is attempted once, and not again by itself." }
                    li { "It counts in no success rate, no issue and no endpoint's health." }
                }
                p.hint { "With nothing changed it is the same message, sent again." }
            }
        }
    }
}

/// Rows of a field that a text fits into, within reason.
fn rows(text: &str) -> u32 {
    u32::try_from(text.lines().count() + 1).unwrap_or(u32::MAX).clamp(6, 28)
}

/// Header lines, by name; none for a header that is left out.
fn headers(typed: &str) -> Result<BTreeMap<String, Option<String>>, Invalid> {
    let mut headers = BTreeMap::new();
    for line in typed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(Invalid::pattern("must be lines such as x-test: 1"));
        };
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        if headers.insert(name.trim().to_ascii_lowercase(), value).is_some() {
            return Err(Invalid::value("must not name a header twice"));
        }
    }
    Ok(headers)
}

/// What is wrong, in the fields of the form.
fn placed(InvalidFields(errors): InvalidFields) -> InvalidFields {
    let place = |FieldError { at, invalid }: FieldError| {
        let parts: Vec<&str> = at.iter().map(String::as_str).collect();
        let (field, invalid) = match parts[..] {
            ["edits", "headers", name] => {
                let is_named = invalid.message.contains(&format!("`{}`", name.to_ascii_lowercase()));
                let message =
                    if is_named { invalid.message } else { format!("`{name}` {}", invalid.message).into() };
                ("headers", Invalid { message, ..invalid })
            }
            ["edits", "headers", ..] => ("headers", invalid),
            ["edits", ..] => ("payload", invalid),
            ["endpointIds", ..] => ("endpoint", invalid),
            _ => return FieldError { at, invalid },
        };
        FieldError { at: vec![field.to_owned()], invalid }
    };
    InvalidFields(errors.into_iter().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_line_by_line() {
        let read = headers(" X-A: 1:2 \r\n\r\nx-b:\n").unwrap();
        let expected = [("x-a", Some("1:2")), ("x-b", None)];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned))).into());
        for wrong in ["x-a", "x-a: 1\nX-A: 2"] {
            assert!(headers(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_stands_in_its_field() {
        for (at, expected) in [
            (&["edits", "headers", "host"][..], "headers"),
            (&["edits", "headers"], "headers"),
            (&["edits", "body"], "payload"),
            (&["endpointIds", "0"], "endpoint"),
            (&["payload"], "payload"),
            (&["sign"], "sign"),
        ] {
            let at = at.iter().map(ToString::to_string).collect();
            let invalid = InvalidFields(vec![FieldError { at, invalid: Invalid::value("is wrong") }]);
            assert_eq!(placed(invalid).0[0].at, [expected]);
        }
    }
}
