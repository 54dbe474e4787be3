//! Analytics: what happened over time, from rollups.
//!
//! One question has one form ([`Query`]) and one answer ([`Report`]), whether a chart, a table or a file is made of it.
//! What is read was counted when it happened; no attempt is looked at, so an answer takes as long for a million attempts
//! as for ten.
//!
//! Deliberately absent: points in which nothing happened. Whoever draws them knows the distance of the points.

mod csv;
mod heat;
mod report;

use postrider_core::app::Ref;
use postrider_core::id::{AppId, EndpointId};
use postrider_core::names::Invalid;
use postrider_core::rights::Right;
use postrider_core::rollup::Resolution;
use postrider_core::scope::{Identity, Reach, SystemScope};
use postrider_core::time::Timestamp;
use postrider_store::{Group, Grouping, Rank, RollupQuery, Series, Within};

pub use csv::csv;
pub use heat::Heat;
pub use report::{Key, Line, Report};

use super::access;
use super::fields::InvalidFields;
use crate::context::Context;

/// What is asked for when no time is given: the last day.
const SPAN: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// A question. The default asks for everything of the last day.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// From the bucket of this time on.
    pub since: Option<Timestamp>,
    /// To before this time; now when not given or later.
    pub until: Option<Timestamp>,
    /// How far apart the points are; what fits the span when not given.
    pub resolution: Option<Resolution>,
    /// How the numbers are told apart.
    pub by: By,
    /// Which come first.
    pub rank: Rank,
    /// Only of this application.
    pub app: Option<Ref<AppId>>,
    /// Only of this endpoint, of the application that is named.
    pub endpoint: Option<Ref<EndpointId>>,
    /// Only of this event type.
    pub event_type: Option<String>,
}

/// How numbers are told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// Not at all.
    #[default]
    None,
    /// By event type.
    EventType,
    /// By endpoint.
    Endpoint,
    /// By application.
    App,
    /// By how attempts ended.
    Outcome,
}

impl By {
    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::EventType => "eventType",
            Self::Endpoint => "endpoint",
            Self::App => "application",
            Self::Outcome => "outcome",
        }
    }

    const fn grouping(self) -> Grouping {
        match self {
            Self::None | Self::Outcome => Grouping::None,
            Self::EventType => Grouping::EventType,
            Self::Endpoint => Grouping::Endpoint,
            Self::App => Grouping::App,
        }
    }
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As for every act.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Values are refused.
    #[error(transparent)]
    Invalid(#[from] InvalidFields),
}

/// Answers a question about the environment of the caller, or about one application: that of the caller, or the one that
/// is named.
pub async fn report(context: &Context, identity: Identity, query: &Query) -> Result<Report, Error> {
    let (within, endpoint) = reach(context, identity, query).await?;
    let (since, until) = times(query, context.now())?;
    let resolution = query.resolution.unwrap_or_else(|| Resolution::fitting(since, until, context.now()));
    if resolution.points(since, until) > Resolution::POINTS_MAX {
        let message =
            format!("is too fine for this span: there would be more than {} points", Resolution::POINTS_MAX);
        return Err(InvalidFields::one("resolution", Invalid::value(message)).into());
    }
    let asked = RollupQuery {
        since: resolution.point(since),
        until,
        resolution,
        group: query.by.grouping(),
        rank: query.rank,
        event_type: query.event_type.clone(),
        endpoint,
    };
    let rollups = context.store.rollups(within, asked).await?;
    let mut lines = Vec::with_capacity(rollups.series.len());
    for series in rollups.series {
        match query.by {
            By::Outcome => lines.extend(report::outcomes(&series)),
            _ => lines.extend(named(context, within, series).await?),
        }
    }
    let rest = rollups.rest.map(Line::rest);
    Ok(Report::new((resolution.point(since), until), resolution, query.by, lines, rest))
}

/// The span that is asked for.
fn times(query: &Query, now: Timestamp) -> Result<(Timestamp, Timestamp), InvalidFields> {
    let until = query.until.unwrap_or(now).min(now);
    let since = query.since.unwrap_or_else(|| until.before(SPAN));
    if until <= since {
        return Err(InvalidFields::one("since", Invalid::value("must be before `until` and before now")));
    }
    Ok((since, until))
}

/// Whose numbers the caller gets.
async fn reach(
    context: &Context,
    identity: Identity,
    query: &Query,
) -> Result<(Within, Option<EndpointId>), Error> {
    let own = match identity.reach() {
        Reach::App(_, app) => Some(Ref::Id(app)),
        Reach::Environment(_) | Reach::Instance => None,
    };
    let Some(app) = query.app.as_ref().or(own.as_ref()) else {
        if query.endpoint.is_some() {
            return Err(InvalidFields::one("endpointId", Invalid::value("needs `appId` beside it")).into());
        }
        return Ok((Within::Environment(identity.environment(Right::Read)?), None));
    };
    let found = access::app(context, identity, Right::Read, app).await?;
    let endpoint = match &query.endpoint {
        Some(endpoint) => Some(access::endpoint(context, found.scope, endpoint).await?.id),
        None => None,
    };
    Ok((Within::App(found.scope), endpoint))
}

/// A series with the name of what it is of; `None` when that has just gone.
async fn named(context: &Context, within: Within, series: Series) -> Result<Option<Line>, Error> {
    let system = SystemScope::assume();
    let (key, name) = match series.group {
        Group::All => (Key::All, String::new()),
        Group::EventType(name) => (Key::EventType, name),
        Group::App(app) => match context.store.app_by_id(system, app).await? {
            Some(app) => match app.source {
                Some(source) => (Key::Source(source), app.name),
                None => (Key::App(app.id), app.name),
            },
            None => return Ok(None),
        },
        Group::Endpoint(app, endpoint) => {
            let environment = match within {
                Within::Environment(scope) => scope.environment(),
                Within::App(scope) => scope.environment(),
            };
            let scope = system.app(environment, app);
            match context.store.endpoint(scope, &Ref::Id(endpoint)).await? {
                Some(endpoint) => (Key::Endpoint(app, endpoint.id), endpoint.url),
                None => return Ok(None),
            }
        }
    };
    Ok(Some(Line { key, name, total: series.total, points: series.points }))
}

access::causes!(Error);

#[cfg(test)]
mod tests;
