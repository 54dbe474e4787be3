//! What `verify` prints.

use postrider_core::inbound::{KeyRequest, Preset, Request, Verdict};
use serde::Serialize;

use crate::cli::output;

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    preset: String,
    verdict: &'static str,
    /// A stable word for the kind of reason.
    code: Option<&'static str>,
    reason: Option<String>,
    /// The number of the secret that matched, counted from 1.
    secret: Option<usize>,
    event_type: Option<String>,
    event_id: Option<String>,
    steps: Vec<Step>,
    #[serde(skip)]
    accepted: bool,
}

/// One step of the check.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    #[serde(rename = "step")]
    name: String,
    outcome: Outcome,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Ok,
    Fail,
    /// Not looked at, because of a step before.
    Skipped,
}

impl Step {
    /// A step that is done, or was not looked at.
    pub(super) fn new(name: impl Into<String>, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { name: name.into(), outcome, detail: detail.into() }
    }
}

impl Report {
    /// Of a request that is not checked yet.
    pub(super) fn begin(preset: &Preset, request: &Request<'_>) -> Self {
        Self {
            preset: preset.name.clone(),
            verdict: "failed",
            code: None,
            reason: None,
            secret: None,
            event_type: preset.event_type(request),
            event_id: preset.event_id(request),
            steps: Vec::new(),
            accepted: false,
        }
    }

    /// Whether the request is verified or authenticated.
    pub(super) fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// For people: the steps, and what they come to.
    pub(super) fn text(&self) -> String {
        let rows = self.steps.iter().map(|step| {
            let outcome = match step.outcome {
                Outcome::Ok => "ok",
                Outcome::Fail => "FAIL",
                Outcome::Skipped => "-",
            };
            [outcome.to_owned(), step.name.clone(), step.detail.clone()]
        });
        let steps = output::table(["", "STEP", "WHAT WAS FOUND"], &rows.collect::<Vec<_>>());
        let why = match (&self.reason, self.secret) {
            (Some(reason), _) => format!(": {reason}"),
            (None, Some(number)) => format!(" by secret {number}"),
            (None, None) => String::new(),
        };
        format!("{steps}\n{}{why}\n", self.verdict)
    }

    /// It came to a verdict, by these steps.
    pub(super) fn judge(&mut self, verdict: &Verdict, steps: Vec<Step>) {
        self.steps = steps;
        self.verdict = verdict.name();
        self.accepted = verdict.is_accepted();
        match verdict {
            Verdict::Verified(proof) | Verdict::Authenticated(proof) => {
                self.secret = proof.secret.map(|index| index + 1);
            }
            Verdict::Failed(reason) => {
                self.code = Some(reason.code());
                self.reason = Some(reason.to_string());
            }
            Verdict::Unverified => {}
        }
    }

    /// It waits for a key of the provider, which was not given.
    pub(super) fn wait(&mut self, key: &KeyRequest) {
        let told = format!("the provider's key is needed: fetch {} and give it with --key", key.url);
        self.code = Some("key_needed");
        self.steps.push(Step::new("key", Outcome::Fail, told.clone()));
        self.reason = Some(told);
    }
}
