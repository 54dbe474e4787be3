//! What became of a message at a listener.

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use postrider_core::id::MessageId;
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TAG, problem, refused};
use crate::api::answer;
use crate::api::body::Json;
use crate::api::caller::Caller;
use crate::api::problem::Problem;
use crate::context::Context;
use crate::service::fields::InvalidFields;
use crate::service::listen::{self, Ack, Listener, LocalAnswer};

/// What became of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AckIn {
    /// The connection, as its event `ready` named it.
    #[schema(example = "lsn_00112233445566778899aabbccddeeff")]
    listener: String,
    /// The message.
    #[schema(value_type = String, example = "msg_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: String,
    /// Whether it is done: then no other member of the group gets it.
    #[serde(default)]
    done: bool,
    /// The status that answered, 200 to 599; absent when nothing did. Where the provider waits, it gets the answer.
    status: Option<u16>,
    /// The answer's headers, in their order. Of those a provider gets few.
    #[serde(default)]
    #[schema(value_type = Vec<Vec<String>>)]
    headers: Vec<(String, String)>,
    /// The answer's body in Base64, at most 64 KiB.
    body_base64: Option<String>,
}

/// What the acknowledgement did.
#[derive(Debug, Serialize, ToSchema)]
struct AckOut {
    /// Whether a provider waited, and got the answer.
    answered: bool,
}

impl AckIn {
    fn ack(self) -> Result<Ack, InvalidFields> {
        let listener = Listener::parse(&self.listener);
        let listener =
            listener.ok_or_else(|| InvalidFields::one("listener", Invalid::pattern("is no listener")))?;
        let message: Result<MessageId, _> = self.id.parse();
        let message = message.map_err(|error| InvalidFields::one("id", Invalid::value(error.to_string())))?;
        let body = self.body_base64.map(|text| STANDARD.decode(text)).transpose();
        let body = body.map_err(|_| InvalidFields::one("bodyBase64", Invalid::value("must be Base64")))?;
        let answer = self.status.map(|status| LocalAnswer {
            status,
            headers: self.headers,
            body: Bytes::from(body.unwrap_or_default()),
        });
        Ok(Ack { listener, message, done: self.done, answer })
    }
}

/// Acknowledges what was heard
///
/// A listener of a group says which messages are done; one that answers providers gives the answer. Saying it twice does
/// no harm.
#[utoipa::path(
    post,
    path = "/ingest/api/v1/listen/ack",
    operation_id = "ingest_listener.ack",
    tag = TAG,
    request_body = AckIn,
    responses((status = 200, description = "What it did.", body = AckOut)),
)]
pub(crate) async fn ack(
    Caller(identity): Caller,
    State(context): State<Context>,
    Json { value, .. }: Json<AckIn>,
) -> Result<Response, Problem> {
    // Who may not listen at all is told so whatever the body says.
    identity.environment(Right::Send).map_err(|denied| problem("body", denied.into()))?;
    let ack = value.ack().map_err(|invalid| refused("body", invalid))?;
    let answered = listen::ack(&context, identity, ack).await.map_err(|error| problem("body", error))?;
    Ok(answer::reply(StatusCode::OK, &AckOut { answered }))
}
