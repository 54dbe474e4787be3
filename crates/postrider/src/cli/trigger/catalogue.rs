//! The samples that this program has.
//!
//! They were written after the public formats of the providers. Names, addresses and amounts are invented; ids and times
//! are made for every request. A provider that signs with a key which only it has cannot be here.

use super::sample::Sample;

/// A provider whose requests can be made.
pub(super) struct Provider {
    /// As it is typed.
    pub(super) name: &'static str,
    /// The preset that signs for it.
    pub(super) preset: &'static str,
    events: &'static [(&'static str, &'static str)],
}

/// An event that stands for all that have no sample of their own.
const ANY: &str = "*";

/// Reads `samples/PROVIDER/FILE.json`, under the name of the event.
macro_rules! samples {
    ($provider:literal: $($event:literal = $file:literal),+ $(,)?) => {
        &[$(($event, include_str!(concat!("../../../samples/", $provider, "/", $file, ".json")))),+]
    };
}

static PROVIDERS: [Provider; 14] = [
    Provider { name: "clerk", preset: "clerk", events: samples!("clerk": "user.created" = "user.created") },
    Provider {
        name: "github",
        preset: "github",
        events: samples!("github":
            "issue_comment" = "issue_comment",
            "issues" = "issues",
            "ping" = "ping",
            "pull_request" = "pull_request",
            "push" = "push",
            "release" = "release",
            "workflow_run" = "workflow_run",
        ),
    },
    Provider {
        name: "gitlab",
        preset: "gitlab",
        events: samples!("gitlab": "merge_request" = "merge_request", "push" = "push"),
    },
    Provider { name: "linear", preset: "linear", events: samples!("linear": "issue" = "issue") },
    Provider {
        name: "paddle",
        preset: "paddle",
        events: samples!("paddle": "transaction.completed" = "transaction.completed"),
    },
    Provider {
        name: "razorpay",
        preset: "razorpay",
        events: samples!("razorpay":
            "payment.captured" = "payment.captured",
            "payment.failed" = "payment.failed",
        ),
    },
    Provider {
        name: "resend",
        preset: "resend",
        events: samples!("resend": "email.delivered" = "email.delivered"),
    },
    Provider {
        name: "shopify",
        preset: "shopify",
        events: samples!("shopify":
            "app/uninstalled" = "app_uninstalled",
            "orders/create" = "orders_create",
            "orders/paid" = "orders_paid",
            "products/update" = "products_update",
        ),
    },
    Provider {
        name: "slack",
        preset: "slack",
        events: samples!("slack":
            "app_mention" = "app_mention",
            "event_callback" = "event_callback",
            "slash_command" = "slash_command",
            "url_verification" = "url_verification",
        ),
    },
    Provider {
        name: "standard-webhooks",
        preset: "standard-webhooks",
        events: samples!("standard-webhooks": "*" = "any"),
    },
    Provider {
        name: "stripe",
        preset: "stripe",
        events: samples!("stripe":
            "charge.refunded" = "charge.refunded",
            "checkout.session.completed" = "checkout.session.completed",
            "customer.subscription.deleted" = "customer.subscription.deleted",
            "customer.subscription.updated" = "customer.subscription.updated",
            "invoice.paid" = "invoice.paid",
            "payment_intent.payment_failed" = "payment_intent.payment_failed",
            "payment_intent.succeeded" = "payment_intent.succeeded",
        ),
    },
    Provider {
        name: "twilio",
        preset: "twilio",
        events: samples!("twilio":
            "call.status" = "call.status",
            "sms.incoming" = "sms.incoming",
            "sms.status" = "sms.status",
        ),
    },
    Provider {
        name: "typeform",
        preset: "typeform",
        events: samples!("typeform": "form_response" = "form_response"),
    },
    Provider {
        name: "zoom",
        preset: "zoom",
        events: samples!("zoom": "meeting.started" = "meeting.started"),
    },
];

/// What was asked for and is not here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unknown {
    /// No provider of this name.
    #[error(
        "there are no samples of `{given}`; did you mean `{nearest}`? `postrider trigger --list` has all"
    )]
    Provider {
        /// What was typed.
        given: String,
        /// The name most like it.
        nearest: &'static str,
    },
    /// No such event of this provider.
    #[error("there is no sample of `{given}`; those of {provider} are {all}")]
    Event {
        /// What was typed.
        given: String,
        /// Whose event.
        provider: &'static str,
        /// The names that there are.
        all: String,
    },
}

