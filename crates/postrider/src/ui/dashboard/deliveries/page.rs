//! The page: the search with what it was read as, the counts, and the rows.

use maud::{Markup, html};
use postrider_core::query::{Query, QueryError};
use postrider_core::rights::Right;
use postrider_core::saved::{List, SavedSearch};
use postrider_store::{DeliveryHit, Facets, Searched};

use super::volume::{self, Volume};
use super::{Asked, address, facets, row};
use crate::service::search::Timed;
use crate::ui::Page;
use crate::ui::dashboard::numbers::count;
use crate::ui::dashboard::query::{self, searched};
use crate::ui::dashboard::saved;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::parts::older;
use crate::ui::signed_in::SignedIn;

/// What was found, or what is wrong with the search.
type Found = Result<Timed<Searched<DeliveryHit>>, QueryError>;

/// The page.
pub(super) fn of(
    visitor: &SignedIn,
    asked: &Asked,
    (found, saved): (&Found, &[SavedSearch]),
    counts: Option<&Timed<Facets>>,
    volume: Option<&Volume>,
) -> Page {
    let path = visitor.path(Place::Deliveries);
    let read: Option<Query> = asked.q.parse().ok();
    let content = html! {
        (query::field(&path, &asked.q, found.as_ref().err(), "Search deliveries, such as status:failed code:5xx since:2h"))
        div.stack.results #results {
            (saved::links(visitor, saved, List::Deliveries, read.as_ref().map(|_| asked.q.as_str())))
            @if let Some(read) = &read { (query::chips(&path, read)) }
            @match found {
                Err(_) => {}
                Ok(Timed { found, took }) => {
                    @if let Some(volume) = volume { (volume::chart(volume, has_since(read.as_ref()), address(&path, &asked.q, None))) }
                    @if let Some(counts) = counts { (facets::of(&path, read.as_ref(), &counts.found)) }
                    div.pages {
                        (searched(found.looked, found.reached, found.next.is_none(), *took))
                        @if may_replay(visitor, asked, found) {
                            a.replay-all href=(address(&format!("{path}/replay"), &asked.q, None)) { "Replay all that match…" }
                        }
                        @if asked.after.is_none() && !is_past(read.as_ref()) { (live(&path, asked)) }
                    }
                    @let matched = counts.map(|counts| &counts.found).filter(|counts| counts.is_whole).map(|counts| counts.matched);
                    (rows(visitor, asked, (found, matched), &path))
                    @let next = found.next.map(|next| address(&path, &asked.q, Some(next)));
                    (older(next.as_deref()))
                }
            }
        }
    };
    Frame::new(visitor, Place::Deliveries).with_charts().page(&content)
}

/// Whether the search says from when on.
fn has_since(query: Option<&Query>) -> bool {
    query.is_some_and(|query| query.terms().iter().any(|term| term.to_string().starts_with("since:")))
}

/// Whether the search ends at a fixed time, so that nothing new can come into it.
fn is_past(query: Option<&Query>) -> bool {
    query.is_some_and(|query| query.terms().iter().any(|term| term.to_string().starts_with("until:")))
}

fn live(path: &str, asked: &Asked) -> Markup {
    html! {
        live-rows hidden for="rows" src=(address(&format!("{path}/live"), &asked.q, None)) {
            button.badge type="button" title="Hold the list" { "live" }
            span.visually-hidden role="status" {}
        }
    }
}

/// Whether there is something to send again that a search names. Everything at once is not sent.
fn may_replay(visitor: &SignedIn, asked: &Asked, found: &Searched<DeliveryHit>) -> bool {
    !asked.q.is_empty() && !found.rows.is_empty() && visitor.identity().rights().has(Right::Send)
}

/// The rows of the page; of all that match, how many there are where that is known.
fn rows(
    visitor: &SignedIn,
    asked: &Asked,
    (found, matched): (&Searched<DeliveryHit>, Option<u64>),
    path: &str,
) -> Markup {
    if found.rows.is_empty() {
        return empty(visitor, asked, found, path);
    }
    html! {
        select-rows {
            table.things #rows {
                thead { tr {
                    th { input type="checkbox" data-all aria-label="Select all on this page"; }
                    th scope="col" { "State" } th scope="col" { "Event type, and where it goes" }
                    th scope="col" { "Last answer" } th.number.off-small scope="col" { "Took" }
                    th.number scope="col" { "Attempts" } th.number scope="col" { "Accepted" }
                } }
                tbody { @for hit in &found.rows { (row::of(visitor, hit)) } }
            }
            @if visitor.identity().rights().has(Right::Send) {
                form.selection #selected method="post" action={ (path) "/resend" } hidden {
                    input type="hidden" name="csrf" value=(visitor.csrf());
                    input type="hidden" name="q" value=(asked.q);
                    span { strong data-count { "0" } " selected" }
                    button.primary type="submit" { (icon(Icon::RotateCcw)) "Send again" }
                    @if may_replay(visitor, asked, found) && (found.next.is_some() || asked.after.is_some()) {
                        // A script shows it when all rows are selected.
                        span data-all-selected hidden {
                            "All " (found.rows.len()) " on this page are selected. "
                            a href=(address(&format!("{path}/replay"), &asked.q, None)) {
                                @match matched { Some(matched) => { "Select all " (count(matched)) " that match" }, None => "Select all that match" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn empty(visitor: &SignedIn, asked: &Asked, found: &Searched<DeliveryHit>, path: &str) -> Markup {
    html! {
        div.empty {
            @if found.next.is_some() {
                h2 { "Nothing so far" }
                p { "The search has not come to the end. Go on with older ones, or narrow it with " code { "since:" } " or " code { "endpoint:" } "." }
            } @else if asked.q.is_empty() {
                h2 { "Nothing has been sent yet" }
                p { "Each message that goes to an endpoint shows here, with every attempt. "
                    a href=(visitor.path(Place::Setup)) { "Setup" } " leads to the first one." }
            } @else {
                h2 { "Nothing matches" }
                p { "Take a term away by its chip above, or " a href=(path) { "show everything" } "." }
            }
        }
    }
}
