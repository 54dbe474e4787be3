//! What was signed in an attempt, and whether a secret that somebody has made the signature: for a receiver that says it does
//! not match.
//!
//! The secret is neither kept nor shown again.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::attempt::Attempt;
use postrider_core::rights::Right;
use postrider_core::secret::{SigningKey, SigningKeys};
use postrider_core::sign::Signer;
use postrider_core::time::Timestamp;
use postrider_core::verify::{Signed, verify};

use super::page::{Scene, Viewer};
use super::{Asked, Named, View};
use crate::context::Context;
use crate::service::inspect::{self, Inspected};
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::frame::{Frame, Place};
use crate::ui::parts::{Kind, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::{size, visible};

/// Bytes of the payload that are shown as signed.
const SHOWN: usize = 2 * 1024;
/// The sets of headers that a signature may be in: id, time and signature.
const SETS: [[&str; 3]; 2] = [
    ["webhook-id", "webhook-timestamp", "webhook-signature"],
    ["svix-id", "svix-timestamp", "svix-signature"],
];

/// What came of a check with a secret.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ui) enum Checked {
    /// It made the signature.
    Made,
    /// Another one did; this one makes this.
    Another(String),
    /// It is no secret, for this reason.
    NoSecret(String),
}

/// The three headers of an attempt, as they were sent.
struct Headers<'a>([&'a str; 3]);

impl<'a> Headers<'a> {
    /// `None` where they are not ours: what a source received goes on with headers that a stranger may have written.
    fn of(inspected: &Inspected, attempt: &'a Attempt) -> Option<Self> {
        let raw = inspected.message.payload.as_ref().and_then(|payload| payload.raw.as_ref());
        if raw.is_some_and(|raw| raw.as_it_came) {
            return None;
        }
        let text = std::str::from_utf8(&attempt.request_headers).ok()?;
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.split_once(": ").filter(|(own, _)| *own == name))
                .map(|(_, value)| value)
        };
        SETS.iter()
            .find_map(|[id, time, signature]| Some(Self([value(id)?, value(time)?, value(signature)?])))
    }

    /// Whether `secret` made the signature.
    fn check(&self, secret: &str, body: &[u8]) -> Checked {
        let Self([id, time, signatures]) = *self;
        let key = match SigningKey::parse(secret.trim()) {
            Ok(key) => key,
            Err(error) => return Checked::NoSecret(error.to_string()),
        };
        let signed =
            Signed { id: id.as_bytes(), timestamp: time.as_bytes(), signatures: signatures.as_bytes() };
        let then = Timestamp::from_seconds(time.parse().unwrap_or_default());
        if verify(&key, &signed, body, std::time::Duration::ZERO, then).is_ok() {
            return Checked::Made;
        }
        let own = Signer::new(&SigningKeys::new(key), then);
        Checked::Another(own.signature(id, then.as_seconds(), body))
    }
}

/// Checks the secret that the form has.
pub(super) async fn check(
    visitor: SignedIn,
    State(context): State<Context>,
    Path(named): Path<Named>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Send)?;
    let (whose, message, endpoint) = named.parts();
    let inspected =
        inspect::delivery(&context, visitor.identity(), whose.owner(), &message, &endpoint).await?;
    let asked = Asked { attempt: form.get("attempt").parse().ok(), with: None, view: View::Signature };
    let viewer = Viewer::signed_in(&visitor, &inspected);
    let mut scene = Scene { viewer, inspected: &inspected, asked: &asked, now: context.now(), checked: None };
    let body = inspected.message.payload.as_ref().map(|payload| &payload.body);
    if let (Some(headers), Some(body)) =
        (scene.chosen().and_then(|attempt| Headers::of(&inspected, attempt)), body)
    {
        scene.checked = Some(headers.check(form.get("secret"), body));
    }
    let is_wrong = matches!(scene.checked, Some(Checked::NoSecret(_)));
    let frame = Frame::new(&visitor, Place::Deliveries).of(&scene.title(), scene.heading());
    let page = frame.page(&scene.content());
    let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page.with_status(status).into_response())
}

