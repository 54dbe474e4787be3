//! Endpoints of all applications of an environment, for who looks after them all.
//!
//! A walk over the applications and the endpoints of each: it reads what it shows and little more, and stops when its page
//! is full or it has looked at enough. Then it says where to go on. Endpoints of sources are with their sources.

use std::fmt;
use std::str::FromStr;

use postrider_core::app::{App, Ref};
use postrider_core::endpoint::Endpoint;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::rights::Right;
use postrider_core::scope::Identity;
use postrider_store::{AppFilter, Edge, Page};

use super::Error;
use crate::context::Context;
use crate::service::access;

/// Endpoints that one page looks at.
const LOOKED: usize = 1_000;
/// Applications that one page looks at.
const APPS: usize = 100;

/// Which endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// Those that get nothing.
    Disabled,
    /// Those whose last attempts failed.
    Failing,
}

/// Where a page begins: behind this application, or behind an endpoint of it. Shown and read as their ids with a dot
/// between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The application.
    pub app: AppId,
    /// The endpoint, where the application has more behind it.
    pub endpoint: Option<EndpointId>,
}

/// A page of endpoints, each with its application.
#[derive(Debug)]
pub struct Everywhere {
    /// The endpoints, by application and then the newest first.
    pub rows: Vec<(App, Endpoint)>,
    /// Where to go on; `None` at the end.
    pub next: Option<Spot>,
}

/// At most `limit` endpoints behind `after`, of all applications.
pub async fn everywhere(
    context: &Context,
    identity: Identity,
    which: Which,
    limit: usize,
    after: Option<Spot>,
) -> Result<Everywhere, Error> {
    let scope = identity.environment(Right::Read)?;
    let mut walk = Walk { which, limit, looked: 0, rows: Vec::new() };
    if let Some(Spot { app, endpoint: Some(endpoint) }) = after
        && let Some(next) = walk.through(context, identity, app, Some(endpoint)).await?
    {
        return Ok(Everywhere { rows: walk.rows, next: Some(next) });
    }
    let filter = AppFilter { with_endpoints: true, ..AppFilter::default() };
    let page = Page { limit: APPS, edge: after.map(|spot| Edge::After(spot.app)), order: None };
    let apps = context.store.apps(scope, filter, page).await?;
    for app in &apps.rows {
        if let Some(next) = walk.through(context, identity, app.id, None).await? {
            return Ok(Everywhere { rows: walk.rows, next: Some(next) });
        }
    }
    Ok(Everywhere { rows: walk.rows, next: apps.next.map(|app| Spot { app, endpoint: None }) })
}

struct Walk {
    which: Which,
    limit: usize,
    looked: usize,
    rows: Vec<(App, Endpoint)>,
}

impl Walk {
    /// Takes what it may of one application; where to go on when that was not all, or nothing more is to be looked at.
    async fn through(
        &mut self,
        context: &Context,
        identity: Identity,
        app: AppId,
        after: Option<EndpointId>,
    ) -> Result<Option<Spot>, Error> {
        let found = match access::app(context, identity, Right::Read, &Ref::Id(app)).await {
            // It was deleted meanwhile.
            Err(access::Error::Missing(_)) => return Ok(None),
            found => found?,
        };
        let mut edge = after.map(Edge::After);
        loop {
            // One more than is wanted says whether there is more.
            let page = Page { limit: self.limit + 1 - self.rows.len(), edge, order: None };
            let listed = context.store.endpoints(found.scope, page).await?;
            for endpoint in listed.rows {
                if self.rows.len() == self.limit {
                    return Ok(self
                        .rows
                        .last()
                        .map(|(app, last)| Spot { app: app.id, endpoint: Some(last.id) }));
                }
                self.looked += 1;
                if self.which.is_meant(&endpoint) {
                    self.rows.push((found.route.app.clone(), endpoint));
                }
            }
            match listed.next {
                None => break,
                Some(next) if self.looked >= LOOKED => return Ok(Some(Spot { app, endpoint: Some(next) })),
                Some(next) => edge = Some(Edge::After(next)),
            }
        }
        let is_over = self.looked >= LOOKED;
        Ok(is_over.then_some(Spot { app, endpoint: None }))
    }
}

impl Which {
    const fn is_meant(self, endpoint: &Endpoint) -> bool {
        match self {
            Self::All => true,
            Self::Disabled => endpoint.disabled.is_some(),
            Self::Failing => endpoint.disabled.is_none() && endpoint.failing_since.is_some(),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.app)?;
        self.endpoint.map_or(Ok(()), |endpoint| write!(f, ".{endpoint}"))
    }
}

impl FromStr for Spot {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (app, endpoint) = text.split_once('.').map_or((text, None), |(app, rest)| (app, Some(rest)));
        let endpoint = endpoint.map(str::parse).transpose().map_err(|_| ())?;
        Ok(Self { app: app.parse().map_err(|_| ())?, endpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_read_back_and_nothing_else_does() {
        let (app, endpoint) = (AppId::from_bytes([1; 20]), EndpointId::from_bytes([2; 20]));
        for spot in [Spot { app, endpoint: None }, Spot { app, endpoint: Some(endpoint) }] {
            assert_eq!(spot.to_string().parse(), Ok(spot));
        }
        for text in ["", ".", &format!("{app}."), &format!("{endpoint}"), &format!("{app}.{app}")] {
            assert_eq!(text.parse::<Spot>(), Err(()), "{text}");
        }
    }
}