/// The provider called `name`.
pub(super) fn provider(name: &str) -> Result<&'static Provider, Unknown> {
    PROVIDERS.iter().find(|provider| provider.name == name).ok_or_else(|| {
        let near = PROVIDERS.iter().min_by_key(|one| strsim::damerau_levenshtein(one.name, name));
        Unknown::Provider { given: name.to_owned(), nearest: near.map_or("", |near| near.name) }
    })
}

impl Provider {
    /// The sample of `event`.
    pub(super) fn sample(&self, event: &str) -> Result<Sample, Unknown> {
        let named = self.events.iter().find(|(name, _)| *name == event);
        let found = named.or_else(|| self.events.iter().find(|(name, _)| *name == ANY));
        found.map(|(_, text)| Sample::parse(text)).ok_or_else(|| self.unknown(event))
    }

    /// That `event` is not among the events.
    pub(super) fn unknown(&self, event: &str) -> Unknown {
        let names: Vec<_> = self.events.iter().map(|(name, _)| *name).collect();
        Unknown::Event { given: event.to_owned(), provider: self.name, all: names.join(", ") }
    }
}

/// Provider, event and what has happened, of all samples or those of one provider.
pub(super) fn list(
    only: Option<&'static Provider>,
) -> impl Iterator<Item = (&'static Provider, &'static str, String)> {
    let wanted = move |provider: &&Provider| only.is_none_or(|only| only.name == provider.name);
    PROVIDERS.iter().filter(wanted).flat_map(|provider| {
        provider.events.iter().map(move |(name, text)| {
            let shown = if *name == ANY { "TYPE" } else { name };
            (provider, shown, Sample::parse(text).about)
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use postrider_core::rng::TestRng;
    use postrider_core::time::Timestamp;

    use super::super::sample::Wanted;
    use super::*;

    fn drafted(provider: &Provider, event: &str, seed: u64) -> (String, Vec<u8>) {
        let now = Timestamp::from_seconds(1_767_225_600);
        let wanted = Wanted { event, id: None, set: &[], url: "http://localhost/", now };
        let sample = provider.sample(event).unwrap();
        let (draft, id) = sample.draft(&wanted, &TestRng::seed(seed)).unwrap();
        assert!(!id.contains(['{', ' ']), "{id}");
        let headers: Vec<_> =
            draft.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let text = headers.concat();
        assert!(text.contains("Content-Type: ") && text.contains("User-Agent: Postrider"), "{text}");
        (text, draft.body)
    }

    #[test]
    fn every_sample_is_filled_and_differs_from_run_to_run() {
        for provider in &PROVIDERS {
            for (event, _) in provider.events {
                let (headers, body) = drafted(provider, event, 1);
                let text = format!("{headers}{}", String::from_utf8(body.clone()).unwrap());
                assert!(!text.contains("{{"), "{} {event}: {text}", provider.name);
                if headers.contains("Content-Type: application/json") {
                    serde_json::from_slice::<serde_json::Value>(&body).unwrap();
                }
                let again = drafted(provider, event, 2);
                assert!(again != (headers, body), "{} {event} has nothing fresh", provider.name);
            }
        }
    }

    #[test]
    fn every_file_is_in_the_catalogue() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let mut files = BTreeSet::new();
        for provider in std::fs::read_dir(folder).unwrap() {
            let provider = provider.unwrap();
            for file in std::fs::read_dir(provider.path()).unwrap() {
                files.insert(std::fs::read_to_string(file.unwrap().path()).unwrap());
            }
        }
        let texts: BTreeSet<_> =
            PROVIDERS.iter().flat_map(|one| one.events).map(|(_, text)| (*text).to_owned()).collect();
        assert!(files == texts, "{} files, {} in the catalogue", files.len(), texts.len());
    }

    #[test]
    fn names_are_sorted_and_what_is_missing_is_told() {
        assert!(PROVIDERS.iter().map(|provider| provider.name).is_sorted());
        for provider in &PROVIDERS {
            assert!(provider.events.iter().map(|(name, _)| name).is_sorted(), "{}", provider.name);
        }
        let said = provider("gihtub").err().unwrap().to_string();
        assert!(said.contains("did you mean `github`?"), "{said}");
        let said = provider("slack").unwrap().sample("message").err().unwrap().to_string();
        assert!(said.contains("event_callback"), "{said}");
        assert!(provider("standard-webhooks").unwrap().sample("anything.at.all").is_ok());
    }
}
