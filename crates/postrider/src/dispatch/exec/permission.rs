//! Whether an endpoint may use a command: asked when its URL is set, and again before each run, since the configuration
//! and the names of sources change.

use std::sync::Arc;

use postrider_core::exec::{Owner, name_of};
use postrider_core::names::Invalid;
use postrider_store::Error;

use super::{Command, Commands};
use crate::context::Context;
use crate::directory::Route;

/// Why a command is not run for an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none of this name.
    #[error("the configuration file has no such command; an operator can add it as [exec.NAME]")]
    Unknown,
    /// It is for others.
    #[error(
        "this command is not for this endpoint; an operator can name its owner in `allow` of [exec.NAME]"
    )]
    NotAllowed,
}

impl Commands {
    /// The command of this name, if it is for endpoints of `owner`.
    pub(super) fn permit(&self, name: &str, owner: &Owner) -> Result<Arc<Command>, Refused> {
        let command = self.all.get(name).ok_or(Refused::Unknown)?;
        if command.allow.iter().any(|allow| allow.allows(owner)) {
            Ok(Arc::clone(command))
        } else {
            Err(Refused::NotAllowed)
        }
    }
}

/// Whether an endpoint of `route` may have this URL; `None` for one that names no command.
pub async fn check_url(
    context: &Context,
    route: &Route,
    url: &str,
) -> Result<Option<Result<(), Invalid>>, Error> {
    let Some(name) = name_of(url) else { return Ok(None) };
    let permitted = context.commands.permit(name, &owner(context, route).await?).map(drop);
    Ok(Some(
        permitted.map_err(|refused| Invalid { message: refused.to_string().into(), kind: "value_error.url" }),
    ))
}

/// Whose endpoints those of `route` are.
pub(super) async fn owner(context: &Context, route: &Route) -> Result<Owner, Error> {
    let app = &route.app;
    let (id, uid) = match app.source {
        None => (app.id.to_string(), app.uid.clone()),
        Some(source) => {
            let inlet = context.inlets.of_app(app.id).await?;
            (source.to_string(), inlet.and_then(|inlet| inlet.source.uid.clone()))
        }
    };
    Ok(Owner {
        is_source: app.source.is_some(),
        names: std::iter::once(id).chain(uid).collect(),
        environment: vec![route.environment.id.to_string(), route.environment.name.clone()],
    })
}
