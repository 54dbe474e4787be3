//! Which index a search walks.

use postrider_core::query::Narrowing;

use super::SearchScope;
use super::rows::Rows;
use super::span::Span;
use crate::Error;

/// Deliveries to an endpoint, up to which they are walked although only those in trouble are meant.
const FEW: usize = 4_096;

/// Where to walk. All ways lead past everything that the search may find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// All messages of the scope, and from each to its deliveries.
    Messages,
    /// The deliveries to the endpoint with this row.
    Endpoint(i64),
    /// The deliveries of all environments that are retrying, and those that failed or were canceled: one of them, or both.
    /// Not for the search of an application.
    Troubled {
        /// Those that wait for another attempt.
        retrying: bool,
        /// Those that ended without success.
        ended: bool,
    },
}

impl Way {
    /// The way past the fewest rows. `is_indexed` says whether the payload index is of any help.
    pub(crate) async fn choose(
        rows: &mut impl Rows,
        scope: SearchScope,
        narrowing: &Narrowing,
        span: &Span,
        is_indexed: bool,
    ) -> Result<Self, Error> {
        let mut plain = narrowing.endpoint.map_or(Self::Messages, |endpoint| Self::Endpoint(endpoint.row()));
        if narrowing.message.is_some() {
            return Ok(Self::Messages);
        }
        // Where the payload index names the few that may be meant, an endpoint's many deliveries are the longer way.
        if is_indexed && plain != Self::Messages && rows.deliveries(plain, span, FEW).await?.len() == FEW {
            plain = Self::Messages;
        }
        // Most troubles may be others': how far one gets past them would tell an application of its neighbors.
        if matches!(scope, SearchScope::App(_)) {
            return Ok(plain);
        }
        let Some([retrying, failed, canceled]) = narrowing.troubled else { return Ok(plain) };
        let troubled = Self::Troubled { retrying, ended: failed || canceled };
        // Whether an endpoint has many deliveries is quickly counted, up to the point where it does not matter any more, and
        // depends on nothing that is others'.
        let is_short = plain != Self::Messages && rows.deliveries(plain, span, FEW).await?.len() < FEW;
        Ok(if is_short { plain } else { troubled })
    }
}
