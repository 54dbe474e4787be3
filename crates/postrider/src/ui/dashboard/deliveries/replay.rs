//! Everything that a search finds is sent again: what that would come to, and its beginning.

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use postrider_core::rights::Right;

use super::{Asked, address};
use crate::context::Context;
use crate::service::replay::search::{self, Foreseen};
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::numbers::count;
use crate::ui::dashboard::{act, replays};
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::page::see;
use crate::ui::parts::exact;
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Shows what it would come to.
pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default());
    let may_send = visitor.identity().rights().has(Right::Send);
    let foreseen = search::foresee(&context, visitor.identity(), &asked.q).await?;
    let path = visitor.path(Place::Deliveries);
    let body = html! {
        div.stack {
            (told(&path, &asked.q, &foreseen))
            @if may_send && (!foreseen.complete || foreseen.would_send() > 0) {
                form.actions method="post" action={ (path) "/replay" } {
                    input type="hidden" name="csrf" value=(visitor.csrf());
                    input type="hidden" name="q" value=(asked.q);
                    button.primary type="submit" {
                        (icon(Icon::RotateCcw))
                        @if foreseen.complete { "Send " (count(foreseen.would_send())) " again" } @else { "Send all that match again" }
                    }
                    a href=(address(&path, &asked.q, None)) { "Back to the list" }
                }
            } @else {
                p {
                    @if may_send { "There is nothing to send. " } @else { "Your role may look at this, and not send. " }
                    a href=(address(&path, &asked.q, None)) { "Back to the list" }
                }
            }
        }
    };
    let title = "Replay all that match";
    Ok(Frame::new(&visitor, Place::Deliveries).of(title, html! { (title) }).page(&body).into_response())
}

/// Begins it; its page shows how it goes.
pub(super) async fn begin(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    let begun = search::begin(&context, visitor.identity(), form.get("q").trim(), None);
    let task = act::done(&visitor, &context, "delivery.replay", begun).await?;
    Ok(see(&format!("{}/{}", visitor.path(Place::Replays), task.id)))
}

fn told(path: &str, q: &str, foreseen: &Foreseen) -> Markup {
    html! {
        p.sentence {
            @if foreseen.matched == 1 { strong { "1 delivery" } " matches " }
            @else { strong { (count(foreseen.matched)) " deliveries" } " match " }
            a href=(address(path, q, None)) { code { (visible(q, false)) } }
            @if !foreseen.complete {
                " among those accepted before " (exact(foreseen.reached)) ". Counting the rest would take too long; the replay covers them, too"
            }
            ". " strong { (count(foreseen.would_send())) }
            @if foreseen.complete { " will be sent again." } @else { " of those counted will be sent again." }
        }
        @if !foreseen.skipped.is_empty() {
            div.card {
                h2 { "Left out" }
                ul.plain { @for (why, left) in &foreseen.skipped { li { (count(*left)) " " (replays::left_out(*why)) } } }
            }
        }
        ul.why {
            li { "What arrived, failed or was canceled starts its schedule anew; what waits gets an attempt now." }
            li { "They keep their ids, so receivers that know them already can tell." }
            li { "Each endpoint keeps its rate limit, and one that is paused or disabled gets them when it is resumed." }
            li { "What is accepted from now on is not found. The replay can be ended at any time." }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use postrider_core::task::Skip;
    use postrider_core::time::Timestamp;

    use super::*;
    use crate::ui::hostile::stays_text;

    fn foreseen(matched: u64, complete: bool) -> Foreseen {
        let skipped = BTreeMap::from([(Skip::NoPayload, 1)]);
        Foreseen { matched, skipped, complete, reached: Timestamp::from_seconds(1_800_000_000) }
    }

    #[test]
    fn a_search_stays_text() {
        stays_text("what a replay comes to", |text| told("/deliveries", text, &foreseen(3, true)));
    }

    #[test]
    fn counts_are_told_in_words() {
        let text = |matched, complete| told("/d", "since:1h", &foreseen(matched, complete)).into_string();
        assert!(text(1, true).contains("<strong>1 delivery</strong> matches "));
        assert!(text(4_812, true).contains("<strong>4,812 deliveries</strong> match "));
        assert!(text(4_812, true).contains("<strong>4,811</strong> will be sent again."));
        assert!(text(9, false).contains("of those counted will be sent again."));
        assert!(text(9, false).contains("1 without a payload any more"));
    }
}
