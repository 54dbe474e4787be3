use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::attempt::{Failure, FailureClass, Trigger};
use crate::delivery::{Delivery, State};
use crate::id::{AppId, AttemptId, EndpointId, MessageId, SourceId, first_row_at};
use crate::message::Message;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn bytes(row: i64) -> [u8; 20] {
    let mut bytes = [7; 20];
    bytes[..8].copy_from_slice(&row.to_be_bytes());
    bytes
}

fn query(text: &str) -> Query {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// A message of half an hour ago that failed twice at its endpoint and waits for the third attempt.
struct Story {
    app: AppHead,
    message: Message,
    delivery: Delivery,
    endpoint: EndpointHead,
    last: LastAttempt,
    payload: &'static [u8],
}

impl Story {
    fn new() -> Self {
        let accepted = NOW.before(Duration::from_secs(1_800));
        let (message, endpoint) =
            (MessageId::from_bytes(bytes(first_row_at(accepted))), EndpointId::from_bytes(bytes(5)));
        Self {
            app: AppHead {
                id: AppId::from_bytes(bytes(3)),
                uid: Some("customer-42".into()),
                name: "Customer".into(),
                source: Some(SourceId::from_bytes(bytes(4))),
                source_uid: Some("shop".into()),
            },
            message: Message {
                id: message,
                app: AppId::from_bytes(bytes(3)),
                event_type: "invoice.paid".into(),
                event_id: Some("evt-9".into()),
                channels: vec!["eu".into(), "vip".into()],
                tags: vec!["batch 7".into()],
                ordering_key: None,
                deliver_at: None,
                expire_at: None,
                edited_of: None,
                payload: None,
            },
            delivery: Delivery { message, endpoint, state: State::Waiting, attempts: 2, due: Some(NOW) },
            endpoint: EndpointHead {
                id: endpoint,
                uid: Some("main".into()),
                url: "https://receiver.example/hook".into(),
                description: String::new(),
                is_deleted: false,
            },
            last: LastAttempt {
                id: AttemptId::from_bytes(bytes(6)),
                number: 2,
                at: NOW,
                trigger: Trigger::Manual,
                succeeded: false,
                status_code: 503,
                failure: None,
                latency: Duration::from_millis(2_500),
            },
            payload: br#"{"customer":{"id":"cus_1"},"total":70,"paid":true,"note":null,"items":[{"sku":"A"},{"sku":"B"}],"text":"Gr\u00fc\u00dfe, World"}"#,
        }
    }

    fn candidate(&self) -> Candidate<'_> {
        let headers = b"webhook-id: x\nX-Trace: t-1\n";
        let sent =
            Sent { delivery: &self.delivery, endpoint: &self.endpoint, last: Some(&self.last), headers };
        Candidate { app: &self.app, message: &self.message, sent: Some(sent), payload: Some(self.payload) }
    }
}

