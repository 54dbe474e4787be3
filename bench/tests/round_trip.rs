//! The tools against each other: the load through the relay into the receiver, over real sockets.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::time::Duration;

use postrider_bench::{
    load::{Aim, Plan},
    marker::{Epoch, Mark, Template},
    measure,
    receiver::{Expectation, Receiver, Rules},
    relay,
    report::Report,
    signature::Secret,
    target::{Loopback, Target},
    wire::Wire,
};

const SECRET: &str = "whsec_cG9zdHJpZGVyLWJlbmNoLXNlY3JldC0wMDAwMQ==";
const OTHER: &str = "whsec_cG9zdHJpZGVyLWJlbmNoLXNlY3JldC0wMDAwMg==";

fn secret(text: &str) -> Secret {
    text.parse().unwrap()
}

fn plan(aims: Vec<Aim>, template: &str) -> Plan {
    let mut plan = Plan::new(aims, &[], Template::new(template, 50).unwrap()).unwrap();
    (plan.messages, plan.connections) = (200, 8);
    plan.check().unwrap()
}

/// Publishes 200 messages through a relay to a receiver with these rules.
async fn through_relay(rules: Rules, template: &str, patience: Duration) -> Report {
    let epoch = Epoch::start();
    let receiver = Receiver::start(Loopback::any_port(), rules, epoch).await.unwrap();
    let listener = Loopback::any_port().listen().await.unwrap();
    let address = Loopback::try_from(listener.local_addr().unwrap()).unwrap();
    let deliver = Target::new(receiver.address(), "/hook");
    let relay = tokio::spawn(relay::serve(listener, deliver, secret(SECRET)));
    let aims = vec![Aim { target: Target::new(address, "/publish"), share: 1, fanout: 1 }];
    let report = measure::run(plan(aims, template), &receiver, epoch, patience).await.unwrap();
    relay.abort();
    report
}

#[tokio::test]
async fn everything_arrives_once_and_signed() {
    let rules = Rules { secret: Some(secret(SECRET)), ..Rules::default() };
    let report = through_relay(rules, Template::PUBLISH, Duration::from_secs(20)).await;
    assert!(report.complete(), "{report}");
    assert_eq!(report.delivery.counts.unique, 200);
    assert_eq!(report.delivery.counts.repeated, 0);
    assert_eq!(report.delivery.latency.count, 200);
    assert_eq!(report.publish.ack.count, 200);
}

#[tokio::test]
async fn a_foreign_signature_is_forged() {
    let rules = Rules { secret: Some(secret(OTHER)), ..Rules::default() };
    let report = through_relay(rules, Template::PUBLISH, Duration::from_millis(300)).await;
    assert!(!report.complete());
    assert_eq!(report.delivery.counts.unique, 0);
}

#[tokio::test]
async fn deliveries_that_fail_are_missed_because_the_relay_never_retries() {
    let rules = Rules { fail_share: 0.5, ..Rules::default() };
    let report = through_relay(rules, Template::PUBLISH, Duration::from_millis(300)).await;
    let counts = report.delivery.counts;
    assert!(counts.failed > 50, "{report}");
    assert_eq!(counts.unique + counts.failed, 200);
    assert!(!report.complete());
}

#[tokio::test]
async fn refusals_are_counted_and_the_first_is_shown() {
    let report = through_relay(Rules::default(), r#"{"mark":"{MARK}"}"#, Duration::from_secs(20)).await;
    assert_eq!((report.publish.accepted, report.publish.refused), (0, 200));
    assert!(report.publish.first_refusal.unwrap().starts_with("HTTP/1.1 422"));
}

/// A receiver is itself a server that answers 200: aimed at directly, it shows fan-out, shares and paths.
#[tokio::test]
async fn shares_and_ignored_paths_are_kept_apart() {
    let epoch = Epoch::start();
    let rules = Rules { ignore_path: Some("/other".into()), ..Rules::default() };
    let receiver = Receiver::start(Loopback::any_port(), rules, epoch).await.unwrap();
    let aim = |path, share, fanout| Aim { target: Target::new(receiver.address(), path), share, fanout };
    let plan = plan(vec![aim("/hook/2", 3, 3), aim("/other", 1, 0)], "{MARK}");
    let report = measure::run(plan, &receiver, epoch, Duration::from_millis(300)).await.unwrap();
    assert_eq!(report.publish.accepted, 200);
    assert_eq!(report.delivery.expected, 450, "three quarters, each to three endpoints");
    assert_eq!(report.delivery.counts.unique, 150, "only one of the three endpoints was served");
    assert_eq!(report.delivery.counts.strays, 0);
}

#[tokio::test]
async fn only_the_slow_path_is_slow() {
    let epoch = Epoch::start();
    let delay = Duration::from_millis(100);
    let rules = Rules { delay, delay_path: Some("/slow".into()), ..Rules::default() };
    let receiver = Receiver::start(Loopback::any_port(), rules, epoch).await.unwrap();
    let aim = |path, share| Aim { target: Target::new(receiver.address(), path), share, fanout: 1 };
    let plan = plan(vec![aim("/fast", 19), aim("/slow", 1)], "{MARK}");
    let report = measure::run(plan, &receiver, epoch, Duration::from_secs(20)).await.unwrap();
    assert!(report.complete(), "{report}");
    assert!(report.publish.ack.max_ms >= 100.0, "{report}");
    assert!(report.publish.ack.p50_ms < 100.0, "{report}");
}

#[tokio::test]
async fn a_hanging_path_is_counted_and_never_answered() {
    let rules = Rules { hang_path: Some("/hang".into()), ..Rules::default() };
    let receiver = Receiver::start(Loopback::any_port(), rules, Epoch::start()).await.unwrap();
    let round = receiver.begin(Expectation { run: None, messages: 1, lanes: 1 }).unwrap();
    let mut wire = Wire::new(receiver.address().connect().await.unwrap());
    let mark = Mark { run: 1, number: 0, sent_ns: 0 }.to_string();
    let request = format!("POST /hang HTTP/1.1\r\ncontent-length: {}\r\n\r\n{mark}", mark.len());
    wire.write(request.as_bytes()).await.unwrap();
    round.settled(1, Duration::from_secs(20)).await;
    assert_eq!(round.counts().unique, 1);
    let answer = tokio::time::timeout(Duration::from_millis(100), wire.response()).await;
    assert!(answer.is_err(), "silence, not {answer:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_breaks_every_connection_soon() {
    let epoch = Epoch::start();
    let receiver = Receiver::start(Loopback::any_port(), Rules::default(), epoch).await.unwrap();
    let gone = Loopback::any_port().listen().await.unwrap().local_addr().unwrap();
    let target = Target::new(Loopback::try_from(gone).unwrap(), "/");
    let plan = plan(vec![Aim { target, share: 1, fanout: 1 }], "{MARK}");
    let report = measure::run(plan, &receiver, epoch, Duration::from_secs(20)).await.unwrap();
    assert_eq!(report.publish.accepted, 0);
    assert_eq!(report.publish.broken, 80, "eight connections, each gives up after ten");
    assert!(!report.complete());
}
