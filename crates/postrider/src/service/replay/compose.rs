//! A new message made of a received one: with edits, and with the signature that is asked for.

use std::error::Error as _;

use bytes::Bytes;
use postrider_core::id::MessageId;
use postrider_core::inbound::{CannotSign, Draft, Request, Verifier};
use postrider_core::message::{Message, Payload, Raw};
use postrider_core::names::Invalid;
use postrider_core::reception::{self, Detail, Octets, Received, Reception, Replay, Sameness, Standing};
use postrider_core::replay::{Sign, Targets};
use postrider_core::rng::Rng;
use postrider_core::scope::AppScope;
use postrider_core::time::Timestamp;
use postrider_store::{Acceptance, Arrival, Error as StoreError, NewDelivery};

use super::edits::Checked;
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::sources::receive::named;
use crate::service::sources::{self, Inlet, forward, passed_on};

/// A received message, and what there is to know of its request.
pub(super) struct Original {
    pub(super) message: Message,
    pub(super) reception: Option<Reception>,
    /// That of its batch, where it came in one.
    pub(super) request: Option<Received>,
}

impl Original {
    /// With its request, wherever that is kept.
    pub(super) async fn read(
        context: &Context,
        scope: AppScope,
        message: Message,
        reception: Option<Reception>,
    ) -> Result<Self, StoreError> {
        let request = sources::request(context, scope, reception.as_ref().map(|known| &known.detail)).await?;
        Ok(Self { message, reception, request })
    }

    /// Whether it came in a request, and was not made here.
    fn came(&self) -> bool {
        let raw = self.message.payload.as_ref().and_then(|payload| payload.raw.as_ref());
        self.request.is_some() || raw.is_some_and(|raw| raw.as_it_came)
    }

    /// Its request with these headers: one that never came is a POST.
    fn with_headers(&self, headers: &[(String, String)]) -> Received {
        let (method, tail, query) = match &self.request {
            Some(Received { method, tail, query, .. }) => (method.clone(), tail.clone(), query.clone()),
            None => ("POST".to_owned(), String::new(), None),
        };
        Received { method, tail, query, headers: octets(headers), remote: None }
    }

    /// Its headers as they go on, each byte of a value as the character of its number.
    fn headers(&self) -> Vec<(String, String)> {
        let raw = self.message.payload.as_ref().and_then(|payload| payload.raw.as_ref());
        match (raw, &self.request) {
            (Some(raw), _) if raw.as_it_came => raw.headers.clone(),
            (_, Some(request)) => passed_on(&request.headers),
            (Some(raw), None) => raw.headers.clone(),
            (None, None) => vec![("content-type".to_owned(), "application/json".to_owned())],
        }
    }
}

/// What is made of originals.
pub(super) struct Recipe<'a> {
    pub(super) inlet: &'a Inlet,
    /// Where the source is, as the provider knows it.
    pub(super) address: String,
    pub(super) to: &'a Targets,
    pub(super) sign: Sign,
    pub(super) edits: Option<&'a Checked>,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotMade {
    /// Nothing is left to make it of.
    #[error("the payload has expired or was expunged")]
    NoPayload,
    /// It cannot be signed.
    #[error("{0}")]
    NotSigned(String),
    /// The edits do not fit.
    #[error(transparent)]
    Edits(#[from] InvalidFields),
}

/// A request with the changes, not signed yet.
struct Changed {
    body: Bytes,
    headers: Vec<(String, String)>,
    event_type: String,
    event_id: Option<String>,
}

/// Where a source is, as its provider knows it.
pub(super) fn address(context: &Context, inlet: &Inlet) -> String {
    let token = inlet.source.token().map(postrider_core::source::IngestToken::expose).unwrap_or_default();
    format!("{}/in/{token}", context.public_url())
}

/// What signs for a source as its provider; why nothing does, as a sentence.
pub(super) fn signer(inlet: &Inlet) -> Result<&Verifier, String> {
    match (&inlet.verifier, &inlet.broken) {
        (Some(verifier), _) => Ok(verifier),
        (None, Some(broken)) => Err(broken.clone()),
        (None, None) => Err("the source has no preset, so nothing says how its provider signs".to_owned()),
    }
}

