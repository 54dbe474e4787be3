//! Where deliveries and attempts stand, in the numbers and words of the contract.

use postrider_core::delivery::State;
use postrider_core::names::Invalid;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;

/// A number and its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    /// The number: 0 to 4.
    pub(super) number: u8,
    /// The word.
    pub(super) text: &'static str,
}

/// Arrived.
pub(super) const SUCCESS: Status = Status { number: 0, text: "success" };
/// Waiting for an attempt.
const PENDING: Status = Status { number: 1, text: "pending" };
/// Given up, or for an attempt: it did not arrive.
pub(super) const FAIL: Status = Status { number: 2, text: "fail" };
/// Being sent.
const SENDING: Status = Status { number: 3, text: "sending" };
/// Skipped, or never to be sent.
const CANCELED: Status = Status { number: 4, text: "canceled" };

/// Which statuses to list, and how to show them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct StatusQuery {
    /// With this status: 0 success, 1 pending, 2 fail, 3 sending, 4 canceled.
    #[param(minimum = 0, maximum = 4)]
    status: Option<u64>,
    /// Show what is being sent as 3 (sending) instead of 1 (pending).
    expanded_statuses: bool,
}

/// How to show statuses.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct ExpandedQuery {
    /// Show what is being sent as 3 (sending) instead of 1 (pending).
    pub(super) expanded_statuses: bool,
}

impl StatusQuery {
    /// The states of deliveries with the status; none means all.
    pub(super) fn states(&self) -> Result<Vec<State>, Problem> {
        match (self.status, self.expanded_statuses) {
            (Some(1), true) => Ok(vec![State::Waiting, State::Parked]),
            (status, _) => of_number(status).map_err(|_| unknown()),
        }
    }

    /// Whether attempts with the status succeeded: `None` for all of them. An attempt on record has ended, so no
    /// attempt has another status than 0 or 2.
    pub(super) fn succeeded(&self) -> Result<Wanted, Problem> {
        match self.status {
            None => Ok(Wanted::All),
            Some(0) => Ok(Wanted::Only(true)),
            Some(2) => Ok(Wanted::Only(false)),
            Some(1 | 3 | 4) => Ok(Wanted::Nothing),
            Some(_) => Err(unknown()),
        }
    }

    /// The status of a delivery in `state`.
    pub(super) fn show(&self, state: State) -> Status {
        show(state, self.expanded_statuses)
    }
}

/// The states of deliveries with the status of this number; none means all.
pub(super) fn of_number(status: Option<u64>) -> Result<Vec<State>, Invalid> {
    match status {
        None => Ok(Vec::new()),
        Some(0) => Ok(vec![State::Succeeded]),
        Some(1) => Ok(vec![State::Waiting, State::Parked, State::Held]),
        Some(2) => Ok(vec![State::Failed]),
        Some(3) => Ok(vec![State::Held]),
        Some(4) => Ok(vec![State::Canceled]),
        Some(_) => Err(Invalid::value("must be from 0 to 4")),
    }
}

/// The first digit of the status codes of a class; 0 for no answer.
pub(super) fn class(class: Option<u64>) -> Result<Option<u16>, Invalid> {
    match class {
        None => Ok(None),
        Some(class @ (0 | 100 | 200 | 300 | 400 | 500)) => Ok(Some((class / 100) as u16)),
        Some(_) => Err(Invalid::value("must be 0, 100, 200, 300, 400 or 500")),
    }
}

/// Which attempts a status stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All.
    All,
    /// Those that succeeded, or those that did not.
    Only(bool),
    /// None can have it.
    Nothing,
}

/// The status of a delivery in `state`.
pub(super) const fn show(state: State, expanded: bool) -> Status {
    match state {
        State::Held if expanded => SENDING,
        State::Waiting | State::Parked | State::Held => PENDING,
        State::Succeeded => SUCCESS,
        State::Failed => FAIL,
        State::Canceled => CANCELED,
    }
}

fn unknown() -> Problem {
    Problem::refused("query", "status", "value_error", "must be from 0 to 4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_exactly_what_is_shown_with_its_number() {
        for expanded_statuses in [false, true] {
            for number in 0..=4 {
                let query = StatusQuery { status: Some(number), expanded_statuses };
                let states = query.states().unwrap();
                for state in State::ALL {
                    let shown = u64::from(query.show(state).number) == number;
                    // Asking for what is being sent finds it even where it is shown as pending.
                    let sending = number == 3 && state == State::Held;
                    assert_eq!(states.contains(&state), shown || sending, "{number} {state:?}");
                }
            }
        }
        assert!(StatusQuery { status: Some(5), expanded_statuses: false }.states().is_err());
        assert!(StatusQuery { status: Some(5), expanded_statuses: false }.succeeded().is_err());
    }
}