/// The part of the page.
pub(super) fn of(scene: &Scene<'_>, attempt: &Attempt) -> Markup {
    let Inspected { message, .. } = scene.inspected;
    // Where nothing can be edited there is no form to check with either.
    let may_check = scene.viewer.edit.is_some() && scene.viewer.rights.has(Right::Send);
    html! {
        div.card {
            @match (Headers::of(scene.inspected, attempt), &message.payload) {
                (None, _) => p.hint { "This attempt has no signature of ours: what a source received goes on with its provider's." },
                (Some(_), None) => p.hint { "The payload has expired or was expunged, so nobody can check its signature any more." },
                (Some(headers), Some(payload)) => {
                    h2 { "What was signed" }
                    (signed(&headers, &payload.body))
                    @if may_check { (form(scene, attempt, &headers)) }
                }
            }
        }
    }
}

fn signed(Headers([id, time, signatures]): &Headers<'_>, body: &[u8]) -> Markup {
    let shown = &body[..body.len().min(SHOWN)];
    html! {
        pre tabindex="0" {
            (visible(&format!("{id}.{time}."), false)) (visible(&String::from_utf8_lossy(shown), true))
            @if shown.len() < body.len() { span.quiet { "\n… " (size(body.len() - shown.len())) " not shown" } }
        }
        p.hint { "The id, a dot, the time in seconds, a dot, and the body to the byte. A receiver that parses the body and writes it anew signs something else." }
        h3 { "The signature as sent" }
        pre tabindex="0" { (visible(signatures, false)) }
    }
}

fn form(scene: &Scene<'_>, attempt: &Attempt, Headers([.., signatures]): &Headers<'_>) -> Markup {
    html! {
        h3 { "Check a secret" }
        @match &scene.checked {
            None => {},
            Some(Checked::Made) => p role="status" {
                (pill(Kind::Good, "Matches")) " This secret made the signature. A receiver with it that says otherwise checks other bytes or another time."
            },
            Some(Checked::Another(made)) => div role="status" {
                p { (pill(Kind::Bad, "Does not match")) " This secret makes another signature of the same:" }
                pre tabindex="0" { (visible(made, false)) }
                p.hint { "Sent was " (visible(signatures, false)) ". The endpoint's secret may have been replaced since, or the receiver has that of another endpoint." }
            },
            Some(Checked::NoSecret(why)) => p.alert role="alert" { "That is no secret: " (visible(why, false)) "." },
        }
        form.line method="post" action={ (scene.path()) "/signature" } {
            input type="hidden" name="csrf" value=(scene.viewer.csrf);
            input type="hidden" name="attempt" value=(attempt.id);
            label for="secret" { "Secret of the receiver" }
            input #secret name="secret" type="password" autocomplete="off" required;
            button type="submit" { "Check" }
        }
        p.hint { "It is checked here, and neither kept nor shown again." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::hostile::stays_text;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    /// The specification's own example.
    const HEADERS: Headers<'_> = Headers([
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ]);
    const BODY: &[u8] = b"{\"test\": 2432232314}";

    #[test]
    fn a_secret_made_the_signature_or_another_did() {
        assert_eq!(HEADERS.check(SECRET, BODY), Checked::Made);
        assert_eq!(HEADERS.check(&format!(" {SECRET}\n"), BODY), Checked::Made);
        assert!(matches!(HEADERS.check(SECRET, b"{}"), Checked::Another(made) if made.starts_with("v1,")));
        assert!(matches!(HEADERS.check("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", BODY), Checked::Another(_)));
        assert!(matches!(HEADERS.check("secret!", BODY), Checked::NoSecret(_)));
    }

    #[test]
    fn what_was_signed_stays_text() {
        stays_text("signature::signed", |text| signed(&Headers([text, text, text]), text.as_bytes()));
    }
}
