//! All event types as a tree, and a new one. `new` in the address opens the form instead of the tree.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, html};
use postrider_core::event_type::{EventType, Sight};
use postrider_core::limits;
use postrider_core::names;
use postrider_core::rights::Right;
use postrider_core::rollup::{Counter, Resolution};
use postrider_store::{Edge, Page as Rows};

use super::form::{self, FIELDS};
use super::path;
use crate::context::Context;
use crate::service::analytics::{self, By, Query};
use crate::service::event_types;
use crate::service::fields::InvalidFields;
use crate::ui::Page;
use crate::ui::catalog::Tree;
use crate::ui::dashboard::act;
use crate::ui::dashboard::failure::Failure;
use crate::ui::dashboard::filled::Filled;
use crate::ui::dashboard::numbers::count;
use crate::ui::dashboard::people::token;
use crate::ui::form::Form;
use crate::ui::frame::{Frame, Place};
use crate::ui::icon::{Icon, icon};
use crate::ui::page::see;
use crate::ui::parts::{Kind, pill};
use crate::ui::signed_in::SignedIn;
use crate::ui::text::visible;

/// Event types that the page shows.
const SHOWN: usize = 2_000;
/// How far back messages are counted.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

pub(super) async fn show(
    visitor: SignedIn,
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let (mut is_new, mut with_archived) = (false, false);
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        is_new |= name == "new";
        with_archived |= name == "archived";
    }
    if is_new {
        visitor.identity().needs(Right::Manage)?;
        return Ok(new(&visitor, &Filled::default()).into_response());
    }
    let (types, is_cut) = all(&context, &visitor, with_archived).await?;
    let since = Some(context.now().before(MONTH));
    let asked = Query { since, by: By::EventType, resolution: Some(Resolution::Day), ..Query::default() };
    let report = analytics::report(&context, visitor.identity(), &asked).await?;
    let volumes: HashMap<&str, u64> =
        report.lines.iter().map(|line| (line.name.as_str(), line.total.get(Counter::Messages))).collect();
    let listed = Listing { visitor: &visitor, types: &types, volumes: &volumes };
    Ok(listed.page(with_archived, is_cut).into_response())
}

async fn all(
    context: &Context,
    visitor: &SignedIn,
    with_archived: bool,
) -> Result<(Vec<EventType>, bool), Failure> {
    let mut all = Vec::new();
    let mut edge = None;
    loop {
        let rows = Rows { limit: limits::PAGE_MAX, edge, order: None };
        let listed =
            event_types::list(context, visitor.identity(), &Sight::Everything, with_archived, rows).await?;
        all.extend(listed.rows);
        match listed.next {
            None => return Ok((all, false)),
            Some(_) if all.len() >= SHOWN => return Ok((all, true)),
            Some(next) => edge = Some(Edge::After(next)),
        }
    }
}

struct Listing<'a> {
    visitor: &'a SignedIn,
    types: &'a [EventType],
    /// Messages of the last month, by name; of those that had most.
    volumes: &'a HashMap<&'a str, u64>,
}

impl Listing<'_> {
    fn page(&self, with_archived: bool, is_cut: bool) -> Page {
        let path = self.visitor.path(Place::EventTypes);
        let tree = Tree::of(self.types.iter().map(|event_type| event_type.name.as_str()));
        let content = html! {
            nav.views aria-label="Which event types" {
                a href=(path) aria-current=[(!with_archived).then_some("true")] { "In use" }
                a href={ (path) "?archived" } aria-current=[with_archived.then_some("true")] { "With archived ones" }
            }
            @if self.types.is_empty() {
                div.empty {
                    h2 { "There is no event type yet" }
                    p { "An event type says what kind of event a message is, such as " code { "invoice.paid" }
                        ". Endpoints choose the types that they want, and your customers read in the catalogue what each looks like." }
                }
            } @else {
                div.card { (self.branches(&tree)) }
                p.hint { "The number beside a name is how many messages of it were published in the last 30 days." }
            }
            @if is_cut { p.hint { "The first " (self.types.len()) " are shown." } }
        };
        let actions = html! {
            a.button href="/docs/events" { (icon(Icon::BookOpen)) "Catalogue" }
            @if self.visitor.identity().rights().has(Right::Manage) {
                a.button.primary href={ (path) "?new" } { (icon(Icon::Plus)) "New event type" }
            }
        };
        Frame::new(self.visitor, Place::EventTypes).with_actions(actions).page(&content)
    }

    fn branches(&self, tree: &Tree<'_>) -> Markup {
        html! {
            ul.tree {
                @for (part, branch) in &tree.branches {
                    li {
                        @match branch.name.and_then(|name| self.types.iter().find(|known| known.name == name)) {
                            Some(event_type) => (self.leaf(event_type)),
                            None => span.quiet { (visible(part, false)) },
                        }
                        @if !branch.branches.is_empty() { (self.branches(branch)) }
                    }
                }
            }
        }
    }

    fn leaf(&self, event_type: &EventType) -> Markup {
        let first = event_type.description.trim().lines().next().unwrap_or_default();
        html! {
            div.leaf {
                a href=(path(self.visitor, &event_type.name)) { (event_type.name) }
                (marks(event_type))
                span.quiet { (visible(first, false)) }
                @if let Some(messages) = self.volumes.get(event_type.name.as_str()) {
                    span.count { (count(*messages)) }
                }
            }
        }
    }
}

/// What is to be known of one at once.
pub(super) fn marks(event_type: &EventType) -> Markup {
    html! {
        @if event_type.archived { " " (pill(Kind::Waiting, "Archived")) }
        @if event_type.deprecated { " " (pill(Kind::Other, "Deprecated")) }
        @if !event_type.feature_flags.is_empty() { " " (pill(Kind::Waiting, "Behind a flag")) }
    }
}

/// Makes one.
pub(super) async fn make(
    visitor: SignedIn,
    State(context): State<Context>,
    request: Request,
) -> Result<Response, Failure> {
    let form = act::form(&visitor, &context, request).await?;
    visitor.identity().needs(Right::Manage)?;
    let made = match changes(&form) {
        Ok((name, changes)) => {
            let making = event_types::create(&context, visitor.identity(), name, changes, None);
            act::done(&visitor, &context, "event_type.create", making).await
        }
        Err(invalid) => Err(invalid.into()),
    };
    let filled = match made {
        Ok(event_type) => return Ok(see(&path(&visitor, &event_type.name))),
        Err(event_types::Error::Invalid(invalid)) => Filled::typed(&form, &invalid),
        Err(event_types::Error::NameTaken) => {
            Filled::but(&form, "name", "There is an event type with this name.")
        }
        Err(error) => return Err(error.into()),
    };
    Ok(new(&visitor, &filled).with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

fn changes(form: &Form) -> Result<(String, event_types::Changes), InvalidFields> {
    let name = form.get("name").trim().to_owned();
    names::name(&name).map_err(|invalid| InvalidFields::one("name", invalid))?;
    Ok((name, form::changes(form)?))
}

fn new(visitor: &SignedIn, filled: &Filled) -> Page {
    let content = html! {
        section.card {
            (filled.summary(&FIELDS))
            form.stack method="post" action=(visitor.path(Place::EventTypes)) {
                (token(visitor))
                (filled.line("name", "Name", "Letters, digits and -_. such as invoice.paid. Dots make the tree."))
                (form::fields(filled))
                p { button.primary type="submit" { "Make the event type" } }
            }
        }
    };
    Frame::new(visitor, Place::EventTypes).of("New event type", html! { "New event type" }).page(&content)
}
