//! What was found.

use postrider_core::inbound::{KeyRequest, Preset, Request, Verdict};
use serde::Serialize;

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The preset's name.
    pub preset: String,
    /// `verified`, `authenticated`, `unverified` or `failed`.
    pub verdict: &'static str,
    /// A stable word for the kind of reason.
    pub code: Option<&'static str>,
    /// Why it failed, as a sentence.
    pub reason: Option<String>,
    /// The number of the secret that matched, counted from 1.
    pub secret: Option<usize>,
    /// What the provider calls the event.
    pub event_type: Option<String>,
    /// The provider's id of it.
    pub event_id: Option<String>,
    /// The parts of the check, in their order.
    pub steps: Vec<Step>,
    #[serde(skip)]
    accepted: bool,
}

/// One step of the check.
#[derive(Debug, Serialize)]
pub struct Step {
    /// A word for it.
    #[serde(rename = "step")]
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
    /// What was found.
    pub detail: String,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is right.
    Ok,
    /// It is wrong.
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
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted
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
        let told = format!(
            "the provider's key is needed: fetch {} and give it to `postrider verify` with --key",
            key.url
        );
        self.code = Some("key_needed");
        self.steps.push(Step::new("key", Outcome::Fail, told.clone()));
        self.reason = Some(told);
    }
}
