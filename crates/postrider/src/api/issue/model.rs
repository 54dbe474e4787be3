//! Issues as JSON.

use postrider_core::id::{AppId, AttemptId, EndpointId, IssueId, MessageId};
use postrider_core::issue::{Issue, Kind, State};
use postrider_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Failures of an endpoint that look alike.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueOut {
    /// Its id.
    #[schema(value_type = String, example = "iss_2nKNsEgDnLtpvGZPjXaFSQAM5yT")]
    id: IssueId,
    /// The application.
    #[schema(value_type = String)]
    app_id: AppId,
    /// The endpoint.
    #[schema(value_type = String)]
    endpoint_id: EndpointId,
    /// How it stands: `open`, `acknowledged`, `muted` or `resolved`.
    #[schema(example = "open")]
    state: &'static str,
    /// Until when it is muted, where that ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    muted_until: Option<Timestamp>,
    /// The status of the answers; 0 without an answer, null where failures are not told apart any more, because the endpoint
    /// has too many issues.
    status_code: Option<u16>,
    /// Why there was no answer: `dns`, `connect`, `tls`, `timeout`, `blocked`, `too_large`, `protocol`, `internal` or
    /// `exec`.
    failure: Option<&'static str>,
    /// When it was first seen.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    /// When it was last seen.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Timestamp,
    /// Failed attempts.
    attempts: u64,
    /// Deliveries whose first attempt failed like this: a lower bound of those that it has affected.
    deliveries: u64,
    /// Deliveries that were given up with it.
    given_up: u64,
    /// The last failed attempt.
    #[schema(value_type = String)]
    last_attempt_id: AttemptId,
    /// Its message.
    #[schema(value_type = String)]
    last_msg_id: MessageId,
    /// Failed attempts by the hour, of the last 48 hours, oldest first; hours without any are left out.
    hours: Vec<HourOut>,
}

/// The failures of an hour.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssueHourOut)]
struct HourOut {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Failed attempts.
    attempts: u64,
}

impl IssueOut {
    pub(super) fn new(issue: &Issue, now: Timestamp) -> Self {
        let state = issue.state(now);
        let (status_code, failure) = match issue.kind {
            Kind::Status(status) => (Some(status), None),
            Kind::Unanswered(class) => (Some(0), Some(class.name())),
            Kind::Other => (None, None),
        };
        let since = now.before(postrider_core::issue::HOURS_KEPT);
        let hours = issue.hours.iter().filter(|(at, _)| *at >= since);
        Self {
            id: issue.id,
            app_id: issue.app,
            endpoint_id: issue.endpoint,
            state: state.name(),
            muted_until: issue.said.until().filter(|_| state == State::Muted),
            status_code,
            failure,
            first_seen: issue.first_seen,
            last_seen: issue.last.seen,
            attempts: issue.failures.attempts,
            deliveries: issue.failures.deliveries,
            given_up: issue.failures.given_up,
            last_attempt_id: issue.last.attempt,
            last_msg_id: issue.last.message,
            hours: hours.map(|(at, attempts)| HourOut { at: *at, attempts: *attempts }).collect(),
        }
    }
}
