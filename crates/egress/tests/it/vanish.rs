//! Connections that end before an answer: which requests are sent once more, and that none is sent twice more.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderValue;
use postrider_egress::{Breach, Exchange, Failure, Limits, Phase, Refused, Request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, sink},
    net::TcpStream,
    sync::{Barrier, mpsc},
    time::sleep,
};

use crate::support::{
    BAD, GOOD, OK, PATIENT, Receiver, SHORT, Said, Script, Tripwire, answer, client, limited, only_good,
    read_request, request, send,
};

const DELAY: Duration = Duration::from_millis(200);

/// How a connection ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Close,
    Reset,
}

const ENDS: [End; 2] = [End::Close, End::Reset];

impl End {
    fn of(self, stream: TcpStream) {
        if matches!(self, Self::Reset) {
            stream.set_zero_linger().unwrap();
        }
        drop(stream);
    }
}

async fn serve_one(stream: &mut TcpStream) -> Option<String> {
    let request = read_request(stream).await?;
    stream.write_all(OK.as_bytes()).await.ok()?;
    Some(request)
}

async fn serve(mut stream: TcpStream) {
    while serve_one(&mut stream).await.is_some() {}
}

fn is_closed(exchange: &Exchange) -> bool {
    matches!(exchange.result, Err(Failure::Protocol { breach: Breach::Closed, .. }))
}

/// Connections below `vanishing` answer one request and end at the second, after these words; the others answer all.
async fn vanishing_at_the_second(vanishing: usize, words: &'static str, end: End) -> Receiver {
    Receiver::start(move |mut stream, number| async move {
        if number >= vanishing {
            return serve(stream).await;
        }
        serve_one(&mut stream).await;
        read_request(&mut stream).await;
        let _ = stream.write_all(words.as_bytes()).await;
        end.of(stream);
    })
    .await
}

