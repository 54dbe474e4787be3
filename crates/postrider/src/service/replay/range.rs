//! What a source received in a span of time is replayed, as a background task; or counted.

use postrider_core::app::Ref;
use postrider_core::id::SourceId;
use postrider_core::inbound::{CannotSign, Draft};
use postrider_core::reception::Standing;
use postrider_core::replay::{Sign, SourceReplay};
use postrider_core::rights::Right;
use postrider_core::scope::{AppScope, Identity};
use postrider_core::task::{Job, Span, Task};
use postrider_core::time::Timestamp;

use super::{Error, Named, compose, walk};
use crate::context::Context;
use crate::service::fields::{self, Checks};
use crate::service::once::Once;
use crate::service::{access, sources, tasks};

/// Pages that a count looks at: it ends within seconds, however much there is.
const PAGES: usize = 2_000;
/// Messages of a page of a count.
const PAGE: usize = 500;

/// What of a source is replayed, and where to.
#[derive(Debug, Clone)]
pub struct Range {
    /// From this time.
    pub since: Timestamp,
    /// To before this time; now when not given.
    pub until: Option<Timestamp>,
    /// Of one of these types; empty means all.
    pub event_types: Vec<String>,
    /// That stands so; empty means all.
    pub standings: Vec<Standing>,
    /// Repetitions too.
    pub with_duplicates: bool,
    /// Where to.
    pub to: Named,
    /// How it is signed.
    pub sign: Sign,
}

/// How many messages a replay would be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// So many.
    pub matched: u64,
    /// Whether these are all. There may be more where counting them would take too long.
    pub complete: bool,
}

/// Begins a task that replays what the range says.
pub async fn range(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    range: Range,
    once: Option<Once<Task>>,
) -> Result<Task, Error> {
    let (scope, span, replay) = check(context, identity, source, range).await?;
    Ok(tasks::start(context, scope, Job::ReplaySource(replay), (span, context.now()), once).await?)
}

/// Counts what the range is about, and does nothing.
pub async fn count(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    range: Range,
) -> Result<Counted, Error> {
    let (scope, span, replay) = check(context, identity, source, range).await?;
    let found = access::app(context, identity, Right::Send, source).await?;
    let _turn = access::turn(context, &found).await?;
    let (mut matched, mut from) = (0, span.first_row());
    for _ in 0..PAGES {
        let place = walk::Place { scope, span, from };
        let looked = walk::received(context, place, &replay, PAGE, false).await?;
        matched += looked.found.len() as u64;
        match looked.reached {
            Some(reached) => from = reached,
            None => return Ok(Counted { matched, complete: true }),
        }
    }
    Ok(Counted { matched, complete: false })
}

async fn check(
    context: &Context,
    identity: Identity,
    source: &Ref<SourceId>,
    range: Range,
) -> Result<(AppScope, Span, SourceReplay), Error> {
    let (source, scope) = sources::find(context, identity, Right::Send, source).await?;
    let span = tasks::span(range.since, range.until, context.now())?;
    let mut checks = Checks::default();
    fields::filters(&mut checks, Some(&range.event_types), None);
    checks.finish()?;
    let to = range.to.resolve(context, scope).await?;
    if range.sign == Sign::Provider {
        let inlet = context.inlets.of_app(source.app).await?.ok_or(access::Error::Missing("source"))?;
        can_sign(context, &inlet).map_err(compose::not_signed)?;
    }
    let replay = SourceReplay {
        source: source.id,
        event_types: range.event_types,
        standings: range.standings,
        with_duplicates: range.with_duplicates,
        to,
        sign: range.sign,
    };
    Ok((scope, span, replay))
}

/// Whether requests of the source can be signed as its provider does, as far as that does not depend on the request.
fn can_sign(context: &Context, inlet: &sources::Inlet) -> Result<(), String> {
    let verifier = compose::signer(inlet)?;
    let url = compose::address(context, inlet);
    let mut empty = Draft { method: "POST".to_owned(), url, headers: Vec::new(), body: Vec::new() };
    match verifier.produce(&mut empty, context.now(), &*context.rng) {
        Ok(()) | Err(CannotSign::Incomplete(_) | CannotSign::NoPlace(_)) => Ok(()),
        Err(error @ (CannotSign::ProvidersKey(_) | CannotSign::NoSecret | CannotSign::Unsigned(_))) => {
            Err(compose::sentence(&error))
        }
    }
}
