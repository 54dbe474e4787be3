//! How an endpoint stands, in a word and in sentences.
//!
//! Pure: from an endpoint to words, so that every case is in one table.

use maud::{Markup, html};
use postrider_core::endpoint::{DisabledReason, Endpoint};
use postrider_core::limits;

use crate::ui::parts::{Kind, ago, span};

/// In a word.
pub(in crate::ui::dashboard) fn standing(endpoint: &Endpoint) -> (Kind, &'static str) {
    match (endpoint.disabled.map(|disabled| disabled.reason), endpoint.failing_since) {
        (Some(DisabledReason::Asked), _) => (Kind::Waiting, "Paused"),
        (Some(DisabledReason::Gone | DisabledReason::Failing), _) => (Kind::Bad, "Disabled"),
        (None, Some(_)) => (Kind::Other, "Failing"),
        (None, None) => (Kind::Good, "Active"),
    }
}

/// In sentences: why it is so, and what helps.
pub(super) fn why(endpoint: &Endpoint) -> Markup {
    let since = endpoint.failing_since;
    html! {
        @match endpoint.disabled {
            Some(disabled) => {
                @match disabled.reason {
                    DisabledReason::Asked => { strong { "Somebody paused it" } " " (ago(disabled.at)) "." }
                    DisabledReason::Gone => {
                        strong { "It answered 410 Gone" } " " (ago(disabled.at)) ": a receiver says so that it wants nothing any more. Resume it if that was a mistake."
                    }
                    DisabledReason::Failing => {
                        strong { "Every attempt failed for " (span(limits::FAILING_BEFORE_DISABLED)) }
                        @if let Some(since) = since { ", from " (ago(since)) " on" }
                        ", so it was disabled " (ago(disabled.at)) ". Find out what is wrong from its deliveries, repair that, and resume it."
                    }
                }
                " What was waiting for it goes on when it is resumed. What is published meanwhile does not go to it: replay what is missing afterwards."
            }
            None => {
                @match since {
                    Some(since) => {
                        strong { "Attempts fail" } " since " (ago(since)) ": none has succeeded from then on. They go on by the retry schedule; if all fail for "
                        (span(limits::FAILING_BEFORE_DISABLED)) ", it is disabled."
                    }
                    None => { "What comes for it is sent at once." }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use postrider_core::app::Metadata;
    use postrider_core::endpoint::{Disabled, Ordering};
    use postrider_core::id::{AppId, EndpointId};
    use postrider_core::secret::{SigningKey, SigningKeys};
    use postrider_core::time::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn endpoint() -> Endpoint {
        Endpoint {
            id: EndpointId::from_bytes([1; 20]),
            app: AppId::from_bytes([1; 20]),
            uid: None,
            url: "https://example.com/hook".into(),
            description: String::new(),
            event_types: Vec::new(),
            channels: Vec::new(),
            throttle_rate: None,
            disabled: None,
            metadata: Metadata::new(),
            headers: BTreeMap::new(),
            keys: SigningKeys::new(SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()),
            timeout: None,
            ordering: Ordering::None,
            retry_schedule: None,
            failing_since: None,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    #[test]
    fn each_standing_has_its_word_and_its_reason() {
        let asked = Some(DisabledReason::Asked);
        for (disabled, is_failing, word, reason) in [
            (None, false, "Active", "sent at once"),
            (None, true, "Failing", "Attempts fail"),
            (asked, false, "Paused", "Somebody paused it"),
            (asked, true, "Paused", "Somebody paused it"),
            (Some(DisabledReason::Gone), true, "Disabled", "410 Gone"),
            (Some(DisabledReason::Failing), true, "Disabled", "failed for 5 d"),
        ] {
            let disabled = disabled.map(|reason| Disabled { at: NOW, reason });
            let endpoint = Endpoint { disabled, failing_since: is_failing.then_some(NOW), ..endpoint() };
            assert_eq!(standing(&endpoint).1, word);
            let told = why(&endpoint).into_string();
            assert!(told.contains(reason), "{word}: {told}");
        }
    }
}
