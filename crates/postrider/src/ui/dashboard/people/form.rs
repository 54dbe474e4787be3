//! Roles and environments in forms.

use maud::{Markup, html};
use postrider_core::environment::Environment;
use postrider_core::person::Environments;
use postrider_core::role::Role;

use crate::ui::form::Form;
use crate::ui::text::visible;

/// The choice of a role.
pub(super) fn role(chosen: Role) -> Markup {
    html! {
        div.field {
            label for="role" { "Role" }
            select #role name="role" {
                @for role in Role::ALL {
                    option value=(role.name()) selected[role == chosen] { (role.name()) ": " (what(role)) }
                }
            }
        }
    }
}

/// What a role may do.
pub(super) const fn what(role: Role) -> &'static str {
    match role {
        Role::Viewer => "sees everything but secrets",
        Role::Operator => "also sends again, replays and changes endpoints",
        Role::Admin => "does everything",
    }
}

/// The box for all environments, as forms call it.
const ALL: &str = "all-environments";

/// The choice of environments. All of them are a box of their own: a form with nothing ticked must not give the most.
pub(super) fn environments(all: &[Environment], chosen: &Environments) -> Markup {
    let is_chosen = |environment: &Environment| match chosen {
        Environments::All => false,
        Environments::Only(some) => some.contains(&environment.id),
    };
    html! {
        @if all.len() > 1 || matches!(chosen, Environments::Only(_)) {
            fieldset {
                legend { "Environments" }
                p.hint { "Tick all, or those that it is to be. Where some are ticked beside all, it is only those." }
                label.check {
                    input type="checkbox" name=(ALL) checked[matches!(chosen, Environments::All)];
                    " All, and those that are made later"
                }
                @for environment in all {
                    label.check {
                        input type="checkbox" name=(environment.id) checked[is_chosen(environment)];
                        " " (visible(&environment.name, false))
                    }
                }
            }
        } @else {
            input type="hidden" name=(ALL) value="on";
        }
    }
}

/// The role that was chosen, if it is one.
pub(super) fn chosen_role(form: &Form) -> Option<Role> {
    Role::named(form.get("role"))
}

/// The environments that were ticked; none of them where nothing was, which no person may have.
pub(super) fn chosen_environments(form: &Form, all: &[Environment]) -> Environments {
    let ticked: Vec<_> =
        all.iter().map(|environment| environment.id).filter(|id| form.has(&id.to_string())).collect();
    if ticked.is_empty() && form.has(ALL) { Environments::All } else { Environments::Only(ticked) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_environments_are_ticked_and_never_meant_by_nothing() {
        assert_eq!(chosen_environments(&Form::of(&[]), &[]), Environments::Only(Vec::new()));
        assert_eq!(chosen_environments(&Form::of(&[(ALL, "on")]), &[]), Environments::All);
    }
}
