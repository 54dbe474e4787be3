//! The chart over the list: attempts over the time of the search, from the numbers that were counted when they happened.
//!
//! Numbers know applications, endpoints and event types, and nothing else that a search may ask for. What of the search
//! they are not narrowed by is said below the chart, so that nobody takes them for those of the list.

use std::time::Duration;

use maud::{Markup, html};
use postrider_core::app::Ref;
use postrider_core::query::{AppHead, Condition, EndpointHead, Pattern, Query, Term};
use postrider_core::scope::Identity;
use postrider_core::time::Timestamp;
use postrider_store::DeliveryHit;

use crate::context::Context;
use crate::service::analytics::{self, Report};
use crate::ui::dashboard::analytics::draw;
use crate::ui::text::visible;

/// How long the list waits for its chart, of the tenth of a second that a page may take.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the chart shows.
pub(super) struct Volume {
    report: Report,
    /// Terms that the numbers are not narrowed by.
    ignored: Vec<String>,
}

/// The numbers of the search; `first` is a delivery that it has found. `None` where there are none, or not soon enough: the
/// list is there without them.
pub(super) async fn of(
    context: &Context,
    identity: Identity,
    query: &Query,
    first: Option<&DeliveryHit>,
) -> Option<Volume> {
    let (asked, ignored) = narrowed(query, first.map(|hit| (&hit.app, &hit.endpoint)), context.now());
    let report = analytics::report(context, identity, &asked);
    let report = tokio::time::timeout(PATIENCE, report).await.ok()?.ok()?;
    Some(Volume { report, ignored })
}

/// The question that a search comes to, and the terms that it leaves out. `first` is where something that the search has
/// found belongs: an endpoint's id alone does not say whose it is.
fn narrowed(
    query: &Query,
    first: Option<(&AppHead, &EndpointHead)>,
    now: Timestamp,
) -> (analytics::Query, Vec<String>) {
    let narrowing = query.narrowing(now);
    let mut asked =
        analytics::Query { since: narrowing.since, until: narrowing.until, ..analytics::Query::default() };
    // Owners first: an endpoint is one of theirs.
    let mut is_known = vec![false; query.terms().len()];
    for (term, is_known) in query.terms().iter().zip(&mut is_known) {
        let has_owner = asked.app.is_some() || asked.source.is_some();
        *is_known = match term {
            Term { condition: Condition::Since(_) | Condition::Until(_), .. } => true,
            Term { is_not: true, .. } => false,
            Term { condition: Condition::App(refs), .. } if refs.len() == 1 && !has_owner => {
                asked.app = refs.first().cloned();
                true
            }
            Term { condition: Condition::Source(refs), .. } if refs.len() == 1 && !has_owner => {
                asked.source = refs.first().cloned();
                true
            }
            Term { condition: Condition::Type(all), .. } => match &all[..] {
                [Pattern::Exact(name)] if asked.event_type.is_none() => {
                    asked.event_type = Some(name.clone());
                    true
                }
                _ => false,
            },
            _ => false,
        };
    }
    for (term, is_known) in query.terms().iter().zip(&mut is_known) {
        let Term { is_not: false, condition: Condition::Endpoint(refs) } = term else { continue };
        let [endpoint] = &refs[..] else { continue };
        let has_owner = asked.app.is_some() || asked.source.is_some();
        let owner = first.filter(|(_, head)| *endpoint == Ref::Id(head.id)).map(|(app, _)| app);
        if asked.endpoint.is_some() || !has_owner && owner.is_none() {
            continue;
        }
        if let (false, Some(owner)) = (has_owner, owner) {
            asked.source = owner.source.map(Ref::Id);
            asked.app = owner.source.is_none().then_some(Ref::Id(owner.id));
        }
        asked.endpoint = Some(endpoint.clone());
        *is_known = true;
    }
    let ignored = query.terms().iter().zip(is_known).filter(|(_, is_known)| !is_known);
    (asked, ignored.map(|(term, _)| term.to_string()).collect())
}

