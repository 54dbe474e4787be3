//! The audit log, read.

use axum::extract::State;
use axum::response::Response;
use postrider_core::audit::{ActorKind, Entry};
use postrider_core::id::{AuditId, EnvironmentId};
use postrider_core::time::Timestamp;
use postrider_store::AuditFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::caller::Caller;
use super::page::{self, PageOut, PageQuery};
use super::problem::Problem;
use super::query::Query;
use crate::context::Context;
use crate::service::audit;

const TAG: &str = "Audit log";

/// The routes of these operations.
pub(super) fn routes() -> OpenApiRouter<Context> {
    OpenApiRouter::default().routes(routes!(list))
}

/// An act.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditEntryOut<'a> {
    /// Its id.
    #[schema(value_type = String)]
    id: AuditId,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// The environment that it was about.
    #[schema(value_type = Option<String>)]
    environment: Option<EnvironmentId>,
    /// Who did it.
    actor: ActorOut<'a>,
    /// The operation.
    #[schema(example = "endpoint.patch")]
    action: &'a str,
    /// What it was about.
    targets: Vec<TargetOut<'a>>,
    /// What it changed of settings.
    changes: Vec<ChangeOut<'a>>,
    /// How it ended, as a status of HTTP.
    #[schema(example = 200)]
    status: u16,
    /// The address that it came from, where it came over a network.
    address: Option<&'a str>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
struct ActorOut<'a> {
    /// What they are.
    kind: ActorKindOut,
    /// The id of the key, person or session; absent for a command on the server's machine.
    id: Option<&'a str>,
    /// The name at that time.
    name: &'a str,
}

/// What an actor is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ActorKindOut {
    /// An API key.
    Key,
    /// A person who signed in.
    Person,
    /// A session of the portal.
    Portal,
    /// A command on the server's machine.
    Local,
}

/// A thing that an act was about.
#[derive(Debug, Serialize, ToSchema)]
struct TargetOut<'a> {
    /// What it is.
    #[schema(example = "endpoint")]
    noun: &'a str,
    /// Its id; of something that was not found, what it was called.
    id: &'a str,
}

/// What became of a setting.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeOut<'a> {
    /// The setting.
    #[schema(example = "url")]
    field: &'a str,
    /// What it was; absent for secrets and long values.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a Value>,
    /// What it is now; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a Value>,
}

impl<'a> From<&'a Entry> for AuditEntryOut<'a> {
    fn from(entry: &'a Entry) -> Self {
        let kind = match entry.actor.kind {
            ActorKind::Key => ActorKindOut::Key,
            ActorKind::Person => ActorKindOut::Person,
            ActorKind::Portal => ActorKindOut::Portal,
            ActorKind::Local => ActorKindOut::Local,
        };
        let id = Some(&*entry.actor.id).filter(|id| !id.is_empty());
        let targets = entry.targets.iter().map(|target| TargetOut { noun: &target.noun, id: &target.id });
        let changes = entry.changes.iter().map(|changed| ChangeOut {
            field: &changed.field,
            old: changed.old.as_ref(),
            new: changed.new.as_ref(),
        });
        Self {
            id: entry.id,
            timestamp: entry.at,
            environment: entry.environment,
            actor: ActorOut { kind, id, name: &entry.actor.name },
            action: &entry.action,
            targets: targets.collect(),
            changes: changes.collect(),
            status: entry.status,
            address: entry.address.as_deref(),
        }
    }
}

/// Which acts to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct AuditQuery {
    /// By the key, person or session with this id.
    actor: Option<String>,
    /// Of this operation.
    #[param(example = "endpoint.patch")]
    action: Option<String>,
    /// About the thing with this id.
    target: Option<String>,
    /// About this environment. A key of another environment sees none.
    #[param(value_type = Option<String>)]
    environment: Option<EnvironmentId>,
    /// Done at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Done before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl From<AuditQuery> for AuditFilter {
    fn from(AuditQuery { actor, action, target, environment, since, until }: AuditQuery) -> Self {
        Self { environment, actor, action, target, since, until }
    }
}

/// Lists acts
///
/// Newest first: for a key of scope `instance` all of them, for a key of an environment those about it. Publishing,
/// receiving and acknowledging are not in the log.
#[utoipa::path(
    get,
    path = "/api/v1/audit-log",
    operation_id = "audit_log.list",
    tag = TAG,
    params(PageQuery, AuditQuery),
    responses((status = 200, description = "One page of acts.", body = PageOut<AuditEntryOut>)),
)]
pub(crate) async fn list(
    Caller(identity): Caller,
    State(context): State<Context>,
    Query(page): Query<PageQuery>,
    Query(filter): Query<AuditQuery>,
) -> Result<Response, Problem> {
    let page = page.page()?;
    let listed = audit::list(&context, identity, filter.into(), page.clone()).await?;
    let write = |entry: &Entry, out: &mut Vec<u8>| answer::write(&AuditEntryOut::from(entry), out);
    Ok(page::list(&page, &listed, |entry| entry.id, write))
}
