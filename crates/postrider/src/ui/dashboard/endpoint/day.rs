//! The last day of an endpoint, by the hour.

use maud::Markup;
use postrider_core::app::Ref;
use postrider_core::id::EndpointId;
use postrider_core::rollup::{Counts, Resolution};
use postrider_core::scope::Identity;

use crate::context::Context;
use crate::service::analytics::{self, Query};
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::thing::Whose;
use crate::ui::parts::spark;

/// Numbers of a day.
#[derive(Debug, Clone, Default)]
pub(in crate::ui::dashboard) struct Day {
    /// Of the whole day.
    pub(in crate::ui::dashboard) total: Counts,
    /// Attempts that succeeded and that failed, by the hour.
    hours: Vec<(u64, u64)>,
}

impl Day {
    /// Reads it. What sources send on has no numbers of its own here.
    pub(in crate::ui::dashboard) async fn read(
        context: &Context,
        identity: Identity,
        whose: &Whose,
        endpoint: EndpointId,
    ) -> Result<Self, Failure> {
        let Whose::App(app) = whose else { return Ok(Self::default()) };
        let query = Query {
            app: Some(app.clone()),
            endpoint: Some(Ref::Id(endpoint)),
            resolution: Some(Resolution::Hour),
            ..Query::default()
        };
        let report = analytics::report(context, identity, &query).await?;
        let points = report.lines.first().map(|line| line.points.as_slice()).unwrap_or_default();
        let hours = report.times().map(|time| {
            let counts = points.iter().find(|(at, _)| *at == time).map(|(_, counts)| counts);
            counts.map_or((0, 0), |counts| (counts.attempts() - counts.failed(), counts.failed()))
        });
        Ok(Self { hours: hours.collect(), total: report.total })
    }

    /// It as a drawing.
    pub(in crate::ui::dashboard) fn spark(&self) -> Markup {
        let label = format!(
            "{} attempts in the last 24 hours, {} of them failed",
            self.total.attempts(),
            self.total.failed()
        );
        spark(&self.hours, &label)
    }
}