/// The chart, with what of it is not the search's. A selected span leads to the list at `brush`.
pub(super) fn chart(volume: &Volume, has_since: bool, brush: String) -> Markup {
    let Some(line) = volume.report.lines.first() else { return html! {} };
    let title = if has_since { "Attempts" } else { "Attempts of a day" };
    html! {
        div.over-list {
            (draw::volume(&volume.report, line, Some(brush)).low().titled(title).markup())
            (not_narrowed(&volume.ignored))
        }
    }
}

fn not_narrowed(ignored: &[String]) -> Markup {
    html! {
        @if !ignored.is_empty() {
            p.hint {
                "Counted for all deliveries of that time, not narrowed by "
                @for (index, term) in ignored.iter().enumerate() {
                    @if index > 0 { ", " }
                    code { (visible(term, false)) }
                }
                "."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::{AppId, EndpointId, SourceId};

    use super::*;
    use crate::ui::hostile::stays_text;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn heads(source: Option<SourceId>) -> (AppHead, EndpointHead) {
        let app = AppHead {
            id: AppId::from_bytes([1; 20]),
            uid: None,
            name: "app".into(),
            source,
            source_uid: None,
        };
        let endpoint = EndpointHead {
            id: EndpointId::from_bytes([2; 20]),
            uid: Some("main".into()),
            url: "https://example.com/".into(),
            description: String::new(),
            is_deleted: false,
        };
        (app, endpoint)
    }

    #[test]
    fn numbers_are_narrowed_by_what_they_know_and_the_rest_is_said() {
        let id = EndpointId::from_bytes([2; 20]);
        let by_id = format!("endpoint:{id}");
        let app = "app:customer-42";
        // The search, whether it has found something, and whether application, endpoint and type are narrowed by.
        for (text, has_found, narrows, ignored) in [
            ("", false, [false, false, false], &[][..]),
            ("since:2h until:1h", false, [false, false, false], &[]),
            ("type:invoice.paid", false, [false, false, true], &[]),
            ("type:invoice.*", false, [false, false, false], &["type:invoice.*"]),
            ("type:a,b", false, [false, false, false], &["type:a,b"]),
            ("-type:a", false, [false, false, false], &["-type:a"]),
            ("type:a type:b", false, [false, false, true], &["type:b"]),
            (app, false, [true, false, false], &[]),
            ("-app:customer-42", false, [false, false, false], &["-app:customer-42"]),
            ("endpoint:main app:customer-42", false, [true, true, false], &[]),
            ("endpoint:main", true, [false, false, false], &["endpoint:main"]),
            (&by_id, true, [true, true, false], &[]),
            (&by_id, false, [false, false, false], &[by_id.as_str()]),
            (
                "status:failed code:5xx words",
                true,
                [false, false, false],
                &["status:failed", "code:5xx", "words"],
            ),
            ("body.a:1 type:a since:1h", true, [false, false, true], &["body.a:1"]),
        ] {
            let (head, endpoint) = heads(None);
            let query: Query = text.parse().unwrap();
            let (asked, left) = narrowed(&query, has_found.then_some((&head, &endpoint)), NOW);
            let found = [asked.app.is_some(), asked.endpoint.is_some(), asked.event_type.is_some()];
            assert_eq!(
                (found, &left[..]),
                (narrows, &ignored.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>()[..]),
                "{text}"
            );
            assert_eq!(asked.since, query.narrowing(NOW).since, "{text}");
        }
    }

    #[test]
    fn an_endpoint_of_a_source_is_looked_for_there() {
        let source = SourceId::from_bytes([3; 20]);
        let (head, endpoint) = heads(Some(source));
        let query: Query = format!("endpoint:{}", endpoint.id).parse().unwrap();
        let (asked, left) = narrowed(&query, Some((&head, &endpoint)), NOW);
        assert_eq!(
            (asked.app, asked.source, asked.endpoint),
            (None, Some(Ref::Id(source)), Some(Ref::Id(endpoint.id)))
        );
        assert!(left.is_empty());
    }

    #[test]
    fn terms_stay_text() {
        stays_text("what a chart is not narrowed by", |text| {
            not_narrowed(&[text.to_owned(), "b".to_owned()])
        });
    }
}