#[test]
fn terms_match_what_they_say() {
    let story = Story::new();
    let texts = [
        ("status:retrying", true),
        ("status:pending", true),
        ("status:failed,retrying", true),
        ("status:failed", false),
        ("code:5xx", true),
        ("code:503", true),
        ("code:500-504", true),
        ("code:>=500", true),
        ("code:4xx,none", false),
        ("type:invoice.*", true),
        ("type:invoice.paid", true),
        ("type:invoice", false),
        ("type:*", true),
        ("app:customer-42", true),
        ("tenant:customer-42", true),
        ("app:customer-4", false),
        ("source:shop", true),
        ("endpoint:main", true),
        ("message:evt-9", true),
        ("event_id:evt-*", true),
        ("channel:vip", true),
        ("channel:us", false),
        ("tag:\"batch 7\"", true),
        ("edited:no", true),
        ("edited:yes", false),
        ("trigger:manual", true),
        ("trigger:scheduled", false),
        ("attempt:>1", true),
        ("attempt:2", true),
        ("attempt:>2", false),
        ("latency:>2s", true),
        ("latency:<=2500ms", true),
        ("latency:<2500ms", false),
        ("since:1h", true),
        ("since:10m", false),
        ("until:10m", true),
        ("until:2027-01-15T08:00:00Z", true),
        ("since:2027-01-15", true),
        ("error:*", false),
        ("header.x-trace:t-*", true),
        ("header.x-trace:t-2", false),
        ("header.x-none:*", false),
        ("body.customer.id:\"cus_1\"", true),
        ("body.customer.id:cus_*", true),
        ("body.customer.id:\"cus\"", false),
        ("body.total:70", true),
        ("body.total:\"70\"", false),
        ("body.total:>=70", true),
        ("body.total:>70", false),
        ("body.paid:true", true),
        ("body.note:null", true),
        ("body.items[].sku:B", true),
        ("body.items[0].sku:B", false),
        ("body.missing:*", false),
        ("world", true),
        ("\"ss\"", false),
        ("RECEIVER.example", true),
        ("EVT-9", true),
        ("vip", true),
        ("nowhere", false),
    ];
    for (text, expected) in texts {
        assert_eq!(query(text).matches(&story.candidate(), NOW), expected, "{text}");
        assert_eq!(query(&format!("-{text}")).matches(&story.candidate(), NOW), !expected, "-{text}");
    }
    assert!(query("status:retrying code:503 world").matches(&story.candidate(), NOW));
    assert!(!query("status:retrying code:404 world").matches(&story.candidate(), NOW));
}

#[test]
fn ids_stand_for_what_they_name() {
    let story = Story::new();
    for text in [story.message.id.to_string(), story.endpoint.id.to_string(), story.app.id.to_string()] {
        let found = query(&text);
        assert!(!matches!(found.terms()[0].condition, Condition::Text(_)), "{text}");
        assert!(found.matches(&story.candidate(), NOW), "{text}");
        let in_quotes = query(&format!("\"{text}\""));
        assert!(matches!(in_quotes.terms()[0].condition, Condition::Text(_)));
    }
}

#[test]
fn what_is_being_sent_has_no_outcome() {
    let mut story = Story::new();
    story.delivery.state = State::Held;
    assert!(query("status:sending attempt:2").matches(&story.candidate(), NOW));
    for text in ["code:503", "latency:>1s", "trigger:manual", "header.x-trace:*"] {
        assert!(!query(text).matches(&story.candidate(), NOW), "{text}");
    }
}

#[test]
fn failures_are_found_by_class_and_by_words() {
    let mut story = Story::new();
    let sentence = "The certificate has expired.".into();
    (story.last.status_code, story.last.failure) = (0, Some(Failure { class: FailureClass::Tls, sentence }));
    for (text, expected) in [
        ("error:tls", true),
        ("error:dns,tls", true),
        ("error:*", true),
        ("error:\"CERTIFICATE has\"", true),
        ("error:dns", false),
        ("code:none", true),
        ("code:>=100", false),
    ] {
        assert_eq!(query(text).matches(&story.candidate(), NOW), expected, "{text}");
    }
}