/// An error with its causes in one sentence.
pub(super) fn sentence(error: &CannotSign) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Recipe<'_> {
    /// Whether anything has been changed by hand.
    fn is_edited(&self) -> bool {
        self.edits.is_some_and(|edits| !edits.is_empty())
    }

    /// The new message, with the id `id`.
    pub(super) fn make(
        &self,
        original: &Original,
        id: MessageId,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Result<Arrival, NotMade> {
        let changed = self.change(original)?;
        let mut request = original.with_headers(&changed.headers);
        let (payload, headers) = self.signed(original, &changed, &mut request, now, rng)?;
        request.headers = headers;
        let known = original.reception.as_ref();
        let standing =
            known.filter(|_| !self.is_edited()).map_or(Standing::Unverified, |known| known.standing);
        let replay = Replay {
            of: original.message.id,
            edited: self.is_edited(),
            listener: self.to.listener.clone(),
            to_endpoints: !self.to.endpoints.is_empty(),
        };
        let detail = Detail {
            request: Some(request),
            event_id: changed.event_id,
            replay: Some(replay),
            ..Detail::default()
        };
        let body_hash = reception::hash(&payload.body);
        let message = Message {
            id,
            event_type: changed.event_type,
            event_id: None,
            // What is made of an edited one is no more the provider's than that was.
            edited_of: self.is_edited().then_some(original.message.id).or(original.message.edited_of),
            payload: Some(payload),
            ..original.message.clone()
        };
        let reception = Reception { standing, body_hash, duplicate_of: None, detail };
        Ok(Arrival {
            acceptance: self.acceptance(message, now),
            reception,
            sameness: Sameness::of_replay(id),
        })
    }

    /// The message with a delivery for each endpoint that was named, outside of any order. They wait in the store, from
    /// where their lanes take them as fast as these may go.
    fn acceptance(&self, message: Message, now: Timestamp) -> Acceptance {
        let delivery = |endpoint: &_| NewDelivery { endpoint: *endpoint, hold: false, order: None };
        Acceptance {
            message,
            deliveries: self.to.endpoints.iter().map(delivery).collect(),
            trigger: postrider_core::attempt::Trigger::Manual,
            now,
            idempotency: None,
        }
    }

    fn change(&self, original: &Original) -> Result<Changed, NotMade> {
        let payload = original.message.payload.as_ref().ok_or(NotMade::NoPayload)?;
        let known = original.reception.as_ref();
        let mut changed = Changed {
            body: payload.body.clone(),
            headers: original.headers(),
            event_type: original.message.event_type.clone(),
            event_id: known.and_then(|known| known.detail.event_id.clone()),
        };
        let Some(edits) = self.edits.filter(|edits| !edits.is_empty()) else { return Ok(changed) };
        edits.apply_to_headers(&mut changed.headers);
        changed.body = edits.apply_to_body(&changed.body, is_form(&changed.headers))?;
        // What it is may be another thing now.
        if let Some(verifier) = &self.inlet.verifier {
            let draft = self.draft(original, &changed);
            let headers: Vec<(&[u8], &[u8])> =
                draft.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            let request =
                Request { method: &draft.method, url: &draft.url, headers: &headers, body: &draft.body };
            let preset = verifier.preset();
            if let Some(event_type) = preset.event_type(&request) {
                changed.event_type = named(Some(&event_type));
            }
            changed.event_id = preset.event_id(&request).or(changed.event_id);
        }
        Ok(changed)
    }

    fn draft(&self, original: &Original, changed: &Changed) -> Draft {
        let request = original.with_headers(&[]);
        let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
        Draft {
            method: request.method,
            url: format!("{}{}{query}", self.address, request.tail),
            headers: changed.headers.clone(),
            body: changed.body.to_vec(),
        }
    }

    /// What endpoints get, and the headers that listeners get.
    fn signed(
        &self,
        original: &Original,
        changed: &Changed,
        request: &mut Received,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Result<(Payload, Vec<(String, Octets)>), NotMade> {
        let Changed { body, headers, .. } = changed;
        let sign = match self.sign {
            // What never came has no signature but ours.
            Sign::AsItCame if !original.came() => Sign::Postrider,
            sign => sign,
        };
        let (body, raw) = match sign {
            Sign::AsItCame => (body.clone(), Raw { headers: headers.clone(), as_it_came: true }),
            Sign::Postrider => (body.clone(), Raw { headers: self.for_us(headers), as_it_came: false }),
            Sign::Provider => {
                let mut draft = self.draft(original, changed);
                let verifier = signer(self.inlet).map_err(NotMade::NotSigned)?;
                let produced = verifier.produce(&mut draft, now, rng);
                produced.map_err(|error| NotMade::NotSigned(sentence(&error)))?;
                request.query = draft.url.split_once('?').map(|(_, query)| query.to_owned());
                for (name, _) in &mut draft.headers {
                    name.make_ascii_lowercase();
                }
                (Bytes::from(draft.body), Raw { headers: draft.headers, as_it_came: true })
            }
        };
        let heard = if raw.as_it_came { octets(&raw.headers) } else { octets(headers) };
        Ok((Payload { body, raw: Some(raw) }, heard))
    }

    /// The headers beside our own signature: those of the content, and those that were set by hand.
    fn for_us(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let came = octets(headers);
        let mut kept = forward::resigned(&came, forward::hops(&came).saturating_sub(1));
        for name in self.edits.into_iter().flat_map(Checked::names) {
            if !kept.iter().any(|(known, _)| known == name) {
                kept.extend(headers.iter().filter(|(known, _)| known == name).cloned());
            }
        }
        kept
    }
}

fn octets(headers: &[(String, String)]) -> Vec<(String, Octets)> {
    headers.iter().map(|(name, value)| (name.clone(), Octets::from(value.clone()))).collect()
}

/// Whether values of the body are found as those of a form.
pub(super) fn is_form(headers: &[(String, String)]) -> bool {
    let kind = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// A refusal to sign, as one of the field that asks for it.
pub(super) fn not_signed(why: String) -> InvalidFields {
    InvalidFields::one("sign", Invalid::value(why))
}
