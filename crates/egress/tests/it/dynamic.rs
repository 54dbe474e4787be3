//! Answers of DNS that change, mix or stall, and answers of endpoints that point elsewhere.
//!
//! The good address and the bad one are both loopback and both listen on the port of the URL, so that a bad
//! answer that is not stopped does connect.

use std::{net::IpAddr, process::Command, sync::atomic::Ordering, time::Duration};

use postrider_egress::{Failure, Phase, Policy, Refused, Settings, Target};

use crate::support::{
    BAD, GOOD, OK, PATIENT, Receiver, SHORT, Said, Script, Tripwire, answer, client, only_good, send,
};

const CLOSE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

fn blocked(result: &Result<impl Sized, Failure>) -> bool {
    matches!(result, Err(Failure::Blocked(Refused::Address)))
}

#[tokio::test]
async fn good_answer_is_delivered() {
    let receiver = Receiver::answering(OK).await;
    let exchange = receiver.exchange(PATIENT).await;
    assert_eq!(exchange.remote, Some((GOOD, receiver.port).into()));
    assert_eq!(answer(exchange).status, 200);
}

#[tokio::test]
async fn a_rebinding_after_the_first_delivery() {
    let receiver = Receiver::answering(CLOSE).await;
    let tripwire = Tripwire::at(BAD, receiver.port);
    let dns = Script::new(|query| Said::Addresses(vec![if query == 0 { GOOD } else { BAD }]));
    let client = client(only_good(), dns);
    let target = receiver.target(&only_good());

    assert_eq!(answer(send(&client, &target, PATIENT).await).status, 200);
    assert!(blocked(&send(&client, &target, PATIENT).await.result));
    assert_eq!(tripwire.touched(), None);
}

#[tokio::test]
async fn b_alternating_answers() {
    let receiver = Receiver::answering(CLOSE).await;
    let tripwire = Tripwire::at(BAD, receiver.port);
    let dns = Script::new(|query| Said::Addresses(vec![if query % 2 == 0 { GOOD } else { BAD }]));
    let client = client(only_good(), dns);
    let target = receiver.target(&only_good());

    for query in 0..100 {
        let exchange = send(&client, &target, PATIENT).await;
        assert_eq!(blocked(&exchange.result), query % 2 == 1, "{exchange:?}");
    }
    assert_eq!((receiver.accepted(), tripwire.touched()), (50, None));
}

/// One bad address spoils the answer, wherever it stands and however many are good.
async fn mixed(addresses: Vec<IpAddr>) {
    let receiver = Receiver::answering(OK).await;
    let tripwire = Tripwire::at(BAD, receiver.port);
    let client = client(only_good(), Script::always(addresses));
    let exchange = send(&client, &receiver.target(&only_good()), PATIENT).await;
    assert!(blocked(&exchange.result), "{exchange:?}");
    assert_eq!((receiver.accepted(), tripwire.touched()), (0, None));
}

#[tokio::test]
async fn c_loopback_v6_beside_a_good_address() {
    mixed(vec![GOOD, "::1".parse().unwrap()]).await;
}

#[tokio::test]
async fn d_mapped_address_beside_a_good_one() {
    mixed(vec![GOOD, "::ffff:127.0.0.2".parse().unwrap()]).await;
    mixed(vec!["::ffff:10.0.0.1".parse().unwrap()]).await;
}

#[tokio::test]
async fn f_one_bad_address_among_500() {
    let mut addresses = vec![GOOD; 500];
    addresses[400] = BAD;
    mixed(addresses).await;
}

#[tokio::test]
async fn f_500_good_addresses_are_fine() {
    let receiver = Receiver::answering(OK).await;
    let client = client(only_good(), Script::always(vec![GOOD; 500]));
    assert_eq!(answer(send(&client, &receiver.target(&only_good()), PATIENT).await).status, 200);
}

#[tokio::test]
async fn g_silent_name_server_runs_into_the_deadline() {
    let target = Target::parse("http://receiver.example/", &only_good()).unwrap();
    let exchange = send(&client(only_good(), Script::new(|_| Said::Nothing)), &target, SHORT).await;
    assert!(matches!(exchange.result, Err(Failure::Timeout { phase: Phase::Dns })), "{exchange:?}");
    assert!(exchange.timings.dns >= SHORT && exchange.timings.connect.is_zero());
}

#[tokio::test(start_paused = true)]
async fn g_silent_name_server_gets_five_seconds_at_most() {
    let target = Target::parse("http://receiver.example/", &only_good()).unwrap();
    let exchange =
        send(&client(only_good(), Script::new(|_| Said::Nothing)), &target, Duration::from_mins(1)).await;
    assert!(matches!(exchange.result, Err(Failure::Timeout { phase: Phase::Dns })), "{exchange:?}");
    assert!(exchange.timings.total < Duration::from_secs(6));
}

#[tokio::test]
async fn h_missing_name_turns_bad_between_retries() {
    let receiver = Receiver::answering(OK).await;
    let tripwire = Tripwire::at(BAD, receiver.port);
    let dns = Script::new(|query| if query == 0 { Said::NoSuchName } else { Said::Addresses(vec![BAD]) });
    let client = client(only_good(), dns);
    let target = receiver.target(&only_good());

    assert!(matches!(send(&client, &target, PATIENT).await.result, Err(Failure::Dns(_))));
    assert!(blocked(&send(&client, &target, PATIENT).await.result));
    assert_eq!(tripwire.touched(), None);
}