#[test]
fn stages_together_say_what_the_query_says() {
    let story = Story::new();
    let all = query("type:invoice.paid status:retrying code:503 world");
    for stage in Stage::ALL {
        assert!(all.asks(stage) && all.admits(stage, &story.candidate(), NOW), "{stage:?}");
    }
    // What is judged early needs nothing of what comes later.
    let early = Candidate { sent: None, payload: None, ..story.candidate() };
    assert!(all.admits(Stage::Message, &early, NOW));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, span, near, says) in [
        ("staus:failed", 0..5, Some("status"), "there is no field"),
        ("type:a status:faild", 14..19, Some("failed"), "takes delivered"),
        ("type:\"a", 5..7, None, "not closed"),
        ("type:a\"b\"", 5..6, None, "quotes go around"),
        ("type:", 5..5, None, "missing"),
        ("type:a,,b", 7..7, None, "missing"),
        ("\"\"", 0..2, None, "missing"),
        ("code:99", 5..7, None, "takes a status"),
        ("code:5x", 5..7, Some("5xx"), "takes a status"),
        ("latency:2s", 8..10, Some(">2s"), "takes a duration"),
        ("latency:>2", 8..10, Some(">2s"), "takes a duration"),
        ("since:soon", 6..10, None, "takes a time"),
        ("attempt:x", 8..9, None, "takes a number"),
        ("edited:perhaps", 7..14, None, "takes yes or no"),
        ("trigger:a,b", 10..11, None, "takes manual"),
        ("body.x:>y", 7..9, None, "takes a value"),
        ("body.a..b:1", 0..9, None, "there is no field"),
        ("http://x", 0..4, None, "into quotes"),
    ] {
        let error = text.parse::<Query>().expect_err(text);
        assert_eq!((error.span.clone(), error.suggestion.as_deref()), (span, near), "{text}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

#[test]
fn a_query_has_ceilings() {
    let words = |count: usize| vec!["a"; count].join(" ");
    assert_eq!(query(&words(QUERY_TERMS)).terms().len(), QUERY_TERMS);
    let error = |text: &str| text.parse::<Query>().expect_err("it is too much").problem;
    assert_eq!(error(&words(QUERY_TERMS + 1)), Problem::TooManyTerms);
    assert_eq!(error(&"a".repeat(QUERY_BYTES + 1)), Problem::TooLong);
    let list = vec!["a"; TERM_VALUES + 1].join(",");
    assert_eq!(error(&format!("type:{list}")), Problem::TooManyValues);
}

#[test]
fn the_canonical_text_is_short_and_plain() {
    for (text, canonical) in [
        ("  STATUS:Fail   Tenant:x ", "status:failed app:x"),
        ("code:>499 code:>=200", "code:>=500 code:>=200"),
        ("code:500-599", "code:5xx"),
        ("type:\"invoice.paid\"", "type:invoice.paid"),
        ("type:\"a b\"*", "type:\"a b\"*"),
        ("since:120m latency:>1000ms", "since:2h latency:>1s"),
        ("since:2026-01-31", "since:2026-01-31T00:00:00Z"),
        (r#""say \"hi\" \\ \n""#, r#""say \"hi\" \\ \\n""#),
        ("body.a:1.50 body.b:>1.50", "body.a:1.50 body.b:>1.5"),
        ("- -x --y", "\"-\" -x -\"-y\""),
    ] {
        assert_eq!(query(text).to_string(), canonical, "{text}");
        assert_eq!(query(canonical), query(text), "{text}");
    }
}

#[test]
fn terms_can_be_taken_out_and_put_in() {
    let all = query("status:failed type:a -type:b");
    assert_eq!(all.without(0).to_string(), "type:a -type:b");
    assert_eq!(all.without(7), all);
    assert_eq!(all.with("type:c".parse().unwrap()).to_string(), "status:failed -type:b type:c");
    assert_eq!(&"x status:failed"[query("x status:failed").spans()[1].clone()], "status:failed");
    assert!("a b".parse::<Term>().is_err() && "".parse::<Term>().is_err());
}

#[test]
fn states_are_those_that_the_statuses_leave() {
    use State::{Canceled, Failed, Held, Parked, Succeeded, Waiting};

    let all = State::ALL;
    for (text, expected) in [
        ("code:5xx attempt:3", &all[..]),
        ("status:failed", &[Failed]),
        ("status:failed,retrying", &[Waiting, Failed]),
        ("status:pending -status:retrying", &[Waiting, Parked]),
        ("-status:delivered", &[Waiting, Held, Parked, Failed, Canceled]),
        ("status:delivered status:failed", &[]),
        ("status:delivered", &[Succeeded]),
    ] {
        let found = text.parse::<Query>().unwrap().states();
        let mut expected = expected.to_vec();
        expected.sort_by_key(|state| *state as u8);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn narrowing_says_only_what_is_sure() {
    let narrow = |text: &str| query(text).narrowing(NOW);
    let ago = |seconds| Some(NOW.before(Duration::from_secs(seconds)));
    let times = narrow("since:2h since:1h until:10m -since:5m -until:3h");
    assert_eq!((times.since, times.until), (ago(3_600), ago(600)));
    let troubled = |text| narrow(text).troubled;
    assert_eq!(troubled("status:failed"), Some([false, true, false]));
    assert_eq!(troubled("status:failed,retrying code:5xx"), Some([true, true, false]));
    assert_eq!(troubled("status:failed -status:failed"), Some([false, true, false]));
    for all in ["code:4xx,503", "code:1xx", "error:dns"] {
        assert_eq!(troubled(all), Some([true; 3]), "{all}");
    }
    for none in ["status:failed,pending", "code:none", "code:>=200", "-status:delivered", "-code:2xx", "x"] {
        assert_eq!(troubled(none), None, "{none}");
    }
    let message = MessageId::from_bytes(bytes(9));
    assert_eq!(narrow(&message.to_string()).message, Some(message));
    assert_eq!(narrow(&format!("-{message}")).message, None);
    assert_eq!(narrow(&format!("message:{message},x")).message, None);
    assert!(narrow("app:x").app.is_some() && narrow("source:x").source.is_some());
}

#[test]
fn offers_fit_the_place() {
    let texts = |text: &str, cursor| {
        let all = complete(text, cursor);
        let offers: Vec<String> = all.offers.into_iter().map(|offer| offer.text).collect();
        (all.span, offers)
    };
    assert_eq!(texts("sta", 3), (0..3, vec!["status:".to_owned()]));
    assert_eq!(texts("x -ST", 5), (3..5, vec!["status:".to_owned()]));
    assert_eq!(texts("status:failed,de x", 16), (14..16, vec!["delivered".to_owned()]));
    assert_eq!(texts("header", 6), (0..6, vec!["header.".to_owned()]));
    assert!(texts("", 0).1.len() > 16);
    let values = complete("x type:\"inv", 11);
    assert_eq!((values.field, values.written.as_str(), values.offers.len()), (Some(Name::Type), "inv", 0));
    // A cursor inside a character, or behind the text, does no harm.
    assert!(complete("é", 1).offers.len() > 1 && complete("a", 99).span == (0..1));
}

/// Texts that are made of what queries are made of.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "status:",
            "code:",
            "type:",
            "error:",
            "attempt:",
            "latency:",
            "since:",
            "until:",
            "app:",
            "endpoint:",
            "source:",
            "message:",
            "event_id:",
            "channel:",
            "tag:",
            "trigger:",
            "edited:",
            "body.a.b:",
            "body.a[].b[0]:",
            "header.x-y:",
            "failed",
            "5xx",
            ">=",
            "<",
            ">",
            "*",
            "\"",
            "\\",
            ",",
            "-",
            " ",
            "  ",
            "2h",
            "250ms",
            "none",
            "500-503",
            "timeout",
            "manual",
            "1.5",
            "2026-01-31T00:00:00Z",
            "é",
            "\n",
            "ep_",
            "x",
            ":",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9]{1,4}",
        any::<[u8; 20]>().prop_map(|bytes| MessageId::from_bytes(bytes).to_string()),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_printed_reads_back(text in texts()) {
        if let Ok(query) = text.parse::<Query>() {
            let printed = query.to_string();
            prop_assert_eq!(printed.parse::<Query>(), Ok(query), "{}", printed);
        }
    }

    #[test]
    fn no_text_does_harm(text in ".{0,80}|[ -~]{0,80}", cursor in 0..100_usize) {
        let story = Story::new();
        let _ = complete(&text, cursor);
        match text.parse::<Query>() {
            Ok(query) => {
                let _ = (query.matches(&story.candidate(), NOW), query.narrowing(NOW));
                for (term, span) in query.terms().iter().zip(query.spans()) {
                    let alone: Term = text[span.clone()].parse().expect("a term stands where it is said to");
                    prop_assert_eq!(&alone, term);
                }
            }
            Err(error) => prop_assert!(text.get(error.span).is_some()),
        }
    }
}
