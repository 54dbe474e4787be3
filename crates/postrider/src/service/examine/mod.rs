//! The check, taken apart: which step says no, and what the later ones would have said.
//!
//! The rules judge a request as a whole and stop at the first thing that is wrong. A person wants to know what is right
//! too: so each secret is tried alone, and a request from the wrong time is tried once more as if time did not count.
//!
//! Nothing is fetched and nothing is kept: neither the request nor the secrets outlive the call.

mod report;

use std::sync::Arc;
use std::time::Duration;

use postrider_core::inbound::{
    Check, Fetched, InvalidVerifier, KeyRequest, Preset, Reason, Request, Secret, Settings, Step as Part,
    Verdict, Verifier,
};
use postrider_core::time::Timestamp;

pub use self::report::{Outcome, Report, Step};

/// What a request is checked with.
pub struct Case {
    /// Whose rules.
    pub preset: Arc<Preset>,
    /// What the sender may have signed with.
    pub secrets: Vec<Secret>,
    /// What the preset asks for beside the secrets.
    pub settings: Settings,
    /// What the provider's addresses hold, in the order in which the check asks for it.
    pub keys: Vec<Vec<u8>>,
    /// Instead of the preset's; zero for any time.
    pub tolerance: Option<Duration>,
    /// When the request came.
    pub now: Timestamp,
}

/// What a check came to.
enum Ended {
    Verdict(Verdict),
    /// It waits for a key that was not given.
    Waits(KeyRequest),
}

impl Case {
    /// Checks a request.
    pub fn examine(&self, request: &Request<'_>) -> Result<Report, InvalidVerifier> {
        let mut report = Report::begin(&self.preset, request);
        match self.check(request, self.secrets.clone(), self.tolerance)? {
            Ended::Waits(key) => report.wait(&key),
            Ended::Verdict(verdict) => report.judge(&verdict, self.steps(request, &verdict)?),
        }
        Ok(report)
    }

    fn check(
        &self,
        request: &Request<'_>,
        secrets: Vec<Secret>,
        tolerance: Option<Duration>,
    ) -> Result<Ended, InvalidVerifier> {
        let mut verifier = Verifier::new(Arc::clone(&self.preset), secrets, self.settings.clone())?;
        if let Some(tolerance) = tolerance {
            verifier = verifier.tolerance(tolerance);
        }
        let mut fetched = Fetched::default();
        let mut keys = self.keys.iter();
        loop {
            match verifier.check(request, self.now, &fetched) {
                Check::Done(verdict) => return Ok(Ended::Verdict(verdict)),
                Check::NeedsKey(key) => match keys.next() {
                    Some(bytes) => fetched.supply(&key, bytes.clone()),
                    None => return Ok(Ended::Waits(key)),
                },
            }
        }
    }

    fn steps(&self, request: &Request<'_>, verdict: &Verdict) -> Result<Vec<Step>, InvalidVerifier> {
        let (failed, age) = match verdict {
            Verdict::Failed(reason) => (Some(reason), None),
            Verdict::Verified(proof) | Verdict::Authenticated(proof) => {
                (None, proof.timestamp.map(|signed| age(signed, self.now)))
            }
            Verdict::Unverified => {
                let told = if self.secrets.is_empty() {
                    "none is given, so there is nothing to check with"
                } else {
                    "this provider does not sign"
                };
                return Ok(vec![Step::new("secret", Outcome::Skipped, told)]);
            }
        };
        let description = self.preset.describe();
        let url = if description.needs_url { format!("; the URL is {}", request.url) } else { String::new() };
        let signed = format!("{}; the body has {} bytes{url}", description.message, request.body.len());
        let timestamp = description.timestamp.map(|place| match age {
            Some(age) => format!("{place}: {age}"),
            None => place,
        });
        let mut steps = Vec::new();
        for (part, name, looked_at) in [
            (Part::Request, "request", None),
            (Part::Signature, "signature", Some(description.signature)),
            (Part::Timestamp, "timestamp", timestamp),
            (Part::Message, "message", Some(signed)),
            (Part::Key, "key", None),
        ] {
            match failed {
                Some(reason) if reason.step() == part => {
                    steps.push(Step::new(name, Outcome::Fail, reason.to_string()));
                }
                Some(reason) if reason.step() < part && !is_of_time(reason) => {
                    steps.extend(looked_at.map(|_| Step::new(name, Outcome::Skipped, "")));
                }
                _ => steps.extend(looked_at.map(|told| Step::new(name, Outcome::Ok, told))),
            }
        }
        let is_tried = failed.is_none_or(|reason| reason.step() == Part::Secret || is_of_time(reason));
        for number in (0..self.secrets.len()).filter(|_| is_tried) {
            steps.push(self.secret_step(request, number)?);
        }
        Ok(steps)
    }

    /// What one secret says, at any time.
    fn secret_step(&self, request: &Request<'_>, number: usize) -> Result<Step, InvalidVerifier> {
        let name = format!("secret {}", number + 1);
        let secret = self.secrets[number].clone();
        Ok(match self.check(request, vec![secret], Some(Duration::ZERO))? {
            Ended::Verdict(Verdict::Verified(_) | Verdict::Authenticated(_)) => {
                Step::new(name, Outcome::Ok, "matches")
            }
            Ended::Verdict(Verdict::Failed(Reason::NoMatch { .. } | Reason::WrongToken { .. })) => {
                Step::new(name, Outcome::Fail, "does not match")
            }
            Ended::Verdict(Verdict::Failed(reason)) => Step::new(name, Outcome::Fail, reason.to_string()),
            Ended::Verdict(Verdict::Unverified) | Ended::Waits(_) => Step::new(name, Outcome::Skipped, ""),
        })
    }
}

/// Whether only the time is wrong. What comes behind it can be looked at all the same.
fn is_of_time(reason: &Reason) -> bool {
    matches!(reason, Reason::TooOld { .. } | Reason::InFuture { .. })
}

fn age(signed: Timestamp, now: Timestamp) -> String {
    if signed > now {
        format!("signed {} s in the future", signed.since(now).as_secs())
    } else {
        format!("signed {} s before it came", now.since(signed).as_secs())
    }
}
