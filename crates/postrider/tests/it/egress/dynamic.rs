//! Names and answers that change their meaning after they were checked.
//!
//! The good address and the bad one are both loopback and both listen on the port of the URL, so that a bad one that
//! is not stopped does connect. Only the good one is open.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::{assert_blocked, attempts_at};
use crate::support::{
    Answer, Binary, KEY, Names, Receiver, Server, Tripwire, new_app, new_endpoint, publish,
};

const GOOD: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const BAD: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A server whose names a test decides about, and a receiver behind the name.
struct Stage {
    server: Server,
    names: Names,
    receiver: Receiver,
    tripwire: Tripwire,
    app: String,
    endpoint: String,
}

impl Stage {
    async fn new(names: Names) -> Self {
        Self::with_schedule(names, [0, 0, 0]).await
    }

    async fn with_schedule(names: Names, schedule: [u64; 3]) -> Self {
        let receiver = Receiver::start().await;
        // Each attempt must ask for the name again.
        receiver.script("/hook", [Answer::status(200).header("connection", "close")]);
        let tripwire = Tripwire::at(BAD, receiver.address.port());
        let own = names.clone();
        let server = Server::builder()
            .config(|config| config.egress.allow = vec!["127.0.0.1/32".parse().unwrap()])
            .egress(|client| client.dns(own))
            .start()
            .await;
        let app = new_app(&server.client(), "named").await;
        let url = format!("http://hooks.example:{}/hook", receiver.address.port());
        let endpoint = new_endpoint(&server.client(), &app, &url, json!({"retrySchedule": schedule})).await;
        Self { server, names, receiver, tripwire, app, endpoint }
    }

    async fn publish(&self) {
        publish(&self.server.client(), &self.app, json!({"eventType": "t", "payload": {}})).await;
    }

    async fn attempts(&self, count: usize) -> Vec<Value> {
        attempts_at(&self.server.client(), &self.app, &self.endpoint, count).await
    }
}

#[tokio::test]
async fn control_the_good_address_is_delivered_to() {
    let stage = Stage::new(Names::of([GOOD])).await;
    stage.publish().await;
    assert_eq!(stage.attempts(1).await[0]["responseStatusCode"], 200);
    assert_eq!(stage.receiver.count(), 1);
}

/// At create and for the first message the name is good; then it leads elsewhere.
#[tokio::test]
async fn name_that_turns_bad_after_it_was_checked() {
    let stage = Stage::new(Names::of([GOOD])).await;
    stage.publish().await;
    assert_eq!(stage.attempts(1).await[0]["responseStatusCode"], 200);
    for bad in [BAD, "10.0.0.1".parse().unwrap(), "::ffff:169.254.169.254".parse().unwrap()] {
        stage.names.become_([bad]);
        let before = stage.attempts(0).await.len();
        stage.publish().await;
        stage.attempts(before + 3).await[before..].iter().for_each(assert_blocked);
    }
    assert_eq!((stage.receiver.count(), stage.tripwire.touched()), (1, None));
}

/// One bad address spoils the answer, wherever it stands and however many are good.
#[tokio::test]
async fn answers_that_mix_good_and_bad() {
    let stage = Stage::new(Names::of([GOOD, IpAddr::V6(Ipv6Addr::LOCALHOST)])).await;
    let mut hundreds = vec![GOOD; 500];
    hundreds[400] = BAD;
    for (round, mixed) in
        [vec![BAD, GOOD], vec![GOOD, "::ffff:10.0.0.1".parse().unwrap()], hundreds].into_iter().enumerate()
    {
        stage.names.become_(mixed);
        stage.publish().await;
        stage.attempts(3 * (round + 1)).await.iter().for_each(assert_blocked);
    }
    assert_eq!((stage.receiver.count(), stage.tripwire.touched()), (0, None));
}

/// There is no such name at the first attempt, and a bad address at the second.
#[tokio::test]
async fn missing_name_that_turns_bad_between_retries() {
    let stage = Stage::with_schedule(Names::of([]), [0, 1, 1]).await;
    stage.publish().await;
    assert_eq!(stage.attempts(1).await[0]["failure"]["class"], "dns");
    stage.names.become_([BAD]);
    stage.attempts(3).await[1..].iter().for_each(assert_blocked);
    assert_eq!(stage.tripwire.touched(), None);
}

/// A redirect is a failure like any other; where it points to does not matter, because nobody looks.
#[tokio::test]
async fn redirects_are_not_followed() {
    let stage = Stage::new(Names::of([GOOD])).await;
    let port = stage.tripwire.port();
    let places = [
        format!("http://127.0.0.2:{port}/"),
        format!("//127.0.0.2:{port}/"),
        format!("http://a:b@127.0.0.1:{port}/else"),
    ];
    let mut expected = 0;
    for status in [301, 302, 303, 307, 308] {
        for place in &places {
            let answer = Answer::status(status)
                .header("connection", "close")
                .header("location", place)
                .header("refresh", format!("0; url={place}"))
                .header("link", format!("<{place}>; rel=preload"))
                .header("alt-svc", format!("h2=\"127.0.0.2:{port}\""));
            stage.receiver.script("/hook", [answer, Answer::status(200).header("connection", "close")]);
            stage.publish().await;
            expected += 2;
            let attempts = stage.attempts(expected).await;
            let codes: Vec<_> =
                attempts[expected - 2..].iter().map(|attempt| &attempt["responseStatusCode"]).collect();
            assert_eq!(codes, [&json!(status), &json!(200)], "{place}");
        }
    }
    assert_eq!((stage.receiver.count(), stage.tripwire.touched()), (expected, None));
}

/// Variables that send other programs through a proxy.
#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    let (receiver, proxy) = (Receiver::start().await, Tripwire::on_loopback());
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let mut variables = vec![("POSTRIDER_BOOTSTRAP_KEY", KEY), ("NO_PROXY", ""), ("no_proxy", "")];
    variables.extend(names.map(|name| (name, address.as_str())));
    let data = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let server = Binary::start(&["serve", "--set", "egress.allow=127.0.0.0/8"], &variables, data).await;
    let client = server.client();
    let app = new_app(&client, "proxied").await;
    new_endpoint(&client, &app, &receiver.url("/hook"), json!({})).await;
    publish(&client, &app, json!({"eventType": "t", "payload": {}})).await;
    receiver.wait("/hook", 1).await;
    assert_eq!(proxy.touched(), None);
}
