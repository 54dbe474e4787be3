//! What a server leaves out that has not all roles.

use std::sync::Arc;

use axum::Json;
use axum::response::IntoResponse;
use http::StatusCode;
use postrider_egress::Client;

use super::{StartError, dispatch_config};
use crate::config::Config;
use crate::context::Context;
use crate::dispatch::{self, Dispatch, Inbox};
use crate::upkeep::{self, Kept, Upkeep};

/// Starts what sends, where that is a role of this server. Where it is not, the inbox is dropped: what happens to lanes is
/// told to nobody.
pub(super) async fn start_sending(
    context: &Context,
    inbox: Inbox,
    client: Arc<Client>,
    config: &Config,
) -> Result<Option<(Dispatch, Upkeep)>, StartError> {
    if !config.node.roles.dispatch {
        return Ok(None);
    }
    let dispatching = dispatch_config(config);
    let dispatch = dispatch::start(Arc::clone(context), inbox, Arc::clone(&client), dispatching).await?;
    let kept = Kept { audit: config.store.audit_retention, rollups: config.store.analytics_retention };
    let upkeep = upkeep::start(context, kept, config.search.payloads, client);
    Ok(Some((dispatch, upkeep)))
}

/// What a server without the role `api` answers to everything that is not about itself.
pub(super) async fn no_api() -> impl IntoResponse {
    let detail =
        "this server has no API, because node.roles says so: it has /livez, /healthz, /readyz and /metrics";
    (StatusCode::NOT_FOUND, Json(serde_json::json!({ "code": "not_found", "detail": detail })))
}
