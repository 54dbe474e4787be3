//! Which event types an endpoint gets, as boxes to tick.
//!
//! An endpoint may have chosen what this session does not see: event types behind flags, or more of them than a page has.
//! Those stay chosen, whatever is ticked.

use std::collections::BTreeSet;

use maud::{Markup, html};
use postrider_core::event_type::{EventType, Sight};
use postrider_core::limits::PAGE_MAX;
use postrider_store::{Edge, Page};

use super::customer::Customer;
use super::failure::Failure;
use crate::context::Context;
use crate::service::event_types;
use crate::ui::catalog::Tree;
use crate::ui::form::Form;
use crate::ui::text::visible;

/// Event types that are shown. A form has room for each of them.
const MOST: usize = 1_000;
/// The name of the boxes.
const FIELD: &str = "event_type";

/// The event types of the environment.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Those that the session sees, by name.
    pub(super) seen: Vec<EventType>,
    /// Names of those that it does not see.
    hidden: BTreeSet<String>,
    /// Whether there are more, of which nothing is known here.
    pub(super) is_cut: bool,
}

impl Known {
    /// Reads them.
    pub(super) async fn read(context: &Context, customer: &Customer) -> Result<Self, Failure> {
        let (mut known, sight, mut edge) = (Self::default(), customer.sight(), None);
        loop {
            let page = Page { limit: PAGE_MAX, edge, order: None };
            let everything = &Sight::Everything;
            let listed = event_types::list(context, customer.identity(), everything, false, page).await?;
            for event_type in listed.rows {
                if sight.sees(&event_type) {
                    known.seen.push(event_type);
                } else {
                    known.hidden.insert(event_type.name);
                }
            }
            known.is_cut = listed.next.is_some() && known.seen.len() + known.hidden.len() >= MOST;
            match listed.next {
                Some(next) if !known.is_cut => edge = Some(Edge::After(next)),
                _ => break,
            }
        }
        let beyond = known.seen.len().saturating_sub(MOST);
        known.is_cut |= beyond > 0;
        known.seen.truncate(MOST);
        Ok(known)
    }

    /// The boxes, with those ticked that are `chosen`. What is chosen without being known has a box too, unless it may be
    /// one of those that are not seen.
    pub(super) fn boxes(&self, chosen: &[String]) -> Markup {
        let named = self.seen.iter().map(|event_type| event_type.name.as_str());
        let strange = chosen.iter().map(String::as_str).filter(|name| self.is_strange(name));
        let tree = Tree::of(named.chain(strange));
        html! {
            fieldset.boxes {
                legend { "Event types" }
                p.hint { "Without any ticked, the endpoint gets all of them." }
                @if tree.branches.is_empty() { p.hint { "None are described yet." } } @else { (branches(&tree, chosen)) }
                @if self.is_cut { p.hint { "… There are more, which are not shown. Those that are chosen stay chosen." } }
            }
        }
    }

    /// What is chosen from now on: what is ticked, and what was chosen before without a box here.
    pub(super) fn chosen(&self, form: &Form, before: &[String]) -> Vec<String> {
        let without_box = |name: &&String| !self.has_box(name);
        let kept = before.iter().filter(without_box).cloned();
        form.all(FIELD).map(str::to_owned).chain(kept).collect()
    }

    fn has_box(&self, name: &str) -> bool {
        self.seen.iter().any(|event_type| event_type.name == name) || self.is_strange(name)
    }

    fn is_strange(&self, name: &str) -> bool {
        !self.is_cut
            && !self.hidden.contains(name)
            && !self.seen.iter().any(|event_type| event_type.name == name)
    }
}

fn branches(tree: &Tree<'_>, chosen: &[String]) -> Markup {
    html! {
        ul.tree {
            @for (part, branch) in &tree.branches {
                li {
                    @match branch.name {
                        Some(name) => label.check {
                            input type="checkbox" name=(FIELD) value=(name) checked[chosen.iter().any(|one| one == name)];
                            " " (visible(name, false))
                        },
                        None => span.branch { (visible(part, false)) },
                    }
                    @if !branch.branches.is_empty() { (branches(branch, chosen)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::id::EventTypeId;
    use postrider_core::time::Timestamp;

    use super::*;

    fn event_type(name: &str) -> EventType {
        EventType {
            id: EventTypeId::from_bytes([1; 20]),
            name: name.to_owned(),
            description: String::new(),
            archived: false,
            deprecated: false,
            schemas: None,
            group_name: None,
            feature_flags: Vec::new(),
            retry_schedule: None,
            created_at: Timestamp::from_seconds(1),
            updated_at: Timestamp::from_seconds(1),
        }
    }

    fn names(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn what_is_not_seen_stays_chosen_and_has_no_box() {
        let mut known = Known { seen: vec![event_type("a.b"), event_type("a.c")], ..Known::default() };
        known.hidden.insert("secret".to_owned());
        let before = names(&["a.b", "secret", "gone"]);
        let boxes = known.boxes(&before).into_string();
        assert!(
            boxes.contains("value=\"gone\" checked") && boxes.contains("value=\"a.b\" checked"),
            "{boxes}"
        );
        assert!(boxes.contains("value=\"a.c\">") && !boxes.contains("secret"), "{boxes}");
        let form = Form::of(&[("event_type", "a.c")]);
        assert_eq!(known.chosen(&form, &before), names(&["a.c", "secret"]));
        known.is_cut = true;
        assert_eq!(known.chosen(&form, &before), names(&["a.c", "secret", "gone"]));
        assert!(!known.boxes(&before).into_string().contains("gone"));
    }
}
