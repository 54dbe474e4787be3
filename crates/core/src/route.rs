//! Which endpoints of an application get a message.

use crate::endpoint::Endpoint;

/// Whether `endpoint` wants a message of `event_type` on `channels`.
///
/// It must be enabled; its list of event types must be empty or hold this one; and it must listen on no channel in
/// particular or share one with the message. So an endpoint without channels gets the messages of all channels, and
/// one with channels gets none that has no channel.
#[must_use]
pub fn wants(endpoint: &Endpoint, event_type: &str, channels: &[String]) -> bool {
    endpoint.disabled.is_none()
        && (endpoint.event_types.is_empty() || endpoint.event_types.iter().any(|wanted| wanted == event_type))
        && (endpoint.channels.is_empty() || endpoint.channels.iter().any(|own| channels.contains(own)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::endpoint::{Disabled, DisabledReason, Ordering};
    use crate::id::{AppId, EndpointId};
    use crate::rng::TestRng;
    use crate::secret::{SigningKey, SigningKeys};
    use crate::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().copied().map(str::to_owned).collect()
    }

    fn endpoint(event_types: &[&str], channels: &[&str]) -> Endpoint {
        Endpoint {
            id: EndpointId::from_bytes([1; 20]),
            app: AppId::from_bytes([2; 20]),
            uid: None,
            url: "https://example.com/".to_owned(),
            description: String::new(),
            event_types: owned(event_types),
            channels: owned(channels),
            throttle_rate: None,
            disabled: None,
            metadata: BTreeMap::new(),
            headers: BTreeMap::new(),
            keys: SigningKeys::new(SigningKey::generate_hmac(&TestRng::seed(1))),
            timeout: None,
            ordering: Ordering::None,
            retry_schedule: None,
            failing_since: None,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    #[test]
    fn event_types_and_channels_must_both_agree() {
        for (event_types, own, channels, expected) in [
            (&[][..], &[][..], &[][..], true),
            (&[], &[], &["a"], true),
            (&[], &["a"], &[], false),
            (&[], &["a"], &["b"], false),
            (&[], &["a"], &["A"], false),
            (&[], &["a", "b"], &["c", "b"], true),
            (&["paid"], &[], &[], true),
            (&["sent", "paid"], &["a"], &["a"], true),
            (&["sent", "paid"], &["a"], &["b"], false),
            (&["sent"], &[], &[], false),
            (&["pai"], &[], &[], false),
            (&["sent"], &["a"], &["a"], false),
        ] {
            let wanted = wants(&endpoint(event_types, own), "paid", &owned(channels));
            assert_eq!(wanted, expected, "{event_types:?} {own:?} {channels:?}");
        }
    }

    #[test]
    fn a_disabled_endpoint_wants_nothing() {
        for reason in [DisabledReason::Asked, DisabledReason::Gone, DisabledReason::Failing] {
            let disabled = Endpoint { disabled: Some(Disabled { at: NOW, reason }), ..endpoint(&[], &[]) };
            assert!(!wants(&disabled, "paid", &[]), "{reason:?}");
        }
    }
}