/// Sends once to have a used connection, and then again.
async fn second_exchange(receiver: &Receiver) -> Exchange {
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    assert_eq!(answer(send(&client, &target, PATIENT).await).status, 200);
    send(&client, &target, PATIENT).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_right_after_the_answer_loses_nothing() {
    let receiver = Receiver::start(|mut stream, _| async move {
        serve_one(&mut stream).await;
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    for _ in 0..100 {
        let exchange = send(&client, &receiver.target(&only_good()), PATIENT).await;
        assert_eq!(answer(exchange).status, 200);
    }
    assert_eq!(receiver.accepted(), 100);
}

#[tokio::test]
async fn closing_at_the_second_request_brings_it_over_a_fresh_connection() {
    for end in ENDS {
        let receiver = vanishing_at_the_second(1, "", end).await;
        let exchange = second_exchange(&receiver).await;
        assert!(!exchange.reused && !exchange.timings.connect.is_zero(), "{end:?}: {exchange:?}");
        assert_eq!((answer(exchange).status, receiver.accepted()), (200, 2), "{end:?}");
    }
}

#[tokio::test]
async fn the_same_request_is_sent_and_only_the_total_covers_both() {
    let (requests, mut seen) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream, number| {
        let requests = requests.clone();
        async move {
            if number > 0 {
                let request = serve_one(&mut stream).await;
                return requests.send(request).unwrap();
            }
            serve_one(&mut stream).await;
            requests.send(read_request(&mut stream).await).unwrap();
            sleep(DELAY).await;
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    send(&client, &target, PATIENT).await.result.unwrap();
    let mut request = request(&target, PATIENT);
    request.headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
    request.headers.insert("webhook-signature", HeaderValue::from_static("v1,c2lnbmF0dXJl"));
    let exchange = client.send(request).await;

    let timings = exchange.timings;
    let phases = timings.dns + timings.connect + timings.tls + timings.first_byte;
    assert!(phases + DELAY <= timings.total, "{timings:?}");
    assert_eq!(answer(exchange).status, 200);
    let first = seen.recv().await.unwrap().unwrap();
    assert!(first.contains("webhook-id: msg_1\r\n") && first.ends_with("{\"hello\":\"world\"}"), "{first}");
    assert_eq!(seen.recv().await.unwrap().unwrap(), first);
}

#[tokio::test]
async fn closing_while_a_large_request_is_written_brings_it_over_a_fresh_connection() {
    /// More than the kernel takes at once, so that the client is still writing.
    const LARGE: usize = 16 << 20;
    for end in ENDS {
        let receiver = Receiver::start(move |mut stream, number| async move {
            if number == 0 {
                serve_one(&mut stream).await;
                stream.read_exact(&mut [0; 1000]).await.unwrap();
                return end.of(stream);
            }
            copy(&mut (&mut stream).take(LARGE as u64), &mut sink()).await.unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
            copy(&mut stream, &mut sink()).await.unwrap();
        })
        .await;
        let client = client(only_good(), Script::always([GOOD]));
        let target = receiver.target(&only_good());
        send(&client, &target, PATIENT).await.result.unwrap();
        let body = Bytes::from(vec![b'x'; LARGE]);
        let exchange = client.send(Request { body, ..request(&target, PATIENT) }).await;
        assert_eq!((answer(exchange).status, receiver.accepted()), (200, 2), "{end:?}");
    }
}

#[tokio::test]
async fn one_byte_of_an_answer_is_an_answer() {
    for words in ["H", "HTTP/1.1 20", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nx-head: never"] {
        for end in ENDS {
            let receiver = vanishing_at_the_second(1, words, end).await;
            let exchange = second_exchange(&receiver).await;
            assert!(exchange.reused && is_closed(&exchange), "{words:?}, {end:?}: {exchange:?}");
            assert_eq!(receiver.accepted(), 1, "{words:?}, {end:?}");
        }
    }
}

#[tokio::test]
async fn a_fresh_connection_gets_no_second_chance() {
    for end in ENDS {
        let receiver = Receiver::start(move |mut stream, _| async move {
            read_request(&mut stream).await;
            end.of(stream);
        })
        .await;
        let exchange = receiver.exchange(PATIENT).await;
        assert!(is_closed(&exchange), "{end:?}: {exchange:?}");
        assert_eq!(receiver.accepted(), 1, "{end:?}");
    }
}

#[tokio::test]
async fn a_fresh_connection_closed_at_once_gets_no_second_chance() {
    let receiver = Receiver::start(|stream, _| async move { drop(stream) }).await;
    let exchange = receiver.exchange(PATIENT).await;
    assert!(is_closed(&exchange), "{exchange:?}");
    assert_eq!(receiver.accepted(), 1);
}

#[tokio::test]
async fn a_second_chance_is_the_last() {
    for end in ENDS {
        let receiver = Receiver::start(move |mut stream, number| async move {
            if number == 0 {
                serve_one(&mut stream).await;
            }
            read_request(&mut stream).await;
            end.of(stream);
        })
        .await;
        let exchange = second_exchange(&receiver).await;
        assert!(!exchange.reused && is_closed(&exchange), "{end:?}: {exchange:?}");
        assert_eq!(receiver.accepted(), 2, "{end:?}");
    }
}

/// Two idle connections, both about to be closed: the second chance is neither.
#[tokio::test]
async fn the_second_connection_is_a_fresh_one() {
    let both = Arc::new(Barrier::new(2));
    let receiver = Receiver::start(move |mut stream, number| {
        let both = Arc::clone(&both);
        async move {
            if number > 1 {
                return serve(stream).await;
            }
            read_request(&mut stream).await;
            both.wait().await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            read_request(&mut stream).await;
        }
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    tokio::join!(send(&client, &target, PATIENT), send(&client, &target, PATIENT));
    let exchange = send(&client, &target, PATIENT).await;
    assert_eq!((answer(exchange).status, receiver.accepted()), (200, 3));
}

/// The slot of the first connection is the second one's.
#[tokio::test]
async fn a_full_host_is_no_obstacle() {
    let receiver = vanishing_at_the_second(1, "", End::Close).await;
    let client = limited(Limits { per_host: 1, ..Limits::default() });
    for _ in 0..3 {
        let exchange = send(&client, &receiver.target(&only_good()), PATIENT).await;
        assert_eq!(answer(exchange).status, 200);
    }
    assert_eq!(receiver.accepted(), 2);
}

#[tokio::test]
async fn the_deadline_covers_both() {
    let receiver = Receiver::start(|mut stream, number| async move {
        if number == 0 {
            serve_one(&mut stream).await;
            read_request(&mut stream).await;
            return sleep(SHORT / 2).await;
        }
        copy(&mut stream, &mut sink()).await.unwrap();
    })
    .await;
    let client = client(only_good(), Script::always([GOOD]));
    let target = receiver.target(&only_good());
    send(&client, &target, PATIENT).await.result.unwrap();
    let exchange = send(&client, &target, SHORT).await;
    assert!(matches!(exchange.result, Err(Failure::Timeout { phase: Phase::Answer })), "{exchange:?}");
    assert!(exchange.timings.total >= SHORT && exchange.timings.first_byte < SHORT, "{exchange:?}");
    assert_eq!(receiver.accepted(), 2);
}

#[tokio::test]
async fn the_guard_judges_the_second_connection_too() {
    let receiver = vanishing_at_the_second(1, "", End::Close).await;
    let tripwire = Tripwire::at(BAD, receiver.port);
    let dns = Script::new(|query| Said::Addresses(vec![if query == 0 { GOOD } else { BAD }]));
    let client = client(only_good(), dns);
    let target = receiver.target(&only_good());
    send(&client, &target, PATIENT).await.result.unwrap();
    let exchange = send(&client, &target, PATIENT).await;
    assert!(matches!(exchange.result, Err(Failure::Blocked(Refused::Address))), "{exchange:?}");
    assert_eq!((receiver.accepted(), exchange.remote, tripwire.touched()), (1, None, None));
}