/// Targets are kept for as long as their endpoints, and may be older than the policy of the client.
#[tokio::test]
async fn i_target_parsed_under_another_policy_is_judged_again() {
    let dns = Script::always([GOOD]);
    let queries = dns.queries();
    let https_only = Settings { https_only: true, ..Settings::default() };
    let client = client(Policy::new(https_only).unwrap(), dns);
    for (url, refused) in
        [("http://receiver.example/", Refused::HttpsRequired), ("https://hooks.internal/", Refused::Name)]
    {
        let target = Target::parse(url, &only_good()).unwrap();
        let failure = send(&client, &target, PATIENT).await.result.unwrap_err();
        assert_eq!(failure.to_string(), refused.to_string());
    }
    assert_eq!(queries.load(Ordering::SeqCst), 0);
}

/// Sends once to an endpoint that answers with these lines, and returns the status. Nothing else may happen.
async fn points_elsewhere(status: u16, headers: &str) -> u16 {
    let (tripwire, port) = Tripwire::on_loopback();
    let headers = headers.replace("{port}", &port.to_string());
    let receiver =
        Receiver::answering(format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: 0\r\n\r\n")).await;
    // Everything that a redirect could name is open here: only not following it keeps the listener untouched.
    let client = client(Policy::with_loopback(), Script::always([GOOD]));
    let exchange = send(&client, &receiver.target(&only_good()), PATIENT).await;
    assert_eq!((receiver.accepted(), tripwire.touched()), (1, None));
    answer(exchange).status
}

#[tokio::test]
async fn j_redirects_are_answers() {
    for status in [300, 301, 302, 303, 305, 307, 308] {
        for place in
            ["http://127.0.0.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "//127.0.0.1:{port}/", "/x"]
        {
            assert_eq!(points_elsewhere(status, &format!("Location: {place}\r\n")).await, status);
        }
    }
}

#[tokio::test]
async fn k_redirect_with_credentials() {
    assert_eq!(points_elsewhere(307, "Location: http://user:secret@127.0.0.1:{port}/\r\n").await, 307);
}

#[tokio::test]
async fn l_other_headers_that_point_elsewhere() {
    for header in [
        "Alt-Svc: http/1.1=\"127.0.0.1:{port}\"",
        "Refresh: 0; url=http://127.0.0.1:{port}/",
        "Link: <http://127.0.0.1:{port}/>; rel=preload",
    ] {
        assert_eq!(points_elsewhere(200, &format!("{header}\r\n")).await, 200);
    }
}

/// The environment of a process cannot be changed safely, so the test above runs in a child with another one.
#[tokio::test]
async fn m_proxies_of_the_environment_are_ignored() {
    let (tripwire, port) = Tripwire::on_loopback();
    let proxy = format!("http://127.0.0.1:{port}");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "dynamic::good_answer_is_delivered"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        child.env(name, &proxy);
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    assert_eq!(tripwire.touched(), None);
}

#[tokio::test]
async fn p_a_challenge_is_an_answer() {
    assert_eq!(points_elsewhere(401, "WWW-Authenticate: Basic realm=\"x\"\r\n").await, 401);
}

#[tokio::test]
async fn q_reserved_names_work_where_ranges_are_opened() {
    let receiver = Receiver::answering(OK).await;
    let url = format!("http://hooks.internal:{}/", receiver.port);
    assert_eq!(Target::parse(&url, &Policy::strict()).unwrap_err(), Refused::Name);

    let target = Target::parse(&url, &only_good()).unwrap();
    let inside = client(only_good(), Script::always([GOOD]));
    assert_eq!(answer(send(&inside, &target, PATIENT).await).status, 200);
}

#[tokio::test]
async fn refusals_do_not_tell_where_a_name_led() {
    let client = client(only_good(), Script::always(["10.20.30.40".parse().unwrap()]));
    let target = Target::parse("http://receiver.example/", &only_good()).unwrap();
    let exchange = send(&client, &target, PATIENT).await;
    assert!(!format!("{exchange:?}").contains("10.20.30.40"));
    assert_eq!(exchange.result.unwrap_err().class(), "blocked");
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let receiver = Receiver::answering(OK).await;
    // Nobody listens at the second loopback address.
    let policy = Policy::with_loopback();
    let client = client(policy.clone(), Script::always([BAD, GOOD]));
    let exchange = send(&client, &receiver.target(&policy), PATIENT).await;
    assert_eq!(exchange.remote, Some((GOOD, receiver.port).into()));
    assert_eq!(answer(exchange).status, 200);
}

#[tokio::test]
async fn a_closed_port_is_a_connect_failure() {
    let port = Tripwire::at(GOOD, 0).port();
    let target = Target::parse(&format!("http://127.0.0.1:{port}/"), &only_good()).unwrap();
    let exchange = send(&client(only_good(), Script::always([GOOD])), &target, PATIENT).await;
    let failure = exchange.result.unwrap_err();
    assert_eq!(failure.class(), "connect");
    assert!(failure.to_string().contains("refused"), "{failure}");
}
